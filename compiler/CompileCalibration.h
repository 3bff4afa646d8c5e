//===- CompileCalibration.h - what calibration gives to a compilation ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// --calibrate=TEXT and --calibration=STATS give statistics, which are used at two places: static ranges of the mobile
// form are written into the module in the quantize phase, and moments steer the rounding when weights are packed.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_COMPILECALIBRATION_H
#define LAPIDARY_COMPILER_COMPILECALIBRATION_H

#include "compiler/Calibrate.h"
#include "compiler/StaticRanges.h"
#include "compiler/Statistics.h"

namespace lapidary {

/// What calibration gives to the phases.
struct Calibration {
  TableReadings tables;
  CalibrationRun run;
  std::shared_ptr<const Checkpoint> statistics; ///< null: none yet
  StaticRanges ranges;
};

/// Finds the static ranges that the mobile form needs, before the phases run; with --dry-run, which runs no model,
/// some. Reports what checkMobile, calibrate, openStatistics and chooseRanges do.
bool findRanges(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                mlir::ModuleOp module, Calibration &calibration, Console &console, Diagnostics &diagnostics);

/// Gives the statistics to the weights of `segment` that use them, after running the model if that was asked for.
/// Nothing to do without calibration options. Reports options that nothing uses, and what calibrate, openStatistics and
/// useStatistics do.
bool calibrateWeights(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                      const TargetBackend &target, WeightSegment &segment, Calibration &calibration, Console &console,
                      Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_COMPILECALIBRATION_H
