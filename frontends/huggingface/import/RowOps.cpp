//===- RowOps.cpp - gemma ops with their result types worked out -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See RowOps.h. Shapes agree by construction: importGemma has compared every tensor with config.json before.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/import/RowOps.h"

using namespace mlir;

namespace lapidary {

/// Size of dimension `index` of a value's tensor type.
static int64_t dim(Value value, unsigned index) { return cast<RankedTensorType>(value.getType()).getDimSize(index); }

RankedTensorType rowsType(Builder &builder, ArrayRef<int64_t> shape) {
  SmallVector<int64_t, 3> full = {ShapedType::kDynamic};
  full.append(shape.begin(), shape.end());
  return RankedTensorType::get(full, builder.getF32Type());
}

void RowOps::enter(StringRef name) { current = NameLoc::get(builder.getStringAttr(name)); }

Value RowOps::embedding(Value ids, Value table, float scale) {
  return gemma::EmbeddingOp::create(builder, current, rowsType(builder, {dim(table, 1)}), ids, table,
                                    builder.getF32FloatAttr(scale), gemma::FormatAttr());
}

Value RowOps::linear(Value x, Value weight) {
  return gemma::LinearOp::create(builder, current, rowsType(builder, {dim(weight, 0)}), x, weight);
}

Value RowOps::rmsNorm(Value x, Value weight) {
  return gemma::RmsNormOp::create(builder, current, x.getType(), x, weight,
                                  builder.getF32FloatAttr(static_cast<float>(eps)));
}

Value RowOps::add(Value a, Value b) { return gemma::AddOp::create(builder, current, a.getType(), a, b); }

Value RowOps::mul(Value a, Value b) { return gemma::MulOp::create(builder, current, a.getType(), a, b); }

Value RowOps::gelu(Value x) { return gemma::GeluOp::create(builder, current, x.getType(), x); }

Value RowOps::staticRound(Value x, FloatAttr step) {
  return gemma::StaticRoundOp::create(builder, current, x.getType(), x, step);
}

Value RowOps::scale(Value x, float factor) {
  return gemma::ScaleOp::create(builder, current, x.getType(), x, builder.getF32FloatAttr(factor));
}

Value RowOps::scaleByWeight(Value x, Value weight) {
  return gemma::ScaleByWeightOp::create(builder, current, x.getType(), x, weight);
}

Value RowOps::softcap(Value x, float cap) {
  return gemma::SoftcapOp::create(builder, current, x.getType(), x, builder.getF32FloatAttr(cap));
}

Value RowOps::splitHeads(Value x, int64_t heads) {
  return gemma::SplitHeadsOp::create(builder, current, rowsType(builder, {heads, dim(x, 1) / heads}), x);
}

Value RowOps::mergeHeads(Value x) {
  return gemma::MergeHeadsOp::create(builder, current, rowsType(builder, {dim(x, 1) * dim(x, 2)}), x);
}

Value RowOps::sliceColumns(Value x, int64_t offset, int64_t size) {
  return gemma::SliceColumnsOp::create(builder, current, rowsType(builder, {size}), x,
                                       builder.getI64IntegerAttr(offset));
}

Value RowOps::rotary(Value x, Value positions, const RotaryConfig &rotary) {
  return gemma::RotaryOp::create(builder, current, x.getType(), x, positions, builder.getF64FloatAttr(rotary.theta),
                                 builder.getI64IntegerAttr(rotary.rotatedPairs),
                                 builder.getF64FloatAttr(rotary.factor));
}

Value RowOps::attention(Value query, Value keys, Value values, Value positions, int64_t window) {
  int64_t heads = dim(query, 1);
  Type scoresType = rowsType(builder, {heads, ShapedType::kDynamic});
  Value scores = gemma::HeadScoresOp::create(builder, current, scoresType, query, keys);
  Value masked =
      gemma::MaskScoresOp::create(builder, current, scoresType, scores, positions, builder.getI64IntegerAttr(window));
  Value weights = gemma::SoftmaxOp::create(builder, current, scoresType, masked);
  return gemma::HeadMixOp::create(builder, current, rowsType(builder, {heads, dim(values, 2)}), weights, values);
}

std::pair<Value, Value> RowOps::route(Value logits, Value expertScale, int64_t topK) {
  auto indices = RankedTensorType::get({ShapedType::kDynamic, topK}, builder.getI32Type());
  auto route = gemma::RouteOp::create(builder, current, rowsType(builder, {topK}), indices, logits, expertScale,
                                      builder.getI64IntegerAttr(topK));
  return {route.getWeights(), route.getIndices()};
}

} // namespace lapidary
