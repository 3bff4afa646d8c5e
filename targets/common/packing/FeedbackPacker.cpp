//===- FeedbackPacker.cpp - w4 weights with error feedback ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bytes have the layout of GroupPacker's; only the choice of the integers differs.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/ErrorFeedback.h"
#include "targets/common/packing/GroupPacker.h"

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
    for (uint64_t first = 0; first < rows; first += ErrorFeedback::rowsAtOnce) {
      const uint64_t count = std::min(ErrorFeedback::rowsAtOnce, rows - first);
      feedback.quantize(values + first * shape.columns, count, integers.data(), scales.data());
      for (uint64_t i = 0; i < count * groups; ++i) {
        placeGroup(&integers[i * LAP_GROUP], scales[i], packedRow(first + i / groups), i % groups, out);
      }
    }
  }

private:
  const ErrorFeedback feedback;
};

} // namespace

std::unique_ptr<WeightPacker> createFeedbackPacker(const PackedShape &shape, llvm::ArrayRef<float> moments) {
  return std::make_unique<FeedbackPacker>(shape, moments);
}

} // namespace lapidary
