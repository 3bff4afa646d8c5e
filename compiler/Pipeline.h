//===- Pipeline.h - the eight phases ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/pipeline.md as one enum: its names are the values of --stop-after, the files of --dump-phases and the lines of
// progress. The first six phases change the module and run here; emit and link write files (Compile.cpp).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_PIPELINE_H
#define LAPIDARY_COMPILER_PIPELINE_H

#include "passes/TargetBackend.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace lapidary {

enum class Phase { Import, Fuse, Quantize, Layout, Lower, Plan, Emit, Link };

struct PhaseInfo {
  Phase phase;
  const char *name;
  const char *description;
};

/// All phases in order.
llvm::ArrayRef<PhaseInfo> allPhases();
std::optional<Phase> parsePhase(llvm::StringRef name);

/// Names of the phases after which the module can be printed, separated by '|'.
extern const char *const phaseChoices;

/// The options that look inside the compiler.
struct InspectOptions {
  std::optional<Phase> stopAfter;
  std::string dumpDirectory; ///< one numbered .mlir per phase; empty: none
  std::string printAfter;    ///< a pass, "all", or empty
  bool printOnlyChanged = false;
  bool timePasses = false;
};

/// Steps of static ranges, as add-static-ranges takes them.
struct StaticRanges {
  std::vector<std::string> products; ///< "weight=input:output"
  std::vector<std::string> caches;   ///< "cache=key:value"
};

/// What the phases need to know beside the module.
struct PipelineOptions {
  std::string quant;                  ///< f32, bf16, w8, w4, w8row, w4row, w2row, mobile
  std::vector<std::string> overrides; ///< "pattern=format" by weight name; the first match counts
  ProgramOptions program;
  InspectOptions inspect;
  StaticRanges ranges; ///< that calibration has found
};

/// Runs the phases after import, up to plan or --stop-after. Dumps what `inspect` asks for, the imported module
/// included. Reports BadOptionValue for overrides that do not fit the model, and InternalError for everything else: a
/// pass that fails on an imported module is a bug.
bool runPhases(mlir::ModuleOp module, const TargetBackend &target, const PipelineOptions &options,
               Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_PIPELINE_H
