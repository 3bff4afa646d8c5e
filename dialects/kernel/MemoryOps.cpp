//===- MemoryOps.cpp - verifiers of weights and views ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A packed weight has exactly one origin; a view stays inside its buffer.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;
using namespace lapidary::kernel;

LogicalResult PackedWeightOp::verify() {
  if (getSources().has_value() == getValues().has_value()) {
    return emitOpError() << "found " << (getSources() ? "both sources and values" : "neither sources nor values")
                         << ", expected one of them";
  }
  if (getSources() && getSources()->empty()) {
    return emitOpError("found no sources, expected at least 1");
  }
  if (getValues()) {
    int64_t count = getValues()->size();
    if (failed(expectShape(*this, "a weight made of values", getType(), {count}))) {
      return failure();
    }
  }
  return expectAtLeast(*this, "offset", getOffset(), 0);
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<PackedWeightOp>(*this, getWeightAttr());
  if (!weight) {
    return emitOpError() << "found no kernel.packed_weight named " << getWeightAttr();
  }
  return expectType(*this, "result", getType(), weight.getType());
}

LogicalResult ColumnsOp::verify() {
  BufferType input = bufferOf(getInput());
  BufferType result = bufferOf(getResult());
  if (failed(expectRows(*this, "the result", result, input)) ||
      failed(expectBetween(*this, "column count of the result", result.getColumns(), 1, input.getColumns())) ||
      failed(expectBetween(*this, "offset", getOffset(), 0, input.getColumns() - result.getColumns()))) {
    return failure();
  }
  if (getOffset() % 16 != 0) {
    return emitOpError() << "offset is " << getOffset() << ", expected a multiple of 16";
  }
  return success();
}
