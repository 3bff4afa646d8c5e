//===- ErrorFeedback.h - 4-bit integers that correct each other ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rounding every weight to its nearest multiple ignores that inputs are correlated: the error that one column makes can
// be taken back, for the inputs the model really sees, by columns that are rounded after it. What those inputs look
// like is their matrix of second moments H = X^T X (X: one row per observed token), kept in diagonal blocks of
// LAP_MOMENT_BLOCK columns.
//
// With H + damping = M D M^T (M unit upper triangular, D diagonal), rounding column j with error e adds e * e * D[j] to
// the squared error of the outputs, and the best answer of a later column k is to take away e * M^-1[j][k]
// (GPTQ, arXiv:2210.17323, with LDL^T in place of the inverse's Cholesky factor). Each group's scale is the candidate
// of GroupScale.cpp that makes this sum least, feedback inside the group included. Groups are rounded in the order of
// their inputs' energy, largest first, while the most columns are left to take errors back. RoundingDescent.h improves
// the result.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_ERRORFEEDBACK_H
#define LAPIDARY_TARGETS_COMMON_PACKING_ERRORFEEDBACK_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace lapidary {

/// The factored moments of one weight's input; immutable, so threads share it.
class ErrorFeedback {
public:
  static constexpr uint64_t rowsAtOnce = 8; ///< rows are the lanes of a vector

  /// `moments` as lap_observer collects them: [padded columns][momentStride(columns)]. Where they are zero or no
  /// numbers, all columns count the same.
  ErrorFeedback(llvm::ArrayRef<float> moments, uint64_t columns);

  /// Quantizes `rows` (1..rowsAtOnce) rows of `columns` values. `steps` [rowsAtOnce] are those of the rows' scales, or
  /// 0 (ScaleSteps.h). `integers` is [rowsAtOnce][padded columns], in -8..7; `scales` is [rowsAtOnce][padded columns /
  /// 32], bf16 values. A row's result does not depend on the others.
  void quantize(const float *values, uint64_t rows, const float *steps, int8_t *integers, float *scales) const;

private:
  struct Block {
    uint64_t first = 0, columns = 0; ///< padded
    std::vector<uint32_t> order;     ///< place -> column inside the block
    std::vector<float> feedback;     ///< [place k][place j < k] of M^-1[j][k]
    std::vector<float> weight;       ///< D by place
    std::vector<float> moments;      ///< [place][place], damped
  };

  static Block factor(llvm::ArrayRef<float> moments, uint64_t stride, uint64_t first, uint64_t columns);

  uint64_t columns, paddedColumns;
  std::vector<Block> blocks;
};

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_ERRORFEEDBACK_H
