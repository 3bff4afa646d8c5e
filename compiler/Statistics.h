//===- Statistics.h - what a calibration has observed ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A statistics file is a safetensors file with the second moments of the input of every product (lap_observer in
// ProgramAbi.h), each named after the first checkpoint tensor of the product's weight, histograms of what products and
// caches have seen, and a fingerprint of the checkpoint, so that numbers of one model never steer the rounding of
// another. docs/quantization.md has the format.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_STATISTICS_H
#define LAPIDARY_COMPILER_STATISTICS_H

#include "compiler/Hash.h"
#include "compiler/WeightSegment.h"
#include "passes/quantization/PerLayerTable.h"
#include "passes/quantization/TokenStream.h"

namespace lapidary {

/// Name of the fingerprint's tensor; no checkpoint has a tensor of that name.
extern const char *const fingerprintName;

/// Prefixes of histograms, U64 [LAP_RANGE_BINS]: of the input of a weight's product, of the columns that the weight
/// makes of its output, of a cache's keys and values.
extern const char *const inputPrefix, *const outputPrefix, *const keyPrefix, *const valuePrefix;

/// SHA-256 of names, types, shapes and the first 4 KiB of every tensor. nullopt after ReadFailed.
std::optional<Sha256> fingerprint(const Checkpoint &checkpoint, Diagnostics &diagnostics);

/// Opens a statistics file and checks that it is one, of `model`. Reports StatisticsMismatch, and whatever is wrong
/// with the file itself.
std::shared_ptr<const Checkpoint> openStatistics(const std::string &path, const Checkpoint &model,
                                                 Diagnostics &diagnostics);

/// True when knowing the inputs of products changes how `weight` is packed.
bool usesStatistics(const SegmentWeight &weight);

/// What reads the rows of tables, which are rounded for that (LookupMoments.h).
struct TableReadings {
  TokenStream stream;
  PerLayerTable perLayer;
};

/// What statistics are used with. All of it must outlive the segment.
struct StatisticsUse {
  const Checkpoint &model;
  const TableReadings &tables;
  const TargetBackend &target;
};

/// Makes the segment's weights pack with the statistics of their inputs; weights without any stay as they are. Reports
/// StatisticsMismatch for moments of another width.
bool useStatistics(WeightSegment &segment, const std::shared_ptr<const Checkpoint> &statistics,
                   const StatisticsUse &use, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_STATISTICS_H
