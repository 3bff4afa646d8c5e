//===- StaticRanges.h - steps from what a calibration has counted ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A static range is one int8 step for all values that pass a place: clamp(round(x / step), -128, 127) * step. A larger
// step rounds more coarsely, a smaller one clips more; the histograms of a statistics file say what either costs.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_STATICRANGES_H
#define LAPIDARY_COMPILER_STATICRANGES_H

#include "compiler/Pipeline.h"
#include "frontends/safetensors/Checkpoint.h"

namespace lapidary {

/// The step with the smallest error (to the power of 1.5) on values counted in `counts` (LAP_RANGE_BINS bins,
/// ProgramAbi.h). 0 when nothing but zeros (or less than 2^-40) was seen.
float chooseStep(llvm::ArrayRef<uint64_t> counts);

/// The steps for everything that `statistics` has histograms of. Reports StatisticsMismatch when there are none, or
/// when they are not histograms.
std::optional<StaticRanges> chooseRanges(const Checkpoint &statistics, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_STATICRANGES_H
