//===- WeightGroups.h - weights that must be stored alike --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A format is a property of stored bytes, so it is decided not for an op but for everything that shares the bytes: all
// readers of a weight, and all weights that one reader needs as one matrix. A tied output head is the exception: its
// matrix is the token table's, but it may be stored once more, so it is a group of its own.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_WEIGHTGROUPS_H
#define LAPIDARY_PASSES_QUANTIZATION_WEIGHTGROUPS_H

#include "dialects/gemma/Gemma.h"

#include "mlir/IR/BuiltinOps.h"

namespace lapidary {

/// Weights that get one format, and the ops that read them.
struct WeightGroup {
  llvm::SmallVector<mlir::StringAttr> weights;  ///< symbol names, in order of first use
  llvm::SmallVector<mlir::Operation *> readers; ///< linear, embedding and experts ops
  mlir::Type elementType;                       ///< the checkpoint's, of the first weight
  bool isRouter = false;                        ///< a reader's result feeds gemma.route
  bool isNarrow = false;                        ///< a matrix has fewer columns than one group of scales
  bool isEmbeddingOrHead = false;               ///< token table or output head
  bool isTiedHead = false;                      ///< an output head that multiplies with the token table
  bool isOnGrid = false;                        ///< a weight is integers times bf16 scales already (gemma.weight)
  bool isExperts = false;                       ///< read by gemma.experts, which has no kernels for row scales
};

/// What overrides call a tied head; untied ones have a matrix of this name in the checkpoint.
constexpr llvm::StringLiteral tiedHeadName = "lm_head.weight";

/// Columns that share one scale in the integer formats.
constexpr int64_t scaleGroup = 32;

/// True for tensors of integers, whose format is the checkpoint's decision.
inline bool isCheckpointInteger(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && tensor.getElementType().isInteger();
}

/// The symbol of a weight operand; empty for integers of the checkpoint and for what is not one tensor of it.
llvm::StringRef checkpointSymbol(mlir::Value weight);

/// True for the product whose logits are returned.
bool isOutputHead(gemma::LinearOp linear);

/// True for the table whose rows enter the residual stream whole; per-layer embeddings are split by layer.
bool isTokenTable(gemma::EmbeddingOp embedding);

/// Groups the weights of all linear, embedding and experts ops, in order of first use, except those that the checkpoint
/// stores as integers. Reports an op whose weight is
/// not a checkpoint tensor (gemma.get_weight, gemma.concat_rows) any more or never was.
mlir::FailureOr<std::vector<WeightGroup>> collectWeightGroups(mlir::ModuleOp module);

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_WEIGHTGROUPS_H
