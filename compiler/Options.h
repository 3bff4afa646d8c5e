//===- Options.h - what `lapidary compile` and `lapidary plan` are told ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// One table (compileOptionTable) and the struct it turns into. Everything that depends on the model (the default
// context and formats) stays open here and is decided in Compile.cpp, when the configuration has been read.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_OPTIONS_H
#define LAPIDARY_COMPILER_OPTIONS_H

#include "compiler/CommandLine.h"
#include "compiler/Console.h"
#include "compiler/Pipeline.h"

namespace lapidary {

/// Where a compiled program has what calibration observes, for names that outlive the program.
struct Placement {
  struct Part {
    std::string tensor; ///< of the checkpoint
    uint64_t firstRow = 0, rows = 0;
  };
  struct Weight {
    uint64_t offset = 0; ///< bytes from the start of the segment
    std::vector<Part> parts;
  };
  std::vector<Weight> weights;
  std::vector<std::pair<uint64_t, std::string>> caches; ///< offset of the keys, symbol
};

enum class EmitKind { Binary, Library };

struct CompileOptions {
  std::string model;  ///< checkpoint directory
  std::string output; ///< file, or directory for EmitKind::Library; empty only when nothing is written
  EmitKind emit = EmitKind::Binary;
  std::string splitWeights; ///< file for the weights; empty: inside the program
  std::string target = "native";
  std::string quant;                  ///< a weight format or "mobile"; empty: by the model
  std::vector<std::string> overrides; ///< "pattern=format" by weight name; the first match counts
  std::string kv;                     ///< "f32", "bf16" or "q8"; empty: by the model and quant
  uint64_t context = 0;               ///< 0: as much as the model was made for, at most 8192
  uint64_t chunk = 512;
  uint64_t maxMemory = 0; ///< bytes the compiler may use; 0: what the machine has free
  unsigned jobs = 1;
  std::string calibrate;       ///< text to calibrate on; empty: none
  std::string calibration;     ///< statistics file; empty: none
  Placement *placed = nullptr; ///< out: what lies where; null: not asked for
  bool isMobile() const { return quant == "mobile"; }
  bool strict = false, dryRun = false, hashes = false;
  InspectOptions inspect; ///< --stop-after, --dump-phases, ..
};

/// The options of `compile` and `plan`, in the order of help.
llvm::ArrayRef<OptionSpec> compileOptionTable();

/// Options that every verb has: -q, -v, --color, --message-format, --progress.
std::vector<OptionSpec> talkingOptions();

/// Checks the words of one command line; reports every problem, nullopt on any. `dryRun` makes -o optional.
std::optional<CompileOptions> compileOptions(const Arguments &arguments, bool dryRun, Diagnostics &diagnostics);

/// `options` with the formats that the user left open decided: w4 and bf16 caches, for a quantized checkpoint bf16 for
/// what it left plain; caches as exact as the weights, q8 for mobile and where the checkpoint has ranges for it.
CompileOptions withFormats(CompileOptions options, bool quantizedCheckpoint, bool cacheRanges);

/// The first screen (at most 40 lines, with examples), or every option.
std::string compileHelp(bool all);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_OPTIONS_H
