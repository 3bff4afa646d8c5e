//===- IntegerWeights.cpp - the integers in a tile's words -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See IntegerWeights.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/IntegerWeights.h"

#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

IntegerWeights::IntegerWeights(lap_format format)
    : format(format), bits(integerBits(format)), fields(integersPerByte(format)), factor(1u << (8 - bits)),
      blocks(LAP_GROUP / 4 / fields),
      stretchBytes(isGrouped(format) ? static_cast<unsigned>(groupStride(format, LAP_ROW_TILE))
                                     : LAP_ROW_TILE * LAP_GROUP / fields),
      scaleBytes(isGrouped(format) ? static_cast<unsigned>(groupScaleBytes(format)) : 0),
      firstScale(static_cast<unsigned>(stepBytes(format, LAP_ROW_TILE))),
      firstByte(firstScale + LAP_ROW_TILE * (isGrouped(format) ? scaleBytes : 4)) {}

Val IntegerWeights::integers(KernelBuilder &k, Val word, unsigned field) const {
  if (fields == 1) {
    return word;
  }
  const unsigned shift = 8 - bits - field * bits;
  return atTop(k, shift == 0 ? word : word << shift);
}

Val IntegerWeights::integersAt(KernelBuilder &k, Val word, Val shift) const {
  return fields == 1 ? word : atTop(k, word << shift);
}

Val IntegerWeights::fieldShift(Val field) const { return (fields - 1 - field) * bits; }

Val IntegerWeights::atTop(KernelBuilder &k, Val word) const {
  const int64_t mask = ((0xff << (8 - bits)) & 0xff) * 0x01010101LL;
  Val top = word & k.i32(mask);
  return bits == 2 ? top ^ k.i32(0x80808080LL) : top;
}

Val IntegerWeights::quad(Val block, unsigned field) const {
  return quadsAreNeighbours() ? block * fields + field : block + field * blocks;
}

Val IntegerWeights::groupScale(KernelBuilder &k, Val word, unsigned index) const {
  if (scaleBytes == 2) {
    return bf16OfPair(k, word, index);
  }
  constexpr int unusedBits = 32 - 8;
  return toFloat(shiftSigned(word << (unusedBits - 8.0 * index), unusedBits));
}

Val scaleStep(KernelBuilder &k, Val tile, Val row) { return fromBf16(k, k.loadConstant(k.i16Type(), tile, row * 2)); }

namespace {
constexpr int startBits = 0x4b400000;
} // namespace

Val sumStart(KernelBuilder &k) { return k.i32(startBits); }

Val sumAsFloat(KernelBuilder &k, Val sum) { return bitsOf(sum, k.f32Type()) - 12582912.0; }

} // namespace lapidary::cuda
