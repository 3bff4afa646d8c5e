//===- Verify.h - shared checks of the kernel verifiers -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Buffers are compared by rows (per token or fixed) and logical columns. Wording comes from dialects/gemma/Verify.h.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_KERNEL_VERIFY_H
#define LAPIDARY_DIALECTS_KERNEL_VERIFY_H

#include "dialects/gemma/Verify.h"
#include "dialects/kernel/Kernel.h"

namespace lapidary::kernel {

using gemma::expectAtLeast;
using gemma::expectBetween;
using gemma::expectHeadGroups;
using gemma::expectPositive;
using gemma::expectShape;
using gemma::expectSize;
using gemma::expectType;
using gemma::kAnySize;
using gemma::shapeOf;
using gemma::sizeProduct;

/// The buffer type of an operand.
inline BufferType bufferOf(mlir::Value value) { return llvm::cast<BufferType>(value.getType()); }

/// Fails unless `name` has as many rows as `like`, times `factor`.
mlir::LogicalResult expectRows(mlir::Operation *op, llvm::StringRef name, BufferType found, BufferType like,
                               int64_t factor = 1);

/// Fails unless `name` has `columns` columns.
mlir::LogicalResult expectColumns(mlir::Operation *op, llvm::StringRef name, BufferType found, int64_t columns);

/// Fails unless `name` has the rows and columns of `like`; elements may differ.
mlir::LogicalResult expectSameSize(mlir::Operation *op, llvm::StringRef name, BufferType found, BufferType like);

/// Fails unless `step` is there, and positive, exactly for i8 buffers.
mlir::LogicalResult expectStepOf(mlir::Operation *op, BufferType buffer, mlir::FloatAttr step);

/// Fails unless the input has the element that the storage of the weight needs.
mlir::LogicalResult expectMatchingStorage(mlir::Operation *op, BufferType input, PackedType weight);

} // namespace lapidary::kernel

#endif // LAPIDARY_DIALECTS_KERNEL_VERIFY_H
