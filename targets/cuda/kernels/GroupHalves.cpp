//===- GroupHalves.cpp - integers with scales as f16 --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See GroupHalves.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/GroupHalves.h"

#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr int f32Bias = 127, f32Mantissa = 23, mostExponent = 2 * f32Bias; // of a finite number
constexpr int mostMagnitude = 15;                                          // 2^16 is more than f16 has

mlir::Type pairOf(KernelBuilder &k) { return k.vectorType(k.builder.getF16Type(), 2); }

/// A number in a register of its own: `zero` is 0, but the compiler does not know.
Val kept(KernelBuilder &k, Val zero, int64_t number) { return k.i32(number) << zero; }

} // namespace

GroupHalves::GroupHalves(KernelBuilder &k, Val columns) : k(k) {
  Val zero = k.threadId() & columns & 1; // columns are a multiple of 32
  bytesAbove = kept(k, zero, 0x64806480);
  nibblesAbove = kept(k, zero, 0x64086408);
}

Val GroupHalves::wholeBytes(Val word) const {
  return bitsOf((word & 0x00ff00ff) ^ bytesAbove, pairOf(k)) - (1024 + 128);
}

Val GroupHalves::wholeNibbles(Val word, bool high) const {
  if (!high) {
    return bitsOf((word & 0x000f000f) ^ nibblesAbove, pairOf(k)) - (1024 + 8);
  }
  Val shifted = bitsOf((word & 0x00f000f0) ^ bytesAbove, pairOf(k)); // 16 times their value
  return fusedMulAdd(shifted, shifted.constant(1.0 / 16), shifted.constant(-(1024 + 128) / 16.0));
}

Val rowPower(KernelBuilder &k, Val largest, unsigned bits) {
  // Scales below 2^(n + 1) times integers of at most 2^(bits - 1). Both the power and its reciprocal are normal.
  const int n = mostMagnitude - static_cast<int>(bits);
  Val exponent = minimum(mostExponent + n - (largest >> k.i32(f32Mantissa)), k.i32(mostExponent - 1));
  return exponent << k.i32(f32Mantissa);
}

Val inversePower(KernelBuilder &k, Val power) { return (int64_t(mostExponent) << f32Mantissa) - power; }

Vals GroupHalves::ofInputs(Val words, Val scale) const {
  Val high = packF16(k, scale, scale);
  Val rest = scale - toFloat(element(high, 0)), low = packF16(k, rest, rest);
  Vals halves;
  for (unsigned odd = 0; odd < 2; ++odd) {
    for (unsigned i = 0; i < 4; ++i) {
      Val word = element(words, i), whole = wholeBytes(odd ? word >> 8 : word);
      halves.push_back(bitsOf(fusedMulAdd(whole, high, whole * low), k.i32Type()));
    }
  }
  return halves;
}

Vals GroupHalves::ofWeights(const WeightFragments &fragments, llvm::ArrayRef<Val> loaded,
                            std::pair<Val, Val> scales) const {
  const bool nibbles = fragments.integers.fields == 2;
  Val scale[] = {scales.first, scales.second};
  Vals halves;
  for (unsigned step = 0; step < 2; ++step) {
    for (unsigned odd = 0; odd < 2; ++odd) {
      for (unsigned row = 0; row < 2; ++row) {
        Val word = element(loaded[nibbles ? 0 : step], row), bytes = odd ? word >> 8 : word;
        Val whole = nibbles ? wholeNibbles(bytes, step == 1) : wholeBytes(bytes);
        halves.push_back(bitsOf(whole * scale[row], k.i32Type()));
      }
    }
  }
  return halves;
}

Val GroupHalves::twice(Val scale) const { return packF16(k, scale, scale); }

Val GroupHalves::twice(Val word, unsigned index) const {
  return wholeBytes(k.permuteBytes(word, k.i32(0), 0x4040 + index * 0x0101)); // the byte, 0, the byte, 0
}

} // namespace lapidary::cuda
