//===- GridWeights.cpp - which weights were trained for 4 bits -----------------===//
// SPDX-License-Identifier: Apache-2.0
#include "compiler/GridWeights.h"

#include "compiler/WeightRows.h"
#include "dialects/gemma/Gemma.h"
#include "targets/common/packing/GroupGrid.h"

namespace lapidary {

namespace {

/// Groups of 32 columns that are not zero, and those of them that are on a grid.
struct GroupCounts {
  uint64_t all = 0, onGrid = 0;

  void addRow(llvm::ArrayRef<float> row) {
    for (; row.size() >= LAP_GROUP; row = row.drop_front(LAP_GROUP)) {
      float scale;
      int8_t integers[LAP_GROUP];
      const bool found = findGrid4(row.data(), scale, integers);
      const bool zeros = found && scale == 0;
      all += !zeros;
      onGrid += found && !zeros;
    }
  }
};

} // namespace

bool markGridWeights(mlir::ModuleOp module, const Checkpoint &checkpoint, Diagnostics &diagnostics) {
  constexpr uint64_t rowsLookedAt = 4;
  WeightRows rows;
  for (auto weight : module.getOps<gemma::WeightOp>()) {
    const TensorInfo *tensor = findFloats(checkpoint, weight.getSymName().str());
    llvm::ArrayRef<int64_t> shape = llvm::cast<mlir::RankedTensorType>(weight.getType()).getShape();
    if (!tensor || weight.getIntegers() || shape.size() < 2 || shape.back() < LAP_GROUP) {
      continue;
    }
    const uint64_t columns = static_cast<uint64_t>(shape.back()), all = tensor->elements() / columns;
    GroupCounts counts;
    for (uint64_t i = 0; i < std::min(rowsLookedAt, all); ++i) {
      if (!readTensorRows(*tensor, columns, i * all / rowsLookedAt, 1, checkpoint, rows, diagnostics)) {
        return false;
      }
      counts.addRow(llvm::ArrayRef(rows.values).take_front(columns));
    }
    if (counts.onGrid * 2 > counts.all) {
      weight.setOnGrid(true);
    }
  }
  return true;
}

} // namespace lapidary
