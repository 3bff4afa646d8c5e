//===- RotaryTables.cpp - cos and sin once per call and kind of head -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// All layers of one kind rotate by the same angles, so a function computes each table once and every norm_rotary reads
// it. The frequencies are constants: computed here in double, rounded to f32 once, stored as a packed vector.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Bufferizer.h"

#include <cmath>

using namespace mlir;
using namespace lapidary;

/// theta^(-2j/dim) / factor for the rotated pairs, 0 (no rotation) for the rest; gemma4-spec 4.3.
static SmallVector<float> frequencies(gemma::NormRotaryOp op, int64_t dim) {
  SmallVector<float> values(dim / 2, 0.0f);
  double theta = op.getTheta().convertToDouble(), factor = op.getFactor().convertToDouble();
  int64_t pairs = std::min<int64_t>(op.getPairs(), dim / 2);
  for (int64_t j = 0; j < pairs; ++j) {
    values[j] = static_cast<float>(std::pow(theta, -2.0 * j / dim) / factor);
  }
  return values;
}

FailureOr<Value> Bufferizer::rotaryTable(gemma::NormRotaryOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  int64_t dim = type.getDimSize(2);
  if (dim % 2 != 0) {
    return op.emitOpError() << "head size is " << dim << ", expected an even number";
  }
  auto format = gemma::FormatAttr::get(op.getContext(), "f32", 0);
  kernel::PackedType packed = target.packedType({dim / 2}, format, WeightUse::Vector);
  kernel::PackedWeightOp symbol = symbols.find(op.getLoc(), frequencies(op, dim), packed);

  bool oneRow = !type.isDynamicDim(0);
  Value &table = tables[symbol][oneRow];
  if (!table) {
    table = allocate(kernel::BufferType::get(op.getContext(), !oneRow, 1, dim, "f32"), op.getLoc());
    kernel::RotaryTableOp::create(builder, op.getLoc(), weights.get(symbol, &*builder.getInsertionPoint()), table,
                                  ArrayAttr());
  }
  return table;
}
