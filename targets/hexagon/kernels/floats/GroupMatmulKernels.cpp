// GroupMatmulKernels.cpp - products in the group formats, scaled by 32 lanes of floats.
// SPDX-License-Identifier: Apache-2.0
//
// Vectors have no fused multiply-add: a product and a sum, each rounded as Floats.h says.
#include "targets/hexagon/kernels/GroupProducts.h"
#include "targets/hexagon/kernels/floats/VectorMath.h"

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;

struct VectorScaling {
  struct Scales {
    V::Float rows;
    LAPIDARY_INLINE Scales(const uint16_t *first, const uint16_t *second) {
      V::Float all[V::rowsAtOnce<uint16_t>]; // behind the scales lie integers
      V::rows(first, second, all);
      rows = all[0];
    }
    LAPIDARY_INLINE Scales(const int8_t *first, const int8_t *second) : rows(V::toFloat(V::rowWords(first, second))) {}
  };

  struct Total {
    V::Float rows = V::splat(0.0f);
    LAPIDARY_INLINE void multiply(const Scales &scales) { rows = V::mul(rows, scales.rows); }
    LAPIDARY_INLINE void store(float *to) const { V::store(rows, to); }
  };

  template <int Planes, int Rows, int Count>
  LAPIDARY_INLINE static void addDots(const HVX_Vector (&dots)[Rows], const Scales &weights,
                                      const float *const (&scales)[Rows], int group, Total (&totals)[Count]) {
    unrolled<Rows>([&](auto row) {
      alignas(VectorBytes) int32_t numbers[PairRows]; // stays in a register, unless floats are a model's
      storeAligned(dots[row], numbers);
      V::Float &total = totals[row / Planes].rows;
      total = V::mulAdd(V::toFloat(V::loadWords(numbers)), V::mul(weights.rows, V::splat(scales[row][group])), total);
    });
  }
};

} // namespace

LAPIDARY_GROUP_KERNELS(VectorScaling)
