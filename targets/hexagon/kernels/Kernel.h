//===- Kernel.h - what every Hexagon kernel's file needs ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels have the names that kernelSymbol(kernelName(..)) gives (targets/common/KernelNames.h) and the signatures of
// runtime/src/cpu/Kernels.h, so the drivers cannot tell them from kernels that Halide made for another machine. The
// numbers are those of targets/common/algorithms, addition by addition: a program for Hexagon has the bits of one for
// x86-64.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_KERNEL_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_KERNEL_H

#include "lapidary/ProgramAbi.h"
#include "runtime/src/cpu/Kernels.h"
#include "targets/common/kernels/Unroll.h"

#include <stdint.h>

#define LAPIDARY_JOINED(name, isa) name##_##isa
#define LAPIDARY_SYMBOL(name, isa) LAPIDARY_JOINED(name, isa)
/// Starts a kernel's definition: LAPIDARY_KERNEL(f32_add_1x16)(lap::B a, ..) { .. }. LAPIDARY_ISA is the command
/// line's.
#define LAPIDARY_KERNEL(name) extern "C" int LAPIDARY_SYMBOL(name, LAPIDARY_ISA)

namespace lap::hexagon {

using kernels::unrolled;

/// The elements of a buffer.
template <typename T> LAPIDARY_INLINE T *data(B buffer) { return reinterpret_cast<T *>(buffer->host); }
LAPIDARY_INLINE float *floats(B buffer) { return data<float>(buffer); }
LAPIDARY_INLINE int extent(B buffer, int axis) { return buffer->dim[axis].extent; }
/// In elements. Distances within what one kernel sees stay below 2^31 (runtime/src/cpu/Product.cpp).
LAPIDARY_INLINE int stride(B buffer, int axis) { return buffer->dim[axis].stride; }

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_KERNEL_H
