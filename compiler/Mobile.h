//===- Mobile.h - the mobile form of a plain checkpoint --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// --quant=mobile rounds a bf16 or f32 checkpoint to the form of Google's mobile checkpoints: weights with one scale for
// a row, static int8 ranges around products, int8 K/V caches. The passes do the work; here is what the driver adds.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_MOBILE_H
#define LAPIDARY_COMPILER_MOBILE_H

#include "compiler/Calibrate.h"

namespace lapidary {

/// What the form needs and what it cannot do, before anything is run.
bool checkMobile(const CompileOptions &options, const Inputs &inputs, Diagnostics &diagnostics);

/// Runs the program beside the one that calibrated it, on the text that nothing was chosen by, and prints what the form
/// costs. Reports what `lapidary eval` does.
bool reportCost(const CompileOptions &options, const CalibrationRun &run, Console &console, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_MOBILE_H
