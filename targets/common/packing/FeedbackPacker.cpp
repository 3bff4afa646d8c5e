//===- FeedbackPacker.cpp - w4 weights with error feedback ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bytes have the layout of GroupPacker's; only the choice of the integers differs. Rows that are on a grid already
// (GroupGrid.h) have no errors to feed back and keep it.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/ErrorFeedback.h"
#include "targets/common/packing/GroupGrid.h"
#include "targets/common/packing/GroupPacker.h"

#include <cstring>

namespace lapidary {

namespace {

class FeedbackPacker : public GroupPacker {
public:
  FeedbackPacker(const PackedShape &shape, llvm::ArrayRef<float> moments)
      : GroupPacker(shape), feedback(moments, shape.columns) {}

  void pack(const float *values, uint64_t, uint64_t rows, uint8_t *out) const override {
    const uint64_t groups = shape.paddedColumns / LAP_GROUP;
    std::vector<int8_t> integers(ErrorFeedback::rowsAtOnce * shape.paddedColumns);
    std::vector<float> scales(ErrorFeedback::rowsAtOnce * groups);
    float steps[ErrorFeedback::rowsAtOnce] = {};
    for (uint64_t first = 0; first < rows; first += ErrorFeedback::rowsAtOnce) {
      const uint64_t count = std::min(ErrorFeedback::rowsAtOnce, rows - first);
      for (uint64_t i = 0; i < count; ++i) {
        steps[i] = placeStep(values + (first + i) * shape.columns, packedRow(first + i), out);
      }
      feedback.quantize(values + first * shape.columns, count, steps, integers.data(), scales.data());
      for (uint64_t i = 0; i < count && !shape.stepped; ++i) {
        keepGrid(values + (first + i) * shape.columns, &integers[i * shape.paddedColumns], &scales[i * groups]);
      }
      for (uint64_t i = 0; i < count * groups; ++i) {
        placeGroup(&integers[i * LAP_GROUP], scales[i], steps[i / groups], packedRow(first + i / groups), i % groups,
                   out);
      }
    }
  }

private:
  /// Replaces a row's integers and scales if all its groups are on a grid.
  void keepGrid(const float *values, int8_t *integers, float *scales) const {
    std::vector<int8_t> gridIntegers(shape.paddedColumns);
    std::vector<float> gridScales(shape.paddedColumns / LAP_GROUP);
    for (uint64_t group = 0; group < gridScales.size(); ++group) {
      const uint64_t first = group * LAP_GROUP;
      float padded[LAP_GROUP] = {};
      std::memcpy(padded, values + first, std::min<uint64_t>(LAP_GROUP, shape.columns - first) * sizeof(float));
      if (!findGrid4(padded, gridScales[group], &gridIntegers[first])) {
        return;
      }
    }
    std::copy(gridIntegers.begin(), gridIntegers.end(), integers);
    std::copy(gridScales.begin(), gridScales.end(), scales);
  }

  const ErrorFeedback feedback;
};

} // namespace

std::unique_ptr<WeightPacker> createFeedbackPacker(const PackedShape &shape, llvm::ArrayRef<float> moments) {
  return std::make_unique<FeedbackPacker>(shape, moments);
}

} // namespace lapidary
