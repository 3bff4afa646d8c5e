//===- PerLayerTable.cpp - what reads the rows of per-layer embeddings ---------===//
// SPDX-License-Identifier: Apache-2.0
//
//   %rows = gemma.embedding %ids, %table         whole rows: also split, scaled, added to
//   %slice = gemma.slice_columns %rows from 96   a slice: also times a gate
//   %out = gemma.linear (gemma.mul %gate, %slice), %weight
//===----------------------------------------------------------------------===//
#include "passes/quantization/PerLayerTable.h"

#include "passes/quantization/WeightGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace lapidary {

namespace {

class SliceWalk {
public:
  void visit(Operation *op);

  PerLayerTable result;

private:
  void visitEmbedding(gemma::EmbeddingOp embedding);
  void visitProduct(gemma::LinearOp linear);
  void passOn(Operation *op);

  llvm::DenseSet<Value> rows;
  llvm::DenseMap<Value, uint64_t> slices; ///< -> first column
};

void SliceWalk::visitEmbedding(gemma::EmbeddingOp embedding) {
  if (!isTokenTable(embedding)) {
    result.table = checkpointSymbol(embedding.getTable()).str();
    rows.insert(embedding.getResult());
  }
}

void SliceWalk::visitProduct(gemma::LinearOp linear) {
  StringRef symbol = checkpointSymbol(linear.getWeight());
  if (auto found = slices.find(linear.getInput()); found != slices.end() && !symbol.empty()) {
    result.readings.push_back({symbol.str(), found->second});
  }
}

/// The result is what an operand is.
void SliceWalk::passOn(Operation *op) {
  for (Value operand : op->getOperands()) {
    if (rows.contains(operand)) {
      rows.insert(op->getResult(0));
    } else if (auto found = slices.find(operand); found != slices.end()) {
      const uint64_t first = found->second;
      slices[op->getResult(0)] = first;
    }
  }
}

void SliceWalk::visit(Operation *op) {
  if (auto embedding = dyn_cast<gemma::EmbeddingOp>(op)) {
    visitEmbedding(embedding);
  } else if (isa<gemma::SplitHeadsOp, gemma::MergeHeadsOp, gemma::AddOp, gemma::ScaleOp, gemma::StaticRoundOp,
                 gemma::MulOp>(op)) {
    passOn(op);
  } else if (auto slice = dyn_cast<gemma::SliceColumnsOp>(op); slice && rows.contains(slice.getInput())) {
    slices[slice.getResult()] = static_cast<uint64_t>(slice.getOffset());
  } else if (auto linear = dyn_cast<gemma::LinearOp>(op)) {
    visitProduct(linear);
  }
}

} // namespace

PerLayerTable findPerLayerTable(ModuleOp module) {
  SliceWalk walk;
  if (auto score = module.lookupSymbol<func::FuncOp>("score")) {
    score.walk([&](Operation *op) { walk.visit(op); });
  }
  return std::move(walk.result);
}

} // namespace lapidary
