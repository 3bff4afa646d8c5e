//===- GroupPacker.cpp - w8 and w4 weights in groups of 32 columns -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes through the index functions of PackedLayout.h. Padding columns hold the code of zero; padding rows keep
// scale 0.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/GroupPacker.h"

#include "targets/common/packing/BFloat16.h"
#include "targets/common/packing/GroupScale.h"
#include "targets/common/packing/ScaleSteps.h"

#include <cassert>
#include <cstring>

namespace lapidary {

/// 1 when the group is integer * scale in bf16, 0 when something was rounded away.
static unsigned isExact(const float *values, const int8_t *integers, float scale) {
  unsigned exact = 1;
  for (int i = 0; i < LAP_GROUP; ++i) {
    exact &= fromBFloat16(toBFloat16(static_cast<float>(integers[i]) * scale)) == values[i];
  }
  return exact;
}

void GroupPacker::packRow(const float *values, uint64_t row, uint8_t *out) const {
  const bool nibbles = integerBits(shape.format) == 4;
  const float step = placeStep(values, row, out);
  uint64_t all = 0, exact = 0;
  for (uint64_t group = 0; group < shape.paddedColumns / LAP_GROUP; ++group) {
    float padded[LAP_GROUP] = {};
    int8_t integers[LAP_GROUP];
    uint64_t first = group * LAP_GROUP;
    std::memcpy(padded, values + first, std::min<uint64_t>(LAP_GROUP, shape.columns - first) * sizeof(float));
    float scale = nibbles ? quantizeGroup4(padded, integers, step) : quantizeGroup8(padded, integers);
    placeGroup(integers, scale, step, row, group, out);
    bool counts = nibbles && scale != 0;
    all += counts;
    exact += counts && isExact(padded, integers, scale);
  }
  allGroups.fetch_add(all, std::memory_order_relaxed);
  exactGroups.fetch_add(exact, std::memory_order_relaxed);
}

float GroupPacker::placeStep(const float *values, uint64_t row, uint8_t *out) const {
  const float step = shape.stepped ? scaleStep(values, shape.columns) : 0;
  if (hasScaleSteps(shape.format)) {
    const uint16_t bits = toBFloat16(step);
    std::memcpy(out + matrixStep(shape.format, shape.paddedColumns, row), &bits, sizeof(bits));
  }
  return step;
}

void GroupPacker::placeGroup(const int8_t *integers, float scale, float step, uint64_t row, uint64_t group,
                             uint8_t *out) const {
  const uint64_t scalePlace = shape.table ? tableScale(shape.format, shape.paddedColumns, row, group)
                                          : matrixScale(shape.format, shape.paddedColumns, row, group);
  if (hasScaleSteps(shape.format)) {
    out[scalePlace] = static_cast<uint8_t>(static_cast<int8_t>(scale / step)); // a whole number
  } else {
    const uint16_t bits = toBFloat16(scale);
    std::memcpy(out + scalePlace, &bits, sizeof(bits));
  }
  // Four columns that follow each other lie in four bytes that follow each other (in one nibble of each, for w4).
  for (uint64_t block = 0; block < LAP_GROUP; block += 4) {
    uint64_t column = group * LAP_GROUP + block;
    PackedPlace place = shape.table ? tableElement(shape.format, shape.paddedColumns, row, column)
                                    : matrixElement(shape.format, shape.paddedColumns, row, column);
    for (uint64_t i = 0; i < 4; ++i) {
      writeInteger(shape.format, shape.code, out, {place.byte + i, place.shift}, integers[block + i]);
    }
  }
}

void GroupPacker::packIntegers(const IntegerRows &values, uint64_t, uint64_t rows, uint8_t *out) const {
  assert(!shape.stepped && "a checkpoint's scales are bf16 values of their own");
  const uint64_t scaleColumns = shape.columns / values.scalesPerRow; // 32 or more; what covers padding does not matter
  for (uint64_t i = 0; i < rows; ++i) {
    const int8_t *from = values.values + i * shape.columns;
    for (uint64_t first = 0; first < shape.paddedColumns; first += LAP_GROUP) {
      int8_t integers[LAP_GROUP] = {};
      std::memcpy(integers, from + first, std::min<uint64_t>(LAP_GROUP, shape.columns - first));
      const uint64_t scale = std::min(first / scaleColumns, values.scalesPerRow - 1);
      placeGroup(integers, values.scales[i * values.scalesPerRow + scale], 0, packedRow(i), first / LAP_GROUP, out);
    }
  }
}

std::unique_ptr<WeightPacker> createGroupPacker(const PackedShape &shape) {
  return std::make_unique<GroupPacker>(shape);
}

} // namespace lapidary
