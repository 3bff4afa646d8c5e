//===- Kernel.h - the kernel dialect, for C++ -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything a pass or a target needs of the dialect: types, attributes, the ComputeOp interface and op classes, all
// generated from the .td files of this folder. README.md says why each op exists.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_KERNEL_H
#define LAPIDARY_DIALECTS_KERNEL_KERNEL_H

#include "dialects/gemma/Gemma.h"

namespace lapidary::kernel {

/// The buffer operands of a compute op without its last `written` operands: what a destination-style op reads.
llvm::SmallVector<mlir::Value> leadingBuffers(mlir::Operation *op, size_t written);

} // namespace lapidary::kernel

#include "dialects/kernel/KernelDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/kernel/KernelTypes.h.inc"

#include "dialects/kernel/ComputeOp.h.inc"

#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

#endif // LAPIDARY_DIALECTS_KERNEL_KERNEL_H
