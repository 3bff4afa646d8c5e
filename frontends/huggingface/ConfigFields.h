//===- ConfigFields.h - typed, range-checked access to a JSON object -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every configuration field is read through these functions, so that each has a type and a range, nothing is narrowed,
// and every message names file, field, what was found and what is accepted. `null` counts as absent, as in
// transformers.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_CONFIGFIELDS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_CONFIGFIELDS_H

#include "support/CappedErrors.h"
#include "support/Json.h"

#include <optional>
#include <string>

namespace lapidary {

/// Reads `path` as one JSON object. Reports E0235, E0236 and what reading a file reports.
std::optional<JsonValue> loadConfigFile(const std::string &path, Diagnostics &diagnostics);

class ConfigFields {
public:
  /// `object` and `errors` must outlive this. `prefix` is the path of the object: "" or "text_config.".
  ConfigFields(const JsonValue &object, std::string prefix, std::string file, CappedErrors &errors)
      : object(object), prefix(std::move(prefix)), file(std::move(file)), errors(errors) {}

  /// The field, nullptr when absent or null.
  const JsonValue *find(const std::string &name) const;
  /// A whole number from `least` to `most`. Without a default the field is required. After an error returns `least`,
  /// so that checking can go on.
  uint32_t whole(const std::string &name, uint64_t least, uint64_t most,
                 std::optional<uint32_t> otherwise = std::nullopt) const;
  /// A finite number from `least` to `most`; `otherwise` when absent or after an error.
  double real(const std::string &name, double least, double most, double otherwise) const;
  bool flag(const std::string &name, bool otherwise) const;
  /// A string; std::nullopt when absent or (reported) of another type.
  std::optional<std::string> string(const std::string &name) const;
  /// A member object; nullptr when absent or (reported) of another type.
  const JsonValue *member(const std::string &name) const;
  /// Like whole() for a value that is not a field of its own, such as a list element; `label` names it.
  std::optional<uint32_t> wholeValue(const JsonValue &value, const std::string &label, uint64_t least, uint64_t most,
                                     ErrorCode outside = ErrorCode::ConfigOutOfRange) const;

  /// Reports `code` about field `name`: "PREFIXname MESSAGE". Returns false.
  bool error(ErrorCode code, const std::string &name, const std::string &message, const std::string &help = "") const;

  /// Fields of a member object, with its path as prefix.
  ConfigFields inside(const std::string &name, const JsonValue &value) const {
    return ConfigFields(value, prefix + name + ".", file, errors);
  }
  const JsonValue &json() const { return object; }

private:
  const JsonValue &object;
  std::string prefix, file;
  CappedErrors &errors;
};

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_CONFIGFIELDS_H
