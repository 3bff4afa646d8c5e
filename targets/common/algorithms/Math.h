// Math.h - float building blocks of the algorithms.
// SPDX-License-Identifier: Apache-2.0
//
// Kernels are compiled with strict floats: nothing is reassociated or contracted, so a row's result cannot depend on
// how rows are batched. Fused multiply-adds are therefore written out (`fusedMulAdd`), and exp is ours, because its
// value at 0 and far below must be exactly 1 and 0 for masked attention keys to vanish.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATH_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_MATH_H

#include <Halide.h>

namespace lapidary {

/// a * b + c with one rounding.
Halide::Expr fusedMulAdd(Halide::Expr a, Halide::Expr b, Halide::Expr c);

/// e^x for finite float x, about 2 ulp; exactly 1 at 0, exactly 0 below -87.3, e^88 above 88.
Halide::Expr exponential(Halide::Expr x);

/// tanh(x) for finite float x, about 3 ulp, no overflow.
Halide::Expr hyperbolicTangent(Halide::Expr x);

/// uint16 bits of a bfloat16 -> float.
Halide::Expr fromBf16(Halide::Expr bits);

/// Finite float -> uint16 bits of the nearest bfloat16 (ties to even).
Halide::Expr toBf16(Halide::Expr value);

/// clamp(round(value / step), -128, 127) as int8; ties to even.
Halide::Expr toInt8(Halide::Expr value, Halide::Expr step);

/// The float value of an element read from a float, bfloat16 (uint16) or int8 buffer.
Halide::Expr asFloat(Halide::Expr element);

} // namespace lapidary

#endif
