//===- CompileCalibration.cpp - what calibration gives to a compilation ----------===//
// SPDX-License-Identifier: Apache-2.0
#include "compiler/CompileCalibration.h"

#include "compiler/Mobile.h"

namespace lapidary {

/// The statistics that the options name or ask to make; null without them and after reporting.
static std::shared_ptr<const Checkpoint> findStatistics(const CompileOptions &options, const Installation &installation,
                                                        const Inputs &inputs, CalibrationRun &run, Console &console,
                                                        Diagnostics &diagnostics) {
  if (!options.calibration.empty()) {
    return openStatistics(options.calibration, *inputs.checkpoint, diagnostics);
  }
  if (options.calibrate.empty() || options.dryRun) {
    return nullptr;
  }
  std::string path = joinPath(run.work.path(), "statistics");
  return calibrate(inputs, options.calibrate, path, options, installation, run, console, diagnostics)
             ? openStatistics(path, *inputs.checkpoint, diagnostics)
             : nullptr;
}

/// For --dry-run, which runs no model: the plan depends on where there are ranges, not on what they are.
static StaticRanges placeholderRanges(mlir::ModuleOp module) {
  StaticRanges ranges;
  for (auto weight : module.getOps<gemma::WeightOp>()) {
    ranges.products.push_back(weight.getSymName().str() + "=1:1");
  }
  for (auto cache : module.getOps<gemma::KvCacheOp>()) {
    ranges.caches.push_back(cache.getSymName().str() + "=1:1");
  }
  return ranges;
}

bool findRanges(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                mlir::ModuleOp module, Calibration &calibration, Console &console, Diagnostics &diagnostics) {
  if (!checkMobile(options, inputs, diagnostics)) {
    return false;
  }
  calibration.run.holdsOut = true;
  calibration.statistics = findStatistics(options, installation, inputs, calibration.run, console, diagnostics);
  if (diagnostics.hadError()) {
    return false;
  }
  std::optional<StaticRanges> ranges;
  if (!calibration.statistics) {
    calibration.ranges = placeholderRanges(module);
  } else if ((ranges = chooseRanges(*calibration.statistics, diagnostics))) {
    calibration.ranges = std::move(*ranges);
  }
  return !diagnostics.hadError();
}

/// Before a model is run for nothing: somebody must use what calibration finds.
static bool checkCalibrated(const CompileOptions &options, const WeightSegment &segment, Diagnostics &diagnostics) {
  bool useful = options.isMobile() || llvm::any_of(segment.weights, usesStatistics);
  return (options.calibrate.empty() && options.calibration.empty()) || useful ||
         diagnostics.error(ErrorCode::BadOptionValue, "calibration changes nothing: no weight of a product is w4", "",
                           "compile with --quant=w4 or --quant=mobile, or without --calibrate and --calibration");
}

bool calibrateWeights(const CompileOptions &options, const Installation &installation, const Inputs &inputs,
                      const TargetBackend &target, WeightSegment &segment, Calibration &calibration, Console &console,
                      Diagnostics &diagnostics) {
  if (!checkCalibrated(options, segment, diagnostics)) {
    return false;
  }
  if (!options.isMobile()) { // else findRanges has found them
    calibration.statistics = findStatistics(options, installation, inputs, calibration.run, console, diagnostics);
  }
  StatisticsUse use{*inputs.checkpoint, calibration.tables, target};
  return !diagnostics.hadError() &&
         (!calibration.statistics || useStatistics(segment, calibration.statistics, use, diagnostics));
}

} // namespace lapidary
