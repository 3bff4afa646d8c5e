//===- Mma.cpp - mma.sync: a warp multiplies 16 x K by K x 8 ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Fragments, PTX ISA 9.0, 9.7.14.5 ("Matrix Fragments for mma.m16n8k32", ".m16n8k16 with .bf16", ..). With g = lane /
// 4, t = lane % 4 and E elements in a register (4 of 8 bits, 2 of 16 bits), a lane's registers hold, for each chunk c
// of 4 E columns,
//   A[2 c]     row g,     columns 4 E c + E t ..         A[2 c + 1] row g + 8, the same columns
//   B[c]       rows 4 E c + E t .. of column g
//   C[0], C[1] row g, columns 2 t and 2 t + 1            C[2], C[3] row g + 8
// Words of a lane: A, B, C in this order; the result D is like C.
//
// Integers are exact, as on the hardware. Floats: products are exact and summed in f32, in the order of k. Tensor cores
// add groups of products in wider integers and truncate instead of rounding to nearest; their sums differ from these in
// the last bits, by a relative error of about 2^-22 of the largest term for each group of products.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <bit>
#include <cstring>

namespace lapidary::cuda::emulator {

namespace {

template <typename Element, typename Wide> struct Widen {
  static Wide of(uint32_t word, uint32_t index) { return Wide(Element(word >> (8 * sizeof(Element) * index))); }
};
struct Bf16 {
  uint16_t bits;
};
template <> struct Widen<Bf16, float> {
  static float of(uint32_t word, uint32_t index) {
    return std::bit_cast<float>(index == 0 ? word << 16 : word & 0xffff0000u);
  }
};
template <> struct Widen<_Float16, float> {
  static float of(uint32_t word, uint32_t index) {
    return float(std::bit_cast<_Float16>(uint16_t(word >> (16 * index))));
  }
};

template <typename A, typename B, typename Wide, uint32_t K> void multiplyAs(Block &block) {
  constexpr uint32_t perRegister = 4 / sizeof(A), chunks = K / (4 * perRegister);
  Wide a[16][K], b[K][8], d[16][8];
  for (uint32_t lane = 0; lane < warpLanes; ++lane) {
    const uint32_t *words = block.lane(lane).words, g = lane / 4, t = lane % 4;
    for (uint32_t c = 0; c < chunks; ++c) {
      for (uint32_t e = 0; e < perRegister; ++e) {
        const uint32_t k = (4 * c + t) * perRegister + e;
        a[g][k] = Widen<A, Wide>::of(words[2 * c], e);
        a[g + 8][k] = Widen<A, Wide>::of(words[2 * c + 1], e);
        b[k][g] = Widen<B, Wide>::of(words[2 * chunks + c], e);
      }
    }
    for (uint32_t i = 0; i < 4; ++i) {
      std::memcpy(&d[g + i / 2 * 8][2 * t + i % 2], &words[3 * chunks + i], sizeof(Wide));
    }
  }
  for (uint32_t row = 0; row < 16; ++row) {
    for (uint32_t k = 0; k < K; ++k) {
      for (uint32_t column = 0; column < 8; ++column) {
        d[row][column] += a[row][k] * b[k][column];
      }
    }
  }
  for (uint32_t lane = 0; lane < warpLanes; ++lane) {
    for (uint32_t i = 0; i < 4; ++i) {
      std::memcpy(&block.lane(lane).words[i], &d[lane / 4 + i / 2 * 8][2 * (lane % 4) + i % 2], sizeof(Wide));
    }
  }
}

} // namespace

void multiply(Block &block, WarpOperation operation) {
  switch (operation) {
  case WarpOperation::MmaS8K32:
    return multiplyAs<int8_t, int8_t, int32_t, 32>(block);
  case WarpOperation::MmaU8S8K32:
    return multiplyAs<uint8_t, int8_t, int32_t, 32>(block);
  case WarpOperation::MmaS8U8K32:
    return multiplyAs<int8_t, uint8_t, int32_t, 32>(block);
  case WarpOperation::MmaU8K32:
    return multiplyAs<uint8_t, uint8_t, int32_t, 32>(block);
  case WarpOperation::MmaS8K16:
    return multiplyAs<int8_t, int8_t, int32_t, 16>(block);
  case WarpOperation::MmaU8S8K16:
    return multiplyAs<uint8_t, int8_t, int32_t, 16>(block);
  case WarpOperation::MmaBf16K16:
    return multiplyAs<Bf16, Bf16, float, 16>(block);
  case WarpOperation::MmaBf16K8:
    return multiplyAs<Bf16, Bf16, float, 8>(block);
  default:
    return multiplyAs<_Float16, _Float16, float, 16>(block);
  }
}

} // namespace lapidary::cuda::emulator
