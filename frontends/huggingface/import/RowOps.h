//===- RowOps.h - gemma ops with their result types worked out -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The blocks of a model read best as formulas. These helpers create one op each, compute its result type from its
// operands and take the location from whoever holds the builder, so that Blocks.cpp is the specification line by line.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_ROWOPS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_ROWOPS_H

#include "dialects/gemma/Gemma.h"
#include "frontends/huggingface/ModelConfig.h"

#include <utility>

namespace lapidary {

/// Rows are [tokens, columns] or [tokens, heads, dim], f32, `?` tokens.
class RowOps {
public:
  RowOps(mlir::OpBuilder &builder, double eps) : builder(builder), eps(eps) {}

  /// Ops created from now on carry the name `name` as their location, for example "layers.3.mlp".
  void enter(llvm::StringRef name);

  /// table[ids] * scale -> [tokens, columns of the table]
  mlir::Value embedding(mlir::Value ids, mlir::Value table, float scale);
  /// x W^T -> [tokens, rows of `weight`]
  mlir::Value linear(mlir::Value x, mlir::Value weight);
  /// Over the last dimension; `weight` may be null.
  mlir::Value rmsNorm(mlir::Value x, mlir::Value weight);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value gelu(mlir::Value x);
  mlir::Value scale(mlir::Value x, float factor);
  /// Multiples of `step` in int8.
  mlir::Value staticRound(mlir::Value x, mlir::FloatAttr step);
  mlir::Value scaleByWeight(mlir::Value x, mlir::Value weight);
  mlir::Value softcap(mlir::Value x, float cap);
  /// [tokens, heads * dim] -> [tokens, heads, dim]
  mlir::Value splitHeads(mlir::Value x, int64_t heads);
  /// [tokens, heads, dim] -> [tokens, heads * dim]
  mlir::Value mergeHeads(mlir::Value x);
  /// Columns offset .. offset + size - 1.
  mlir::Value sliceColumns(mlir::Value x, int64_t offset, int64_t size);
  mlir::Value rotary(mlir::Value x, mlir::Value positions, const RotaryConfig &rotary);
  /// Softmax(mask(q k^T)) v -> [tokens, heads, dim]; `window` 0 shows every earlier position.
  mlir::Value attention(mlir::Value query, mlir::Value keys, mlir::Value values, mlir::Value positions, int64_t window);
  /// Weights [tokens, topK] f32 and expert numbers [tokens, topK] i32.
  std::pair<mlir::Value, mlir::Value> route(mlir::Value logits, mlir::Value expertScale, int64_t topK);

  mlir::OpBuilder &builder;
  mlir::Location location() const { return current; }

private:
  double eps;
  mlir::Location current = builder.getUnknownLoc();
};

/// tensor<?x...xf32> with `shape` after the tokens.
mlir::RankedTensorType rowsType(mlir::Builder &builder, llvm::ArrayRef<int64_t> shape);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_IMPORT_ROWOPS_H
