//===- WeightSources.cpp - which rows of a packed weight come from where ------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one place that knows how tensors are stacked in a packed weight.
//===----------------------------------------------------------------------===//
#include "passes/layout/WeightSources.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

namespace {
constexpr int64_t stackAlignment = 32; // activation columns per vector group, LAP_COLUMN_PAD of ProgramAbi.h

int64_t rowsOf(RankedTensorType type) {
  int64_t rows = 1;
  for (int64_t size : type.getShape().drop_back()) {
    rows *= size;
  }
  return rows;
}
} // namespace

int64_t lapidary::stackedRows(int64_t rows, size_t sources) {
  return sources > 1 ? static_cast<int64_t>(llvm::alignTo(rows, stackAlignment)) : rows;
}

FailureOr<SmallVector<WeightSource>> lapidary::weightSources(kernel::PackedWeightOp packed) {
  SmallVector<WeightSource> sources;
  if (!packed.getSources()) {
    return sources;
  }
  uint64_t next = 0;
  for (auto name : packed.getSources()->getAsRange<FlatSymbolRefAttr>()) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<gemma::WeightOp>(packed, name);
    if (!weight) {
      return packed.emitError() << "source '" << name.getValue() << "' is not a gemma.weight of this module";
    }
    int64_t rows = rowsOf(cast<RankedTensorType>(weight.getType()));
    sources.push_back({weight, next, static_cast<uint64_t>(rows)});
    next += stackedRows(rows, packed.getSources()->size());
  }
  return sources;
}
