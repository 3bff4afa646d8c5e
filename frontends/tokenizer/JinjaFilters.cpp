//===- JinjaFilters.cpp - filters, tests and methods ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The ones chat templates use. Upper and lower case are ASCII only: templates apply them to JSON type names.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaEvaluator.h"
#include "runtime/src/chat/ChatFormat.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Value::Kind;

std::string lapidary::jinja::strip(const std::string &text) {
  size_t begin, end;
  lap_chat_trim(text.data(), text.size(), &begin, &end);
  return text.substr(begin, end - begin);
}

static std::string changeCase(std::string text, bool upper) {
  for (char &c : text) {
    bool change = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
    c = change ? static_cast<char>(c ^ 0x20) : c;
  }
  return text;
}

static std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

static Value::List pairsOf(const Value &map) {
  Value::List pairs;
  for (const auto &[key, value] : *map.map) {
    pairs.push_back(Value::listOf({Value::string(key), value}));
  }
  return pairs;
}

static Value splitText(const std::string &text, const std::string &separator) {
  Value::List parts;
  size_t start = 0;
  for (size_t at; (at = text.find(separator, start)) != std::string::npos; start = at + separator.size()) {
    parts.push_back(Value::string(text.substr(start, at - start)));
  }
  parts.push_back(Value::string(text.substr(start)));
  return Value::listOf(std::move(parts));
}

Value Evaluator::filter(const std::string &name, const Value &value, const Arguments &args) {
  if (name == "default" || name == "d") {
    bool replaced = value.is(Kind::Undefined) || (args.size() > 1 && args[1].truthy() && !value.truthy());
    return !replaced ? value : args.empty() ? Value::string("") : args[0];
  }
  if (value.is(Kind::String) && (name == "upper" || name == "lower")) {
    return Value::string(changeCase(value.text, name == "upper"));
  }
  if (name == "trim" && args.empty()) {
    return Value::string(strip(print(value)));
  }
  if (name == "string") {
    return Value::string(print(value));
  }
  if (name == "length" || name == "count") {
    size_t size = value.is(Kind::List) ? value.list->size() : value.is(Kind::Map) ? value.map->size() : 0;
    for (char c : value.text) {
      size += (c & 0xC0) != 0x80;
    }
    return Value::integerOf(static_cast<int64_t>(size));
  }
  if (value.is(Kind::Map) && (name == "items" || name == "dictsort")) {
    Value::List pairs = pairsOf(value);
    if (name == "dictsort") { // by key, ignoring case
      std::sort(pairs.begin(), pairs.end(), [](const Value &a, const Value &b) {
        return changeCase((*a.list)[0].text, false) < changeCase((*b.list)[0].text, false);
      });
    }
    return Value::listOf(std::move(pairs));
  }
  if (name == "list" && !value.is(Kind::String)) {
    return Value::listOf(iterate(value));
  }
  if (value.is(Kind::List) && (name == "first" || name == "last")) {
    return value.list->empty() ? Value() : name == "first" ? value.list->front() : value.list->back();
  }
  if (name == "replace" && value.is(Kind::String) && args.size() == 2) {
    return Value::string(replaceAll(value.text, args[0].text, args[1].text));
  }
  if (name == "map" && value.is(Kind::List) && args.size() == 1 && args[0].is(Kind::String) && args[0].text != "map") {
    Value::List mapped;
    for (const Value &item : *value.list) {
      mapped.push_back(filter(args[0].text, item, {}));
    }
    return Value::listOf(std::move(mapped));
  }
  return fail("the filter '" + name + "' is not supported here");
}

Value Evaluator::test(const std::string &name, const Value &value, const Arguments &) {
  static const std::map<std::string, std::vector<Kind>> kinds = {
      {"undefined", {Kind::Undefined}},
      {"none", {Kind::None}},
      {"string", {Kind::String}},
      {"mapping", {Kind::Map}},
      {"boolean", {Kind::Bool}},
      {"integer", {Kind::Integer}},
      {"number", {Kind::Integer, Kind::Bool}},
      {"sequence", {Kind::List, Kind::String, Kind::Map}},
      {"iterable", {Kind::List, Kind::String, Kind::Map}},
  };
  if (name == "defined") {
    return Value::boolean(!value.is(Kind::Undefined));
  }
  if (name == "true" || name == "false") {
    return Value::boolean(value.is(Kind::Bool) && value.truthy() == (name == "true"));
  }
  auto found = kinds.find(name);
  if (found == kinds.end()) {
    return fail("the test '" + name + "' is not supported");
  }
  return Value::boolean(std::find(found->second.begin(), found->second.end(), value.kind) != found->second.end());
}

Value Evaluator::method(const Value &object, const std::string &name, const Arguments &args) {
  bool oneText = args.size() == 1 && args[0].is(Kind::String);
  if (object.is(Kind::Map)) {
    if (name == "get" && (args.size() == 1 || args.size() == 2)) {
      const Value *found = object.find(args[0].text);
      return found ? *found : args.size() == 2 ? args[1] : Value::none();
    }
    if (name == "items" && args.empty()) {
      return Value::listOf(pairsOf(object));
    }
    if (name == "keys" && args.empty()) {
      return Value::listOf(iterate(object));
    }
  }
  if (object.is(Kind::String)) {
    const std::string &text = object.text;
    if (name == "split" && oneText && !args[0].text.empty()) {
      return splitText(text, args[0].text);
    }
    if (name == "strip" && args.empty()) {
      return Value::string(strip(text));
    }
    if ((name == "upper" || name == "lower") && args.empty()) {
      return Value::string(changeCase(text, name == "upper"));
    }
    if (name == "startswith" && oneText) {
      return Value::boolean(text.compare(0, args[0].text.size(), args[0].text) == 0);
    }
    if (name == "endswith" && oneText) {
      size_t size = args[0].text.size();
      return Value::boolean(text.size() >= size && text.compare(text.size() - size, size, args[0].text) == 0);
    }
    if (name == "replace" && args.size() == 2) {
      return Value::string(replaceAll(text, args[0].text, args[1].text));
    }
  }
  return fail("the method '" + name + "' is not supported here");
}
