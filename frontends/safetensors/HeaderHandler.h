//===- HeaderHandler.h - JSON events of a header into tensor entries ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Receives nlohmann's events and builds TensorInfo values directly: a tree of a 100 MB header would need gigabytes.
// Knows the grammar only (three levels, three fields); what the numbers mean together is checked by HeaderParser.cpp.
// After an error inside one entry it goes on with the next, so that one run shows every problem.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_SAFETENSORS_HEADERHANDLER_H
#define LAPIDARY_FRONTENDS_SAFETENSORS_HEADERHANDLER_H

#include "frontends/safetensors/Checkpoint.h"
#include "support/CappedErrors.h"

#include <nlohmann/json.hpp>
#include <set>

namespace lapidary {

class HeaderHandler {
public:
  HeaderHandler(std::string file, CappedErrors &errors, Diagnostics &diagnostics)
      : file(std::move(file)), errors(errors), diagnostics(diagnostics) {}

  /// Complete entries in file order. Unique names are not checked here.
  std::vector<TensorInfo> tensors;
  /// Unknown fields met; the first few were reported as warnings.
  uint64_t unknownFields = 0;

  // nlohmann's SAX interface. Returning false stops the parser; an error was reported then.
  bool null() { return scalar("null"); }
  bool boolean(bool) { return scalar("a boolean"); }
  bool number_integer(int64_t value) { return scalar("the negative number " + std::to_string(value)); }
  bool number_unsigned(uint64_t value);
  bool number_float(double, const std::string &text) { return scalar("the number " + quoted(text)); }
  bool string(std::string &value);
  bool binary(nlohmann::json::binary_t &) { return false; }
  bool start_object(size_t);
  bool end_object();
  bool start_array(size_t);
  bool end_array();
  bool key(std::string &name);
  bool parse_error(size_t position, const std::string &, const nlohmann::detail::exception &error);

private:
  enum class Level { Top, Entry, Metadata, Shape, Offsets, Skipped };
  enum Field : unsigned { NoField = 0, DTypeField = 1, ShapeField = 2, OffsetsField = 4, UnknownField = 8 };

  Level level() const { return levels.back(); }
  bool scalar(const std::string &found);
  bool push(Level next);
  void openEntry();
  bool closeEntry();
  void entryKey(const std::string &name);
  void badEntry(const std::string &what);
  std::string place() const { return file + ": header"; }

  std::string file;
  CappedErrors &errors;
  Diagnostics &diagnostics;
  std::vector<Level> levels;
  std::string topKey;              ///< name of the entry that comes next or is open
  std::set<std::string> otherKeys; ///< metadata keys, or unknown fields of the open entry
  bool sawMetadata = false;
  TensorInfo entry;
  unsigned seen = 0;     ///< Field bits of the open entry
  Field field = NoField; ///< field whose value comes next
  uint64_t dimensions = 0, offsetCount = 0;
  bool entryGood = true;
};

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_SAFETENSORS_HEADERHANDLER_H
