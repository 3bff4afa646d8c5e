//===- ConfigFields.cpp - typed, range-checked access to a JSON object -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A wrong type and a value out of range are different errors, since they have different causes: a hand edit, or a file
// of another model.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ConfigFields.h"

#include "support/FileIO.h"

#include <cmath>
#include <cstdio>

namespace lapidary {

namespace {

std::string numberText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

} // namespace

std::optional<JsonValue> loadConfigFile(const std::string &path, Diagnostics &diagnostics) {
  std::optional<std::string> text = readWholeFile(path, limits::configBytes, diagnostics);
  if (!text) {
    return std::nullopt;
  }
  std::string file = path.substr(path.rfind('/') + 1);
  JsonError error;
  std::optional<JsonValue> root = parseJson(*text, limits::configDepth, error);
  if (!root) {
    bool twice = error.kind == JsonError::Kind::DuplicateKey;
    diagnostics.error(twice ? ErrorCode::ConfigDuplicateKey : ErrorCode::ConfigSyntax,
                      file + (twice ? ": " : " is not valid JSON: ") + error.message,
                      error.position ? path + ": " + lineAndColumn(*text, error.position) : path);
    return std::nullopt;
  }
  if (!root->is(JsonValue::Kind::Object)) {
    diagnostics.error(ErrorCode::ConfigSyntax, file + " is " + root->describe() + ", expected an object", path);
    return std::nullopt;
  }
  return root;
}

const JsonValue *ConfigFields::find(const std::string &name) const {
  const JsonValue *value = object.find(name);
  return value && !value->is(JsonValue::Kind::Null) ? value : nullptr;
}

bool ConfigFields::error(ErrorCode code, const std::string &name, const std::string &message,
                         const std::string &help) const {
  return errors.error(code, prefix + name + " " + message, file + ": " + prefix + name, help);
}

std::optional<uint32_t> ConfigFields::wholeValue(const JsonValue &value, const std::string &label, uint64_t least,
                                                 uint64_t most, ErrorCode outside) const {
  std::string expected = ", expected a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  bool isWhole = value.is(JsonValue::Kind::Unsigned) || value.is(JsonValue::Kind::Negative);
  if (!isWhole) {
    error(ErrorCode::ConfigWrongType, label, "is " + value.describe() + expected);
    return std::nullopt;
  }
  if (value.is(JsonValue::Kind::Negative) || value.whole < least || value.whole > most) {
    error(outside, label, "is " + value.describe() + expected);
    return std::nullopt;
  }
  return static_cast<uint32_t>(value.whole); // `most` is below 2^32 everywhere
}

uint32_t ConfigFields::whole(const std::string &name, uint64_t least, uint64_t most,
                             std::optional<uint32_t> otherwise) const {
  const JsonValue *value = find(name);
  if (value) {
    return wholeValue(*value, name, least, most).value_or(static_cast<uint32_t>(least));
  }
  if (!otherwise) {
    error(ErrorCode::ConfigMissingField, name,
          "is missing, expected a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          "copy the field from the model's original config.json");
  }
  return otherwise.value_or(static_cast<uint32_t>(least));
}

double ConfigFields::real(const std::string &name, double least, double most, double otherwise) const {
  const JsonValue *value = find(name);
  if (!value) {
    return otherwise;
  }
  std::string expected = ", expected a number from " + numberText(least) + " to " + numberText(most);
  if (!value->isNumber()) {
    error(ErrorCode::ConfigWrongType, name, "is " + value->describe() + expected);
    return otherwise;
  }
  if (!std::isfinite(value->real) || value->real < least || value->real > most) {
    error(ErrorCode::ConfigOutOfRange, name, "is " + value->describe() + expected);
    return otherwise;
  }
  return value->real;
}

bool ConfigFields::flag(const std::string &name, bool otherwise) const {
  const JsonValue *value = find(name);
  if (value && !value->is(JsonValue::Kind::Bool)) {
    error(ErrorCode::ConfigWrongType, name, "is " + value->describe() + ", expected true or false");
    return otherwise;
  }
  return value ? value->boolean : otherwise;
}

std::optional<std::string> ConfigFields::string(const std::string &name) const {
  const JsonValue *value = find(name);
  if (value && !value->is(JsonValue::Kind::String)) {
    error(ErrorCode::ConfigWrongType, name, "is " + value->describe() + ", expected a string");
    return std::nullopt;
  }
  return value ? std::optional<std::string>(value->text) : std::nullopt;
}

const JsonValue *ConfigFields::member(const std::string &name) const {
  const JsonValue *value = find(name);
  if (value && !value->is(JsonValue::Kind::Object)) {
    error(ErrorCode::ConfigWrongType, name, "is " + value->describe() + ", expected an object");
    return nullptr;
  }
  return value;
}

} // namespace lapidary
