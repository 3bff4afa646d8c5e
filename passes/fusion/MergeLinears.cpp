//===- MergeLinears.cpp - several products of one input become one ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The merged product stands where the first of the old ones stood, so it dominates every reader; the declarations of
// the weights have no operands and move in front of it.
//===----------------------------------------------------------------------===//
#include "passes/fusion/MergeLinears.h"

#include "support/Checked.h"

#include <limits>
#include <optional>

using namespace mlir;

namespace lapidary {

WeightReaders::WeightReaders(func::FuncOp function) {
  function.walk([&](gemma::GetWeightOp get) {
    unsigned uses = std::distance(get->use_begin(), get->use_end());
    readers[get.getWeightAttr().getAttr()] += uses;
  });
}

bool WeightReaders::isMergeable(gemma::LinearOp linear) const {
  auto get = linear.getWeight().getDefiningOp<gemma::GetWeightOp>();
  return get && get->getBlock() == linear->getBlock() && !linear.getStorage() &&
         isa<RankedTensorType>(linear.getInput().getType()) && isa<RankedTensorType>(linear.getWeight().getType()) &&
         readers.lookup(get.getWeightAttr().getAttr()) == 1;
}

/// [rows, columns] of a mergeable product's weight.
static RankedTensorType weightType(gemma::LinearOp linear) {
  return cast<RankedTensorType>(linear.getWeight().getType());
}

/// What the integers of a weight share a scale with, and the type of the scales; plain weights have neither.
static std::pair<uint64_t, Type> scaling(gemma::LinearOp linear) {
  auto get = linear.getWeight().getDefiningOp<gemma::GetWeightOp>();
  auto weight = SymbolTable::lookupNearestSymbolFrom<gemma::WeightOp>(linear, get.getWeightAttr());
  if (!weight || !weight.getIntegers()) {
    return {0, Type()};
  }
  auto scales = SymbolTable::lookupNearestSymbolFrom<gemma::WeightOp>(linear, weight.getIntegers()->getScales());
  return {weight.getIntegers()->getGroup(),
          scales ? cast<RankedTensorType>(scales.getType()).getElementType() : Type()};
}

/// Type of the stacked weights; nothing when they do not stack.
static std::optional<RankedTensorType> stackedType(ArrayRef<gemma::LinearOp> linears) {
  gemma::LinearOp front = linears.front();
  RankedTensorType first = weightType(front);
  uint64_t rows = 0;
  for (gemma::LinearOp linear : linears) {
    RankedTensorType type = weightType(linear);
    std::optional<uint64_t> sum = checkedAdd(rows, static_cast<uint64_t>(type.getDimSize(0)));
    if (linear.getInput() != front.getInput() || type.getElementType() != first.getElementType() ||
        type.getDimSize(1) != first.getDimSize(1) || scaling(linear) != scaling(front) || !type.hasStaticShape() ||
        !sum || *sum > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return std::nullopt;
    }
    rows = *sum;
  }
  return RankedTensorType::get({static_cast<int64_t>(rows), first.getDimSize(1)}, first.getElementType());
}

LogicalResult mergeLinears(RewriterBase &rewriter, ArrayRef<gemma::LinearOp> linears) {
  std::optional<RankedTensorType> stacked = stackedType(linears);
  if (!stacked) {
    return failure();
  }
  gemma::LinearOp front = linears.front();
  Operation *first = front;
  SmallVector<Value> weights;
  SmallVector<Location> locations;
  for (gemma::LinearOp linear : linears) {
    first = linear->isBeforeInBlock(first) ? linear.getOperation() : first;
    weights.push_back(linear.getWeight());
    locations.push_back(linear.getLoc());
  }
  for (Value weight : weights) {
    Operation *get = weight.getDefiningOp();
    if (first->isBeforeInBlock(get)) {
      rewriter.moveOpBefore(get, first);
    }
  }
  rewriter.setInsertionPoint(first);
  Location loc = rewriter.getFusedLoc(locations);
  auto rowsType = cast<RankedTensorType>(front.getResult().getType());
  auto concat = gemma::ConcatRowsOp::create(rewriter, loc, *stacked, weights);
  auto merged = gemma::LinearOp::create(rewriter, loc, rowsType.clone({rowsType.getDimSize(0), stacked->getDimSize(0)}),
                                        front.getInput(), concat.getResult());
  int64_t offset = 0;
  for (gemma::LinearOp linear : linears) {
    auto slice = gemma::SliceColumnsOp::create(rewriter, linear.getLoc(), linear.getResult().getType(),
                                               merged.getResult(), rewriter.getI64IntegerAttr(offset));
    offset += weightType(linear).getDimSize(0);
    rewriter.replaceOp(linear, slice);
  }
  return success();
}

} // namespace lapidary
