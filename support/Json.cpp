//===- Json.cpp - strict JSON documents from files we do not trust -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The handler keeps a stack of open containers; nothing recurses, so nesting cannot exhaust the machine stack.
//===----------------------------------------------------------------------===//
#include "support/Json.h"

#include "support/Quote.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace lapidary {

namespace {

using Kind = JsonValue::Kind;

class DocumentHandler {
public:
  DocumentHandler(unsigned maxDepth, JsonError &error) : maxDepth(maxDepth), failure(error) {}

  bool null() { return add(JsonValue()); }
  bool boolean(bool value) {
    JsonValue v;
    v.kind = Kind::Bool;
    v.boolean = value;
    return add(std::move(v));
  }
  bool number_integer(int64_t value) { return addNumber(Kind::Negative, 0, static_cast<double>(value)); }
  bool number_unsigned(uint64_t value) { return addNumber(Kind::Unsigned, value, static_cast<double>(value)); }
  bool number_float(double value, const std::string &) { return addNumber(Kind::Float, 0, value); }
  bool string(std::string &value) {
    JsonValue v;
    v.kind = Kind::String;
    v.text = std::move(value);
    return add(std::move(v));
  }
  bool binary(nlohmann::json::binary_t &) { return false; }
  bool start_object(size_t) { return open(Kind::Object); }
  bool start_array(size_t) { return open(Kind::Array); }
  bool end_object() { return keysAreUnique(stack.back()) && close(); }
  bool end_array() { return close(); }
  bool key(std::string &name) {
    stack.back().keys.push_back(std::move(name));
    return true;
  }
  bool parse_error(size_t position, const std::string &, const nlohmann::detail::exception &error) {
    failure = {JsonError::Kind::Syntax, tidyJsonMessage(error.what()), position, ""};
    return false;
  }

  JsonValue root;

private:
  bool addNumber(Kind kind, uint64_t whole, double real) {
    JsonValue v;
    v.kind = kind;
    v.whole = whole;
    v.real = real;
    return add(std::move(v));
  }

  bool add(JsonValue value) {
    if (stack.empty()) {
      root = std::move(value);
    } else {
      stack.back().items.push_back(std::move(value));
    }
    return true;
  }

  bool open(Kind kind) {
    if (stack.size() >= maxDepth) {
      failure = {JsonError::Kind::TooDeep, "nested more than " + std::to_string(maxDepth) + " levels deep", 0, ""};
      return false;
    }
    stack.emplace_back();
    stack.back().kind = kind;
    return true;
  }

  bool close() {
    JsonValue done = std::move(stack.back());
    stack.pop_back();
    return add(std::move(done));
  }

  bool keysAreUnique(const JsonValue &object) {
    std::vector<std::string_view> sorted(object.keys.begin(), object.keys.end());
    std::sort(sorted.begin(), sorted.end());
    auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice == sorted.end()) {
      return true;
    }
    failure = {JsonError::Kind::DuplicateKey, "key " + quoted(*twice) + " occurs twice in one object", 0,
               std::string(*twice)};
    return false;
  }

  unsigned maxDepth;
  JsonError &failure;
  std::vector<JsonValue> stack;
};

} // namespace

const JsonValue *JsonValue::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) {
      return &items[i];
    }
  }
  return nullptr;
}

std::string JsonValue::describe() const {
  switch (kind) {
  case Kind::Null:
    return "null";
  case Kind::Bool:
    return boolean ? "true" : "false";
  case Kind::Unsigned:
    return std::to_string(whole);
  case Kind::Negative:
  case Kind::Float: {
    char number[32];
    std::snprintf(number, sizeof number, "%.17g", real);
    return number;
  }
  case Kind::String:
    return "the string " + quoted(text);
  case Kind::Array:
    return "a list";
  case Kind::Object:
    return "an object";
  }
  return "";
}

std::optional<JsonValue> parseJson(std::string_view text, unsigned maxDepth, JsonError &error) {
  DocumentHandler handler(maxDepth, error);
  const char *begin = text.data();
  if (text.empty()) {
    error = {JsonError::Kind::Syntax, "unexpected end of input", 0, ""};
    return std::nullopt;
  }
  if (!nlohmann::json::sax_parse(begin, begin + text.size(), &handler)) {
    return std::nullopt;
  }
  return std::move(handler.root);
}

std::string tidyJsonMessage(const char *what) {
  std::string text = what;
  size_t column = text.find("column ");
  size_t colon = column == std::string::npos ? std::string::npos : text.find(": ", column);
  size_t prefixEnd = colon != std::string::npos ? colon + 1 : text.find("] "); // errors without a position
  if (prefixEnd != std::string::npos) {
    text = text.substr(std::min(prefixEnd + (colon != std::string::npos ? 1 : 2), text.size()));
  }
  text = text.substr(0, text.find("; last read"));
  // Whatever is left comes from nlohmann's own texts; quoting keeps that true if a version changes them.
  std::string safe = quoted(text);
  return safe.substr(1, safe.size() - 2);
}

std::string lineAndColumn(std::string_view text, uint64_t position) {
  size_t end = static_cast<size_t>(std::min<uint64_t>(position, text.size()));
  std::string_view before = text.substr(0, end == 0 ? 0 : end - 1);
  size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  size_t lastBreak = before.rfind('\n');
  size_t column = before.size() - (lastBreak == std::string_view::npos ? 0 : lastBreak + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

} // namespace lapidary
