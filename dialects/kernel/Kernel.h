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

class BufferType;

/// The items that an op cuts a row into. Lanes get equal shares of the items of all rows, in order.
struct RowItems {
  int64_t count = 0;   ///< in a row; 0: shared out in another way
  int64_t columns = 0; ///< of an item but the last; 0: the columns of a row in `count` equal parts

  /// `count` heads of equal width, or 1 for whole rows.
  static RowItems parts(int64_t count) { return {count, 0}; }
  /// Short rows are whole, others are cut every `chunkColumns` padded columns (runtime/src/cpu/Work.h, itemColumns).
  static RowItems chunks(BufferType rows);

  bool operator==(const RowItems &other) const { return count == other.count && columns == other.columns; }
};

constexpr int64_t wholeRowColumns = 4096, chunkColumns = 1024; ///< of RowItems::chunks

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
