//===- Verify.cpp - shared checks of the kernel verifiers -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// How buffers are compared, in one place.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Verify.h"

using namespace mlir;

namespace lapidary::kernel {

/// Rows as the type prints them.
static std::string rowsText(bool perToken, int64_t rows) {
  return std::to_string(rows) + (perToken ? " per token" : " fixed");
}

LogicalResult expectRows(Operation *op, StringRef name, BufferType found, BufferType like, int64_t factor) {
  int64_t rows = sizeProduct(like.getRows(), factor);
  if (found.getPerToken() == like.getPerToken() && found.getRows() == rows) {
    return success();
  }
  return op->emitOpError() << "row count of " << name << " is " << rowsText(found.getPerToken(), found.getRows())
                           << ", expected " << rowsText(like.getPerToken(), rows);
}

LogicalResult expectColumns(Operation *op, StringRef name, BufferType found, int64_t columns) {
  return expectSize(op, "column count of " + name, found.getColumns(), columns);
}

LogicalResult expectSameSize(Operation *op, StringRef name, BufferType found, BufferType like) {
  return success(succeeded(expectRows(op, name, found, like)) &&
                 succeeded(expectColumns(op, name, found, like.getColumns())));
}

LogicalResult expectMatchingStorage(Operation *op, BufferType input, PackedType weight) {
  bool integer = weight.getFormat().isInteger();
  if (integer == (input.getElement() == "q8")) {
    return success();
  }
  return op->emitOpError() << "input element is " << input.getElement() << ", expected " << (integer ? "q8" : "f32")
                           << " for a weight stored as " << weight.getFormat().getKind();
}

} // namespace lapidary::kernel
