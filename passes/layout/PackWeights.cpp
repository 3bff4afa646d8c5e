//===- PackWeights.cpp - packed type, symbol and offset of every weight ---------===//
// SPDX-License-Identifier: Apache-2.0
//
//   %q = gemma.get_weight @q, %k = gemma.get_weight @k, %qk = gemma.concat_rows %q, %k, %y = gemma.linear %x, %qk
// becomes
//   kernel.packed_weight @w.0 sources [@q, @k] : !kernel.packed<128x96, <bf16>, "tiles16"> offset 0
//   %qk = kernel.weight @w.0, %y = gemma.linear %x, %qk
//
// What a weight is used for is read off its users: the table below says which operand is what. Two passes over the
// module: the first finds the weights that a product reads; an embedding table among them is tied and stays a matrix,
// if both want it in one format.
//===----------------------------------------------------------------------===//
#include "passes/layout/LayoutPipeline.h"
#include "passes/layout/PackedSymbols.h"
#include "passes/layout/PassTarget.h"
#include "passes/layout/Passes.h"
#include "passes/layout/WeightOffsets.h"
#include "passes/layout/WeightSources.h"

#include "mlir/IR/Iterators.h"
#include "llvm/ADT/TypeSwitch.h"

namespace lapidary {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "passes/layout/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

/// One operand that reads a weight.
struct WeightOperand {
  OpOperand *operand;
  WeightUse use;
  gemma::FormatAttr storage; ///< null: as in the checkpoint
};

/// The weight operands of `op` that are still tensors.
SmallVector<WeightOperand> weightOperands(Operation *op) {
  SmallVector<WeightOperand> found;
  auto add = [&](MutableArrayRef<OpOperand> operands, WeightUse use, gemma::FormatAttr storage = {}) {
    for (OpOperand &operand : operands) {
      if (isa<RankedTensorType>(operand.get().getType())) {
        found.push_back({&operand, use, storage});
      }
    }
  };
  auto one = [&](OpOperand &operand, WeightUse use, gemma::FormatAttr storage = {}) {
    add(MutableArrayRef<OpOperand>(operand), use, storage);
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](gemma::LinearOp linear) { one(linear.getWeightMutable(), WeightUse::Matrix, linear.getStorageAttr()); })
      .Case([&](gemma::EmbeddingOp op) { one(op.getTableMutable(), WeightUse::Table, op.getStorageAttr()); })
      .Case([&](gemma::RmsNormOp norm) { add(norm.getWeightMutable(), WeightUse::Vector); })
      .Case([&](gemma::NormRotaryOp norm) { one(norm.getWeightMutable(), WeightUse::Vector); })
      .Case([&](gemma::ScaleByWeightOp scale) { one(scale.getWeightMutable(), WeightUse::Vector); })
      .Case([&](gemma::RouteOp route) { one(route.getExpertScaleMutable(), WeightUse::Vector); })
      .Case([&](gemma::ResidualNormOp norm) {
        one(norm.getWeightMutable(), WeightUse::Vector);
        add(norm.getScaleMutable(), WeightUse::Vector);
      });
  return found;
}

/// The tensors behind a weight value; empty if it is neither a get_weight nor a concat_rows of some.
SmallVector<gemma::GetWeightOp> tensorsOf(Value value) {
  SmallVector<gemma::GetWeightOp> tensors;
  if (auto weight = value.getDefiningOp<gemma::GetWeightOp>()) {
    return {weight};
  }
  if (auto concat = value.getDefiningOp<gemma::ConcatRowsOp>()) {
    for (Value input : concat.getInputs()) {
      auto weight = input.getDefiningOp<gemma::GetWeightOp>();
      if (!weight) {
        return {};
      }
      tensors.push_back(weight);
    }
  }
  return tensors;
}

/// Column `column` of the product with a stack of `tensors`, after every tensor was padded.
int64_t paddedColumn(ArrayRef<gemma::GetWeightOp> tensors, int64_t column) {
  int64_t before = 0, padded = 0;
  for (gemma::GetWeightOp tensor : tensors) {
    int64_t rows = cast<RankedTensorType>(tensor.getType()).getDimSize(0);
    if (column < before + rows) {
      break;
    }
    before += rows;
    padded += stackedRows(rows, tensors.size());
  }
  return padded + column - before;
}

/// Widens `product`, rows of the product with a padded stack, to `columns` and moves the slices of it; prune-dead-
/// positions may have selected the last row in between.
LogicalResult widenRows(Value product, ArrayRef<gemma::GetWeightOp> tensors, int64_t columns) {
  for (Operation *user : product.getUsers()) {
    if (auto slice = dyn_cast<gemma::SliceColumnsOp>(user)) {
      slice.setOffset(paddedColumn(tensors, slice.getOffset()));
    } else if (auto last = dyn_cast<gemma::SelectLastOp>(user)) {
      if (failed(widenRows(last.getResult(), tensors, columns))) {
        return failure();
      }
    } else {
      return user->emitOpError("reads the product of stacked weights as a whole, expected gemma.slice_columns: each "
                               "weight of a stack is padded to 32 rows");
    }
  }
  auto type = cast<RankedTensorType>(product.getType());
  product.setType(RankedTensorType::get({type.getDimSize(0), columns}, type.getElementType()));
  return success();
}

