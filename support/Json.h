//===- Json.h - strict JSON documents from files we do not trust ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A small document tree built from nlohmann's event interface, because its own tree hides two things that matter here:
// it keeps the last of two equal keys silently, and it turns numbers into one another. This one refuses duplicate keys
// (also those spelled with escapes), limits nesting, and keeps whole numbers, negative numbers and fractions apart.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_JSON_H
#define LAPIDARY_SUPPORT_JSON_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary {

struct JsonValue {
  enum class Kind { Null, Bool, Unsigned, Negative, Float, String, Array, Object };
  Kind kind = Kind::Null;
  bool boolean = false;
  uint64_t whole = 0; ///< value of Unsigned
  double real = 0;    ///< value of every number
  std::string text;
  std::vector<JsonValue> items;  ///< of Array and Object
  std::vector<std::string> keys; ///< of Object, parallel to items

  bool is(Kind k) const { return kind == k; }
  bool isNumber() const { return kind == Kind::Unsigned || kind == Kind::Negative || kind == Kind::Float; }
  /// Member of an object, nullptr when absent or when this is no object.
  const JsonValue *find(std::string_view key) const;
  /// "the string 'x'", "null", "-3": for messages, safe to print.
  std::string describe() const;
};

struct JsonError {
  enum class Kind { Syntax, DuplicateKey, TooDeep };
  Kind kind = Kind::Syntax;
  std::string message;   ///< safe to print
  uint64_t position = 0; ///< bytes from the start; 0 when unknown
  std::string key;       ///< of DuplicateKey, raw
};

/// Parses the whole of `text` as one value of at most `maxDepth` nested containers. On failure fills `error`.
std::optional<JsonValue> parseJson(std::string_view text, unsigned maxDepth, JsonError &error);

/// nlohmann's message without its prefix, position and quotation of the input: "unexpected end of input".
std::string tidyJsonMessage(const char *what);

/// "line 3, column 14" of the byte at `position`, both counted from 1.
std::string lineAndColumn(std::string_view text, uint64_t position);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_JSON_H
