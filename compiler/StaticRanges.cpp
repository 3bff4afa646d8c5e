//===- StaticRanges.cpp - steps from what a calibration has counted -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Candidates are the upper edges of bins as ranges: 9 % apart, which the error, flat around its minimum, does not
// notice. Errors count to the power of 1.5: squares let a few outliers coarsen everything else, absolute values give
// outliers up that the model needs (docs/quantization.md has the figures).
//===----------------------------------------------------------------------===//
#include "compiler/StaticRanges.h"

#include "compiler/Statistics.h"
#include "lapidary/ProgramAbi.h"
#include "support/Quote.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <cstring>

namespace lapidary {

namespace {

constexpr double largestInteger = 127;
constexpr size_t octaves = 6; ///< candidates below the largest value; clipping to less never paid

/// The smallest magnitude of bin `bin`.
double lowerEdge(size_t bin) {
  uint32_t bits = static_cast<uint32_t>(LAP_RANGE_FIRST + bin) << 20;
  float edge;
  std::memcpy(&edge, &bits, sizeof(edge));
  return static_cast<double>(edge);
}

/// The error of one value of bin `bin` (taken for its middle) to the power of 1.5: clipped, rounded somewhere between
/// 0 and half a step, or rounded to zero.
double errorOf(size_t bin, double step) {
  constexpr double power = 1.5;
  double value = (lowerEdge(bin) + lowerEdge(bin + 1)) / 2, clipped = value - largestInteger * step;
  return clipped > 0 ? std::pow(clipped, power)
                     : std::min(std::pow(value, power), std::pow(step / 2, power) / (power + 1));
}

std::optional<std::vector<uint64_t>> readCounts(const Checkpoint &statistics, const TensorInfo &tensor,
                                                Diagnostics &diagnostics) {
  std::vector<uint64_t> counts(LAP_RANGE_BINS);
  if (tensor.dtype != DType::U64 || tensor.elements() != counts.size()) {
    diagnostics.error(ErrorCode::StatisticsMismatch,
                      quoted(tensor.name) + " is " + dtypeName(tensor.dtype) + " " + shapeText(tensor.shape) +
                          ", expected a histogram: U64 [" + std::to_string(LAP_RANGE_BINS) + "]",
                      statistics.directory(), "make new statistics: lapidary calibrate MODEL_DIR --text FILE -o STATS");
    return std::nullopt;
  }
  bool ok = statistics.read(tensor, 0, counts.data(), counts.size() * sizeof(uint64_t), diagnostics);
  return ok ? std::optional(counts) : std::nullopt;
}

/// "name=first:second" for every name that has a histogram under one of two prefixes; 0 for one that is missing.
bool addSteps(const Checkpoint &statistics, const char *first, const char *second, std::vector<std::string> &entries,
              Diagnostics &diagnostics) {
  std::map<std::string, std::pair<float, float>> steps;
  for (const auto &[name, tensor] : statistics.tensors()) {
    llvm::StringRef rest = name;
    bool isFirst = rest.consume_front(first);
    if (!isFirst && !rest.consume_front(second)) {
      continue;
    }
    std::optional<std::vector<uint64_t>> counts = readCounts(statistics, tensor, diagnostics);
    if (!counts) {
      return false;
    }
    auto &found = steps[rest.str()];
    (isFirst ? found.first : found.second) = chooseStep(*counts);
  }
  for (const auto &[name, found] : steps) { // nine digits give the same float32 back
    entries.push_back(llvm::formatv("{0}={1:e9}:{2:e9}", name, found.first, found.second).str());
  }
  return true;
}

} // namespace

float chooseStep(llvm::ArrayRef<uint64_t> counts) {
  size_t largest = counts.size();
  while (largest > 1 && counts[largest - 1] == 0) {
    --largest; // one above the last bin with something in it
  }
  double best = 0, bestError = INFINITY;
  for (size_t edge = largest; edge > 1 && edge + 8 * octaves > largest; --edge) {
    double step = lowerEdge(edge) / largestInteger, error = 0;
    for (size_t bin = 1; bin < largest; ++bin) {
      error += counts[bin] ? static_cast<double>(counts[bin]) * errorOf(bin, step) : 0;
    }
    if (error < bestError) {
      best = step;
      bestError = error;
    }
  }
  return static_cast<float>(best);
}

std::optional<StaticRanges> chooseRanges(const Checkpoint &statistics, Diagnostics &diagnostics) {
  StaticRanges ranges;
  if (!addSteps(statistics, inputPrefix, outputPrefix, ranges.products, diagnostics) ||
      !addSteps(statistics, keyPrefix, valuePrefix, ranges.caches, diagnostics)) {
    return std::nullopt;
  }
  if (ranges.products.empty()) {
    diagnostics.error(ErrorCode::StatisticsMismatch,
                      "the statistics hold no ranges, only moments: an older version has made them",
                      statistics.directory(), "make new ones: lapidary calibrate MODEL_DIR --text FILE -o STATS");
    return std::nullopt;
  }
  return ranges;
}

} // namespace lapidary
