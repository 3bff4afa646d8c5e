//===- Math.h - functions that several kernels need --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The same polynomials and roundings as targets/common/algorithms/Math.h, so that numbers agree with those of a CPU.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_MATH_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_MATH_H

#include "targets/cuda/kernels/KernelBuilder.h"

#include "lapidary/ProgramAbi.h"

namespace lapidary::cuda {

/// e^x: Cephes' expf. 0 below -87.3, bounded above by e^88.
Val exponential(Val x);
/// tanh x: Cephes' tanhf.
Val hyperbolicTangent(Val x);
/// cos and sin of a float angle up to 2^22, correctly rounded but for ties: reduced and evaluated in f64.
std::pair<Val, Val> cosineAndSine(KernelBuilder &k, Val angle);

/// f32 from the bits of a bf16 (i16 or the low half of an i32), and back, to nearest even.
Val fromBf16(KernelBuilder &k, Val bits);
Val toBf16(KernelBuilder &k, Val value); ///< i16
/// The lower (0) or upper (1) of two bf16 in an i32, as f32.
Val bf16OfPair(KernelBuilder &k, Val pair, unsigned index);
/// Two f32 as bf16, to nearest even (i32, `low` in its low half).
Val packBf16(KernelBuilder &k, Val low, Val high);
/// Two f32 as f16, to nearest even (vector of 2 f16, `low` first).
Val packF16(KernelBuilder &k, Val low, Val high);

/// clamp(round(value / step), -128, 127) as i8.
Val toInt8(KernelBuilder &k, Val value, Val step);

/// Sums for reduceWarp and reduceBlock.
inline Val sum(Val a, Val b) { return a + b; }
inline Val larger(Val a, Val b) { return maximum(a, b); }

/// Element `index` of K/V caches or float tables: f32, bf16 or int8 (the bare integer), as f32. `constant`: nobody
/// writes.
Val loadElement(KernelBuilder &k, lap_format element, Val base, Val index);
unsigned elementBytes(lap_format element);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_MATH_H
