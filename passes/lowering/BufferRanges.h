//===- BufferRanges.h - which columns of which buffer an op touches --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Views are followed to the buffer they are made of; barriers, the memory plan and the argument blocks all ask here.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_BUFFERRANGES_H
#define LAPIDARY_PASSES_LOWERING_BUFFERRANGES_H

#include "dialects/kernel/Kernel.h"

namespace lapidary {

/// Columns [begin, end) of `root` (a kernel.alloc or kernel.logits), whole groups of 32.
struct BufferRange {
  mlir::Value root;
  int64_t begin = 0, end = 0;

  bool meets(const BufferRange &other) const { return root == other.root && begin < other.end && other.begin < end; }
};

/// The columns that a kernel touches when it is given `buffer`.
BufferRange rangeOf(mlir::Value buffer);

/// The cache that `op` reads or writes; null for ops without one.
mlir::FlatSymbolRefAttr cacheOf(mlir::Operation *op);

} // namespace lapidary

#endif // LAPIDARY_PASSES_LOWERING_BUFFERRANGES_H
