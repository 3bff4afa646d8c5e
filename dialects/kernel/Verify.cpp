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

LogicalResult expectStepOf(Operation *op, BufferType buffer, FloatAttr step) {
  bool needed = buffer.getElement() == "i8";
  if (needed != static_cast<bool>(step)) {
    return op->emitOpError() << "buffer element is " << buffer.getElement() << ", expected " << (needed ? "a" : "no")
                             << " step for it";
  }
  return step ? expectPositive(op, "step", step.getValue()) : success();
}

LogicalResult expectMatchingStorage(Operation *op, BufferType input, PackedType weight) {
  bool integer = weight.getFormat().isInteger(), rows = integer && weight.getFormat().getScale() == "f32";
  StringRef one = !integer ? "f32" : rows ? "i8" : "q8", two = !integer ? "f32" : rows ? "r24" : "q24";
  if (input.getElement() == one || input.getElement() == two) {
    return success();
  }
  return op->emitOpError() << "input element is " << input.getElement() << ", expected " << one
                           << (integer ? (" or " + two).str() : "") << " for a weight stored as "
                           << weight.getFormat().getKind() << (rows ? " with a scale per row" : "");
}

} // namespace lapidary::kernel
