//===- Json.cpp - JSON in and out -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Json.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Json.h"

#include "runtime/src/server/Settings.h"

#include <cstdio>

namespace lap::server {

namespace {

/// Deepest nesting of brackets outside strings; of text that may not be JSON.
uint32_t depthOf(const std::string &text) {
  uint32_t depth = 0, deepest = 0;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      i += c == '\\';
      inside = c != '"';
    } else if (c == '"') {
      inside = true;
    } else if (c == '{' || c == '[') {
      deepest = ++depth > deepest ? depth : deepest;
    } else if ((c == '}' || c == ']') && depth != 0) {
      --depth;
    }
  }
  return deepest;
}

std::string shortNumber(double value) {
  char text[40];
  snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

/// A value in a message.
std::string shown(const Json &value) { return written(value).substr(0, 100); }

} // namespace

ApiError badField(const std::string &field, const std::string &message) {
  return ApiError(400, "invalid_request_error", "'" + field + "' " + message, field);
}

Json parseJson(const std::string &text) {
  if (depthOf(text) > MostDepth) {
    throw ApiError(400, "invalid_request_error",
                   "the body is nested deeper than " + std::to_string(MostDepth) + " levels");
  }
  try {
    Json body = Json::parse(text);
    if (body.is_object()) {
      return body;
    }
  } catch (const Json::out_of_range &) {
    throw ApiError(400, "invalid_request_error", "the body holds a number that is too large");
  } catch (const Json::parse_error &error) {
    throw ApiError(400, "invalid_request_error",
                   "the body is not JSON: an error at byte " + std::to_string(error.byte));
  }
  throw ApiError(400, "invalid_request_error", "the body is not a JSON object");
}

const Json *find(const Json &object, const char *name) {
  const auto member = object.find(name);
  return member == object.end() || member->is_null() ? nullptr : &*member;
}

double numberOr(const Json &object, const char *name, double otherwise, double least, double most) {
  const Json *value = find(object, name);
  if (!value) {
    return otherwise;
  }
  const double number = value->is_number() ? value->get<double>() : most + 1;
  if (!(number >= least && number <= most)) {
    throw badField(name, "must be a number from " + shortNumber(least) + " to " + shortNumber(most) + ", is " +
                             shown(*value));
  }
  return number;
}

uint64_t wholeOr(const Json &object, const char *name, uint64_t otherwise, uint64_t least, uint64_t most) {
  const Json *value = find(object, name);
  if (!value) {
    return otherwise;
  }
  // A seed may be negative: it stands for its 64 bits. Where `most` is smaller that is far too large.
  const uint64_t number = value->is_number_integer() ? value->get<uint64_t>() : 0;
  if (!value->is_number_integer() || number < least || number > most) {
    throw badField(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                             ", is " + shown(*value));
  }
  return number;
}

bool flagOr(const Json &object, const char *name, bool otherwise) {
  const Json *value = find(object, name);
  if (value && !value->is_boolean()) {
    throw badField(name, "must be true or false, is " + shown(*value));
  }
  return value ? value->get<bool>() : otherwise;
}

std::string textOr(const Json &object, const char *name, const std::string &otherwise) {
  const Json *value = find(object, name);
  if (value && !value->is_string()) {
    throw badField(name, "must be a string, is " + shown(*value));
  }
  return value ? value->get<std::string>() : otherwise;
}

std::string written(const Json &value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string errorJson(const ApiError &error) {
  const Json field = error.field.empty() ? Json() : Json(error.field);
  return written(
      {{"error", {{"message", error.what()}, {"type", error.type}, {"param", field}, {"code", error.status}}}});
}

} // namespace lap::server
