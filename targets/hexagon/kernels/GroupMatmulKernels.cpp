// GroupMatmulKernels.cpp - products in the group formats, scaled by the scalar unit.
// SPDX-License-Identifier: Apache-2.0
//
// With the bits of every other machine: one fused multiply-add for a row and a group, which vectors do not have. What
// can be done in vectors of integers is: dots and scales become floats there, so that the scalar unit has two products,
// two sums and two pairs of loads and stores for two rows. On a DSP the row formats are several times as fast.
#include "targets/hexagon/kernels/GroupProducts.h"
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;

namespace {

struct ScalarScaling {
  struct Scales {
    alignas(VectorBytes) float rows[PairRows];
    LAPIDARY_INLINE Scales(const uint16_t *first, const uint16_t *second) {
      storeAligned(widenBf16(first, second), rows);
    }
    LAPIDARY_INLINE Scales(const int8_t *first, const int8_t *second) {
      storeAligned(floatsOf(widenBytes(first, second)), rows);
    }
  };

  struct Total {
    alignas(VectorBytes) float rows[PairRows] = {};
    LAPIDARY_INLINE void multiply(const Scales &scales) {
      for (int row = 0; row < PairRows; ++row) {
        rows[row] *= scales.rows[row];
      }
    }
    LAPIDARY_INLINE void store(float *to) const { __builtin_memcpy(to, rows, sizeof(rows)); }
  };

  template <int Planes, int Rows, int Count>
  LAPIDARY_INLINE static void addDots(const HVX_Vector (&dots)[Rows], const Scales &weights,
                                      const float *const (&scales)[Rows], int group, Total (&totals)[Count]) {
    alignas(VectorBytes) float values[Rows][PairRows];
    unrolled<Rows>([&](auto row) { storeAligned(floatsOf(dots[row]), values[row]); });
    for (int row = 0; row < Rows; ++row) {
      add(values[row], weights.rows, scales[row][group], totals[row / Planes].rows);
    }
  }

  struct Two {
    float first, second;
  };
  LAPIDARY_INLINE static Two two(const float *from) {
    return __builtin_bit_cast(Two, *reinterpret_cast<const uint64_t *>(from)); // one load
  }

  LAPIDARY_INLINE static void add(const float *values, const float *weights, float scale, float *totals) {
    for (int row = 0; row < PairRows; row += 2) {
      const Two value = two(values + row), weight = two(weights + row), total = two(totals + row);
      const Two sum = {fusedMulAdd(value.first, weight.first * scale, total.first),
                       fusedMulAdd(value.second, weight.second * scale, total.second)};
      *reinterpret_cast<uint64_t *>(totals + row) = __builtin_bit_cast(uint64_t, sum);
    }
  }
};

} // namespace

LAPIDARY_GROUP_KERNELS(ScalarScaling)
