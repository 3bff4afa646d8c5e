//===- BufferRanges.cpp - which columns of which buffer an op touches ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A view of 16 columns is taken as the 32 of its group: more than is touched, never less.
//===----------------------------------------------------------------------===//
#include "passes/lowering/BufferRanges.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lapidary;

BufferRange lapidary::rangeOf(Value buffer) {
  int64_t begin = 0, columns = cast<kernel::BufferType>(buffer.getType()).getPaddedColumns();
  while (auto view = buffer.getDefiningOp<kernel::ColumnsOp>()) {
    begin += view.getOffset();
    buffer = view.getInput();
  }
  return {buffer, begin, begin + columns};
}

FlatSymbolRefAttr lapidary::cacheOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, FlatSymbolRefAttr>(op)
      .Case<kernel::KvAppendOp, kernel::KvNormAppendOp, kernel::AttentionOp>(
          [](auto typed) { return typed.getCacheAttr(); })
      .Default([](Operation *) { return FlatSymbolRefAttr(); });
}