LogicalResult widenProduct(Operation *op, ArrayRef<gemma::GetWeightOp> tensors, int64_t columns) {
  auto linear = dyn_cast<gemma::LinearOp>(op);
  if (!linear) {
    return op->emitOpError("reads stacked weights; only a product can");
  }
  if (linear.getOutputEnds()) {
    SmallVector<int64_t> ends;
    for (gemma::GetWeightOp tensor : tensors) {
      int64_t rows = stackedRows(cast<RankedTensorType>(tensor.getType()).getDimSize(0), tensors.size());
      ends.push_back((ends.empty() ? 0 : ends.back()) + rows);
    }
    linear.setOutputEnds(ends);
  }
  bool wideAlready = cast<RankedTensorType>(linear.getType()).getDimSize(1) == columns;
  return wideAlready ? success() : widenRows(linear.getResult(), tensors, columns);
}

class PackWeightsPass : public lapidary::impl::PackWeightsBase<PackWeightsPass> {
public:
  using PackWeightsBase::PackWeightsBase;
  explicit PackWeightsPass(const TargetBackend &target) : passTarget(target) {}

  void runOnOperation() override {
    const TargetBackend *target = passTarget.resolve(targetName, getOperation());
    if (!target) {
      return signalPassFailure();
    }
    collectMultiplied();
    PackedSymbols symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (failed(packFunction(function, *target, symbols))) {
        return signalPassFailure();
      }
      removeDead(function);
    }
    numPacked += symbols.made();
    numGathered += llvm::count_if(getOperation().getOps<kernel::PackedWeightOp>(),
                                  [](kernel::PackedWeightOp op) { return op.getGathered(); });
    assignWeightOffsets(getOperation(), *target);
  }

private:
  void collectMultiplied() {
    multiplied.clear();
    getOperation().walk([&](gemma::LinearOp linear) {
      auto tensor = linear.getWeight().getDefiningOp<gemma::GetWeightOp>();
      if (tensor && isa<RankedTensorType>(tensor.getType())) {
        multiplied.insert(
            {tensor.getWeightAttr().getAttr(), formatOf(tensor, WeightUse::Matrix, linear.getStorageAttr())});
      }
    });
  }

  LogicalResult packFunction(func::FuncOp function, const TargetBackend &target, PackedSymbols &symbols) {
    WeightValues values;
    WalkResult result = function.walk([&](Operation *op) {
      for (WeightOperand &operand : weightOperands(op)) {
        if (failed(packOperand(op, operand, target, symbols, values))) {
          return WalkResult::interrupt();
        }
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult packOperand(Operation *op, WeightOperand &operand, const TargetBackend &target, PackedSymbols &symbols,
                            WeightValues &values) {
    Value value = operand.operand->get();
    SmallVector<gemma::GetWeightOp> tensors = tensorsOf(value);
    if (tensors.empty()) {
      return op->emitOpError() << "operand " << operand.operand->getOperandNumber()
                               << " is not made of gemma.get_weight: only tensors of the checkpoint can be packed";
    }
    SmallVector<Attribute> sources;
    SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getShape());
    int64_t rows = 0;
    for (gemma::GetWeightOp tensor : tensors) {
      sources.push_back(tensor.getWeightAttr());
      rows += stackedRows(cast<RankedTensorType>(tensor.getType()).getDimSize(0), tensors.size());
    }
    if (tensors.size() > 1) {
      shape[0] = rows;
      if (failed(widenProduct(op, tensors, rows))) {
        return failure();
      }
    }
    gemma::FormatAttr format = formatOf(value, operand.use, operand.storage);
    bool tied = operand.use == WeightUse::Table && tensors.size() == 1 &&
                multiplied.contains({tensors.front().getWeightAttr().getAttr(), format});
    WeightUse use = tied ? WeightUse::Matrix : operand.use;
    kernel::PackedType type = target.packedType(shape, format, use);
    unsigned before = symbols.made();
    kernel::PackedWeightOp symbol = symbols.find(value.getLoc(), sources, type, use == WeightUse::Table);
    numShared += symbols.made() == before;
    operand.operand->set(values.get(symbol, op));
    return success();
  }

  gemma::FormatAttr formatOf(Value value, WeightUse use, gemma::FormatAttr storage) {
    if (storage) {
      return storage;
    }
    bool f32 = use == WeightUse::Vector || cast<RankedTensorType>(value.getType()).getElementType().isF32();
    return gemma::FormatAttr::get(&getContext(), f32 ? "f32" : "bf16", 0);
  }

  /// Erases the weight values nobody reads any more; stacks stand behind their tensors, so backwards.
  static void removeDead(func::FuncOp function) {
    SmallVector<Operation *> weights;
    function.walk([&](Operation *op) {
      if (isa<gemma::GetWeightOp, gemma::ConcatRowsOp>(op)) {
        weights.push_back(op);
      }
    });
    for (Operation *op : llvm::reverse(weights)) {
      if (op->use_empty()) {
        op->erase();
      }
    }
  }

  PassTarget passTarget;
  llvm::DenseSet<std::pair<StringAttr, gemma::FormatAttr>> multiplied; ///< tensors that some product reads, and how
};

} // namespace

std::unique_ptr<Pass> lapidary::createPackWeightsPass(const TargetBackend &target) {
  return std::make_unique<PackWeightsPass>(target);
}
