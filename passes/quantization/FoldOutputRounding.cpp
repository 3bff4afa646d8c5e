//===- FoldOutputRounding.cpp - fold-output-rounding -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A static range behind a product costs nothing when the product's kernel rounds as it writes. The results of stacked
// weights are read as slices, each with its own range; prune-dead-positions may have put a selected row in between.
//===----------------------------------------------------------------------===//
#include "passes/quantization/Passes.h"

#include "dialects/gemma/Gemma.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

using namespace mlir;

namespace lapidary {
#define GEN_PASS_DEF_FOLDOUTPUTROUNDING
#include "passes/quantization/Passes.h.inc"

namespace {
/// Columns of a product that one weight makes, and what reads them.
struct Part {
  int64_t begin, end;
  std::optional<float> step; ///< of the roundings; absent before the first reader
  bool uniform = true;       ///< all readers round alike
  SmallVector<gemma::StaticRoundOp> roundings;
};

SmallVector<Part> partsOf(gemma::LinearOp linear) {
  SmallVector<Part> parts;
  auto add = [&](int64_t rows) {
    int64_t begin = parts.empty() ? 0 : parts.back().end;
    parts.push_back({begin, begin + rows, std::nullopt, true, {}});
  };
  if (auto concat = linear.getWeight().getDefiningOp<gemma::ConcatRowsOp>()) {
    for (Value input : concat.getInputs()) {
      add(cast<RankedTensorType>(input.getType()).getDimSize(0));
    }
  } else {
    add(cast<RankedTensorType>(linear.getType()).getDimSize(1));
  }
  return parts;
}

/// Notes one reader of all the columns of `part`.
void addReader(Part &part, Operation *reader) {
  auto round = dyn_cast<gemma::StaticRoundOp>(reader);
  float step = round ? round.getStep().convertToFloat() : 0.0f;
  part.uniform &= !part.step || *part.step == step;
  part.step = step;
  if (round) {
    part.roundings.push_back(round);
  }
}

/// Notes the readers of `value`, the columns from `begin` of the product; false when one reads parts of several
/// weights.
bool addReaders(Value value, int64_t begin, MutableArrayRef<Part> parts) {
  int64_t end = begin + cast<RankedTensorType>(value.getType()).getDimSize(1);
  for (Operation *user : value.getUsers()) {
    if (isa<gemma::SelectLastOp>(user)) {
      if (!addReaders(user->getResult(0), begin, parts)) {
        return false;
      }
    } else if (auto slice = dyn_cast<gemma::SliceColumnsOp>(user)) {
      if (!addReaders(slice.getResult(), begin + slice.getOffset(), parts)) {
        return false;
      }
    } else {
      Part *part = llvm::find_if(parts, [&](const Part &part) { return part.begin == begin && part.end == end; });
      if (part == parts.end()) {
        return false;
      }
      addReader(*part, user);
    }
  }
  return true;
}

struct FoldOutputRounding : impl::FoldOutputRoundingBase<FoldOutputRounding> {
  void runOnOperation() override {
    SmallVector<gemma::LinearOp> products; // folding erases ops behind them
    getOperation().walk([&](gemma::LinearOp linear) {
      gemma::FormatAttr storage = linear.getStorageAttr();
      if (storage && storage.isInteger() && storage.getScale() == "f32" && !linear.getOutputSteps()) {
        products.push_back(linear);
      }
    });
    for (gemma::LinearOp linear : products) {
      fold(linear);
    }
  }

  void fold(gemma::LinearOp linear) {
    SmallVector<Part> parts = partsOf(linear);
    if (!addReaders(linear.getResult(), 0, parts) || !llvm::all_of(parts, [](const Part &p) { return p.uniform; }) ||
        llvm::all_of(parts, [](const Part &p) { return p.roundings.empty(); })) {
      return;
    }
    SmallVector<float> steps;
    SmallVector<int64_t> ends;
    for (Part &part : parts) {
      steps.push_back(part.step.value_or(0.0f));
      ends.push_back(part.end);
      for (gemma::StaticRoundOp round : part.roundings) {
        round.replaceAllUsesWith(round.getInput());
        round.erase();
        ++numFolded;
      }
    }
    Builder builder(&getContext());
    linear.setOutputStepsAttr(builder.getDenseF32ArrayAttr(steps));
    linear.setOutputEndsAttr(builder.getDenseI64ArrayAttr(ends));
  }
};
} // namespace
} // namespace lapidary
