//===- Json.h - JSON in and out -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// nlohmann's JSON, with members in the order they came (templates show tools in that order), made safe for what
// strangers send: its parser does not recurse, and nesting is bounded before parsing, because writing and destroying
// do.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_JSON_H
#define LAPIDARY_RUNTIME_SERVER_JSON_H

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace lap::server {

using Json = nlohmann::ordered_json;

/// A request that cannot be served: HTTP status, OpenAI's error type, the field it is about (may be empty).
struct ApiError : std::runtime_error {
  ApiError(unsigned status, std::string type, const std::string &message, std::string field = {})
      : std::runtime_error(message), status(status), type(std::move(type)), field(std::move(field)) {}
  unsigned status;
  std::string type, field;
};

/// 400, the client's mistake in a field.
ApiError badField(const std::string &field, const std::string &message);

/// Parses a request's body, an object. Throws ApiError naming the byte.
Json parseJson(const std::string &text);

/// The member, or null if it is absent or JSON's null.
const Json *find(const Json &object, const char *name);

/// Members of a kind, or `otherwise`. Throw ApiError when the member is of another kind or outside [least, most].
double numberOr(const Json &object, const char *name, double otherwise, double least, double most);
uint64_t wholeOr(const Json &object, const char *name, uint64_t otherwise, uint64_t least, uint64_t most);
bool flagOr(const Json &object, const char *name, bool otherwise);
std::string textOr(const Json &object, const char *name, const std::string &otherwise);

/// The value as JSON text; what is not UTF-8 becomes U+FFFD.
std::string written(const Json &value);

/// {"error": {...}} as OpenAI writes it.
std::string errorJson(const ApiError &error);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_JSON_H
