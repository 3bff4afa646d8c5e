//===- Verify.h - shared checks of the op verifiers -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every message of a verifier has one form: what was looked at, what was found, what was expected. These helpers keep
// it so, here and in the kernel dialect. `what` completes "'op' op <what> is <found>, expected <expected>".
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_VERIFY_H
#define LAPIDARY_DIALECTS_GEMMA_VERIFY_H

#include "dialects/gemma/Gemma.h"

namespace lapidary::gemma {

/// Fails unless `found` == `expected`; unknown sizes (`?`) are equal only to each other.
mlir::LogicalResult expectSize(mlir::Operation *op, const llvm::Twine &what, int64_t found, int64_t expected);

/// Fails unless `found` >= `least`.
mlir::LogicalResult expectAtLeast(mlir::Operation *op, llvm::StringRef what, int64_t found, int64_t least);

/// Fails unless `least` <= `found` <= `most`.
mlir::LogicalResult expectBetween(mlir::Operation *op, llvm::StringRef what, int64_t found, int64_t least,
                                  int64_t most);

/// Fails unless `found` > 0 (NaN fails too).
mlir::LogicalResult expectPositive(mlir::Operation *op, llvm::StringRef what, const llvm::APFloat &found);

/// Fails unless `found` and `expected` are the same type.
mlir::LogicalResult expectType(mlir::Operation *op, llvm::StringRef what, mlir::Type found, mlir::Type expected);

/// Shape of rows, ids, a checkpoint weight, `!gemma.q8` or a packed weight (logical).
llvm::SmallVector<int64_t, 3> shapeOf(mlir::Type type);

/// Fails unless `name` has shape `expected`, and says which number differs: "rows", "columns" and so on by rank.
/// Dimensions given as `kAnySize` are not compared.
inline constexpr int64_t kAnySize = -2;
mlir::LogicalResult expectShape(mlir::Operation *op, llvm::StringRef name, mlir::Type type,
                                llvm::ArrayRef<int64_t> expected);

/// a * b; unknown if a factor is unknown or the product does not fit, so that no real size equals it.
int64_t sizeProduct(int64_t a, int64_t b);

/// Fails unless `heads` query heads can be shared out evenly over `kvHeads` (both at least 1).
mlir::LogicalResult expectHeadGroups(mlir::Operation *op, int64_t heads, int64_t kvHeads);

} // namespace lapidary::gemma

#endif // LAPIDARY_DIALECTS_GEMMA_VERIFY_H
