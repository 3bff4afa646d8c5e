//===- CommandLine.h - option tables ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every verb lists its options once, in a table: parsing, checking, help and shell completion are all made from it.
// LLVM's cl library is not used for this: its registry is global, so the hundreds of options of the LLVM libraries
// would be accepted too, and several of ours (--print-after, --time-passes) exist there with other meanings.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_COMMANDLINE_H
#define LAPIDARY_COMPILER_COMMANDLINE_H

#include "support/Diagnostics.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace lapidary {

/// One option. Long options are spelled --name=value or --name value, letters -o FILE or -oFILE.
struct OptionSpec {
  const char *name;    ///< without dashes
  char letter;         ///< 0 when there is none
  const char *value;   ///< what the value is called in help; null for a switch
  const char *choices; ///< accepted values separated by '|', null when any value may be given
  const char *group;   ///< heading in help
  bool common;         ///< on the first screen of help
  const char *help;
};

/// What a command line said, in the order of the arguments.
class Arguments {
public:
  const std::vector<std::string> &positional() const { return words; }
  bool has(llvm::StringRef name) const { return last(name) != nullptr; }
  /// The value given last ("" for a switch), `fallback` when the option was not given.
  std::string get(llvm::StringRef name, llvm::StringRef fallback = "") const;
  std::vector<std::string> all(llvm::StringRef name) const;
  /// A whole number in minimum..maximum. Reports BadOptionValue and returns nullopt otherwise; absent is `fallback`.
  std::optional<uint64_t> number(llvm::StringRef name, uint64_t fallback, uint64_t minimum, uint64_t maximum,
                                 Diagnostics &diagnostics) const;
  /// A number of bytes: a whole number, optionally with KiB, MiB, GiB or TiB. Absent is 0.
  std::optional<uint64_t> bytes(llvm::StringRef name, Diagnostics &diagnostics) const;

private:
  friend std::optional<Arguments> parseArguments(llvm::ArrayRef<OptionSpec>, llvm::ArrayRef<std::string>,
                                                 Diagnostics &);
  const std::string *last(llvm::StringRef name) const;
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> options;
};

/// Parses `words` by `table`. "--" ends options. Reports UnknownOption, BadOptionValue and MissingArgument, each with
/// the nearest accepted spelling.
std::optional<Arguments> parseArguments(llvm::ArrayRef<OptionSpec> table, llvm::ArrayRef<std::string> words,
                                        Diagnostics &diagnostics);

/// The options by group, one line each; only the common ones unless `all`.
std::string optionHelp(llvm::ArrayRef<OptionSpec> table, bool all);

/// Refuses more or fewer words than `count`; `what` names them ("MODEL_DIR").
bool expectWords(const Arguments &arguments, size_t count, llvm::StringRef what, llvm::StringRef usage,
                 Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_COMMANDLINE_H
