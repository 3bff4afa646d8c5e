//===- KernelDialect.cpp - registration -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Registers what TableGen generated, and answers the question that every compute op shares: which of its operands are
// buffers that it reads.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Kernel.h"

using namespace mlir;
using namespace lapidary::kernel;

#include "dialects/kernel/ComputeOp.cpp.inc"
#include "dialects/kernel/KernelDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

RowItems RowItems::chunks(BufferType rows) {
  const int64_t columns = rows.getPaddedColumns();
  if (columns <= wholeRowColumns) {
    return parts(1);
  }
  return {static_cast<int64_t>(llvm::divideCeil(columns, chunkColumns)), chunkColumns};
}

SmallVector<Value> lapidary::kernel::leadingBuffers(Operation *op, size_t written) {
  SmallVector<Value> buffers;
  for (Value operand : op->getOperands().drop_back(written)) {
    if (isa<BufferType>(operand.getType())) {
      buffers.push_back(operand);
    }
  }
  return buffers;
}
