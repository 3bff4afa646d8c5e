// FloatMatmulKernels.cpp - products with float weights (targets/common/algorithms/Matmul.h, FloatMatmul).
// SPDX-License-Identifier: Apache-2.0
//
// For checkpoints that are compiled unquantized, to compare with: a DSP has no vectors for them before version 68, and
// from then on none that round as these do. Columns are added in order, one fused multiply-add each.
#include "targets/hexagon/kernels/Math.h"

using namespace lap::hexagon;
using lap::B;

namespace {

template <typename Weight> void multiply(B x, B w, B out) {
  const int columns = extent(x, 0), tokens = extent(out, 1), tiles = extent(out, 2);
  for (int tile = 0; tile < tiles; ++tile) {
    for (int token = 0; token < tokens; ++token) {
      const Weight *weight = data<Weight>(w) + tile * stride(w, 2);
      const float *values = floats(x) + token * stride(x, 1);
      float sums[LAP_ROW_TILE] = {};
      for (int column = 0; column < columns; ++column, weight += LAP_ROW_TILE) {
        for (int row = 0; row < LAP_ROW_TILE; ++row) {
          sums[row] = fusedMulAdd(asFloat(weight[row]), values[column], sums[row]);
        }
      }
      float *to = floats(out) + token * stride(out, 1) + tile * LAP_ROW_TILE;
      for (int row = 0; row < LAP_ROW_TILE; ++row) {
        to[row] = sums[row];
      }
    }
  }
}

} // namespace

LAPIDARY_KERNEL(f32_matvec_16x1)(B x, B w, B out) { return multiply<float>(x, w, out), 0; }
LAPIDARY_KERNEL(f32_matmat_16x8)(B x, B w, B out) { return multiply<float>(x, w, out), 0; }
LAPIDARY_KERNEL(bf16_matvec_16x1)(B x, B w, B out) { return multiply<uint16_t>(x, w, out), 0; }
LAPIDARY_KERNEL(bf16_matmat_16x8)(B x, B w, B out) { return multiply<uint16_t>(x, w, out), 0; }
