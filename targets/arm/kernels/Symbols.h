//===- Symbols.h - the C symbols of the kernels ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The names that kernelSymbol(kernelName(..)) gives (targets/common/KernelNames.h); `isa` is the last word of them, and
// `Isa` the policy (Neon.h, Dotprod.h, I8mm.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_ARM_KERNELS_SYMBOLS_H
#define LAPIDARY_TARGETS_ARM_KERNELS_SYMBOLS_H

#include "targets/arm/kernels/GroupMatmat.h"
#include "targets/arm/kernels/RowMatmat.h"

#define LAPIDARY_GROUP_KERNEL(format, symbol, function, Isa)                                                           \
  extern "C" int symbol(lap::B values, lap::B scales, lap::B sums, lap::B weightScales, lap::B weights, lap::B out) {  \
    lap::arm::function<lap::arm::Isa, format>({values, scales, weightScales, weights, out});                           \
    return 0;                                                                                                          \
  }
/// Scales in steps: a tile begins with those.
#define LAPIDARY_STEPPED_KERNEL(format, symbol, function, Isa)                                                         \
  extern "C" int symbol(lap::B values, lap::B scales, lap::B sums, lap::B steps, lap::B weightScales, lap::B weights,  \
                        lap::B out) {                                                                                  \
    lap::arm::function<lap::arm::Isa, format>({values, scales, steps, weights, out});                                  \
    return 0;                                                                                                          \
  }
#define LAPIDARY_ROW_KERNEL(format, symbol, function, Isa)                                                             \
  extern "C" int symbol(lap::B values, lap::B inputScales, lap::B weightScales, lap::B weights, float step,            \
                        lap::B out) {                                                                                  \
    lap::arm::function<lap::arm::Isa, format>({values, inputScales, weightScales, weights, step, out});                \
    return 0;                                                                                                          \
  }

/// All group or row kernels of an instruction set.
#define LAPIDARY_GROUP_KERNELS(isa, Isa)                                                                               \
  LAPIDARY_GROUP_KERNEL(LAP_W8G32, w8g32_bf16s_matvec_16x1_##isa, groupMatvec, Isa)                                    \
  LAPIDARY_GROUP_KERNEL(LAP_W8G32, w8g32_bf16s_matmat_16x8_##isa, groupMatmat, Isa)                                    \
  LAPIDARY_GROUP_KERNEL(LAP_W4G32, w4g32_bf16s_matvec_16x1_##isa, groupMatvec, Isa)                                    \
  LAPIDARY_GROUP_KERNEL(LAP_W4G32, w4g32_bf16s_matmat_16x8_##isa, groupMatmat, Isa)                                    \
  LAPIDARY_STEPPED_KERNEL(LAP_W4G32S8, w4g32_i8s_matvec_16x1_##isa, groupMatvec, Isa)                                  \
  LAPIDARY_STEPPED_KERNEL(LAP_W4G32S8, w4g32_i8s_matmat_16x8_##isa, groupMatmat, Isa)
#define LAPIDARY_ROW_KERNELS(isa, Isa)                                                                                 \
  LAPIDARY_ROW_KERNEL(LAP_W2ROW, w2row_f32s_matvec_16x1_##isa, rowMatvec, Isa)                                         \
  LAPIDARY_ROW_KERNEL(LAP_W2ROW, w2row_f32s_matmat_16x8_##isa, rowMatmat, Isa)                                         \
  LAPIDARY_ROW_KERNEL(LAP_W4ROW, w4row_f32s_matvec_16x1_##isa, rowMatvec, Isa)                                         \
  LAPIDARY_ROW_KERNEL(LAP_W4ROW, w4row_f32s_matmat_16x8_##isa, rowMatmat, Isa)                                         \
  LAPIDARY_ROW_KERNEL(LAP_W8ROW, w8row_f32s_matvec_16x1_##isa, rowMatvec, Isa)                                         \
  LAPIDARY_ROW_KERNEL(LAP_W8ROW, w8row_f32s_matmat_16x8_##isa, rowMatmat, Isa)

#endif // LAPIDARY_TARGETS_ARM_KERNELS_SYMBOLS_H
