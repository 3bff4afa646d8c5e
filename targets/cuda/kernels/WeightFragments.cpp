//===- WeightFragments.cpp - integer weights as operands of mma --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See WeightFragments.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/WeightFragments.h"

#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {
constexpr unsigned blockBytes = LAP_ROW_TILE * 4;
} // namespace

WeightFragments::WeightFragments(KernelBuilder &k, lap_format format, Val columns, Val g, Val t)
    : integers(format), stepColumns(integerBits(format) == 2 ? 2 * LAP_GROUP : LAP_GROUP),
      products(stepColumns / LAP_GROUP),
      bytesPerLane(integers.fields == 1 || !integers.quadsAreNeighbours() ? 4 : 4 * integers.fields), k(k),
      columns(columns), g(g), t(t) {}

Vals WeightFragments::places(Val step) const {
  const bool grouped = isGrouped(integers.format);
  const unsigned words = integers.fields == 1 ? 2 : 1; // pairs of rows
  Vals places;
  Val base = grouped ? minimum(step, columns / LAP_GROUP - 1) * integers.stretchBytes : k.i32(0);
  for (unsigned i = 0; i < words; ++i) {
    Val block = t + i * 4;
    if (!grouped) { // stretches follow each other without scales, and a step may have half of its blocks
      block = minimum(step * (words * 4) + block, columns / (4 * integers.fields) - 1);
    }
    places.push_back(base + block * blockBytes + g * 8 + integers.firstByte);
  }
  if (grouped) {
    places.push_back(base + g * (2 * integers.scaleBytes) + integers.firstScale);
  }
  return places;
}

Vals WeightFragments::load(Val tile, Val step) const {
  Vals loaded = places(step);
  const size_t pairs = loaded.size() - (isGrouped(integers.format) ? 1 : 0);
  for (auto [index, value] : llvm::enumerate(loaded)) {
    value = index < pairs ? k.loadConstant(k.vectorType(k.i32Type(), 2), tile, value) : loadScales(tile, value);
  }
  return loaded;
}

Vals WeightFragments::operandA(llvm::ArrayRef<Val> loaded, unsigned product) const {
  Vals a;
  for (unsigned quad = 0; quad < 2; ++quad) {
    Val words = integers.fields == 1 ? loaded[quad] : loaded[0];
    const unsigned field = integers.fields == 1 ? 0 : product * 2 + quad;
    a.push_back(integers.integers(k, element(words, 0), field));
    a.push_back(integers.integers(k, element(words, 1), field));
  }
  return a;
}

Vals WeightFragments::operandsB(llvm::function_ref<Val(mlir::Type, Val)> load) const {
  if (bytesPerLane == 4) {
    Val first = load(k.i32Type(), t * 4);
    return {first, load(k.i32Type(), t * 4 + LAP_GROUP / 2)};
  }
  const unsigned words = bytesPerLane / 4;
  Val all = load(k.vectorType(k.i32Type(), words), t * bytesPerLane);
  Vals b;
  for (unsigned word = 0; word < words; ++word) {
    b.push_back(element(all, word));
  }
  return b;
}

Val WeightFragments::loadScales(Val tile, Val place) const {
  if (integers.scaleBytes == 2) {
    return k.loadConstant(k.i32Type(), tile, place);
  }
  return toInt(k.loadConstant(k.i16Type(), tile, place), 32, false);
}

std::pair<Val, Val> WeightFragments::scales(llvm::ArrayRef<Val> loaded) const {
  return {integers.groupScale(k, loaded.back(), 0), integers.groupScale(k, loaded.back(), 1)};
}

std::pair<Val, Val> WeightFragments::steps(Val tile) const {
  Val pair = k.loadConstant(k.i32Type(), tile, g * 4);
  return {bf16OfPair(k, pair, 0), bf16OfPair(k, pair, 1)};
}

} // namespace lapidary::cuda
