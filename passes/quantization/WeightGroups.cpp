//===- WeightGroups.cpp - weights that must be stored alike ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Union-find over symbol names, joined op by op; then what the ops are for, read off the uses of their results.
//===----------------------------------------------------------------------===//
#include "passes/quantization/WeightGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace lapidary {

/// One op and the symbols of the weights it reads.
struct Reader {
  Operation *op;
  SmallVector<unsigned> weights;
};

/// The operands of `op` that are weight matrices; empty for ops without any.
static SmallVector<Value> weightOperands(Operation *op) {
  if (auto linear = dyn_cast<gemma::LinearOp>(op)) {
    return {linear.getWeight()};
  }
  if (auto embedding = dyn_cast<gemma::EmbeddingOp>(op)) {
    return {embedding.getTable()};
  }
  if (auto experts = dyn_cast<gemma::ExpertsOp>(op)) {
    return {experts.getGateUp(), experts.getDown()};
  }
  return {};
}

/// Appends the symbols that `weight` is made of.
static LogicalResult appendSources(Operation *op, Value weight, SmallVectorImpl<StringAttr> &sources) {
  if (auto get = weight.getDefiningOp<gemma::GetWeightOp>()) {
    if (!isa<RankedTensorType>(weight.getType())) {
      return op->emitError() << "weight @" << get.getWeight() << " is packed already, expected a checkpoint tensor";
    }
    sources.push_back(get.getWeightAttr().getAttr());
    return success();
  }
  auto concat = weight.getDefiningOp<gemma::ConcatRowsOp>();
  if (!concat) {
    return op->emitError() << "the weight is computed, expected gemma.get_weight or gemma.concat_rows";
  }
  for (Value input : concat.getInputs()) {
    if (failed(appendSources(op, input, sources))) {
      return failure();
    }
  }
  return success();
}

StringRef checkpointSymbol(Value weight) {
  auto get = weight ? weight.getDefiningOp<gemma::GetWeightOp>() : nullptr;
  return get && !isCheckpointInteger(weight.getType()) ? get.getWeight() : StringRef();
}

/// True when `value` is returned, directly or after the ops that end a model.
static bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<func::ReturnOp>(user) ||
           (isa<gemma::SoftcapOp, gemma::SelectLastOp>(user) && isReturned(user->getResult(0)));
  });
}

bool isOutputHead(gemma::LinearOp linear) { return isReturned(linear.getResult()); }

bool isTokenTable(gemma::EmbeddingOp embedding) {
  return !llvm::all_of(embedding->getUsers(), llvm::IsaPred<gemma::SplitHeadsOp>);
}

/// Adds what `op` tells about its weights.
static void describe(WeightGroup &group, Operation *op) {
  group.readers.push_back(op);
  for (Value weight : weightOperands(op)) {
    auto type = cast<RankedTensorType>(weight.getType());
    group.isNarrow |= type.getShape().back() < scaleGroup;
    group.elementType = group.elementType ? group.elementType : type.getElementType();
  }
  if (auto linear = dyn_cast<gemma::LinearOp>(op)) {
    group.isRouter |= llvm::any_of(linear->getUsers(), llvm::IsaPred<gemma::RouteOp>);
    group.isEmbeddingOrHead |= isOutputHead(linear);
  } else if (auto embedding = dyn_cast<gemma::EmbeddingOp>(op)) {
    group.isEmbeddingOrHead |= isTokenTable(embedding);
  }
  group.isExperts |= isa<gemma::ExpertsOp>(op);
}

/// All readers of the module; numbers symbols in order of first use.
static FailureOr<SmallVector<Reader>> collectReaders(ModuleOp module, llvm::MapVector<StringAttr, unsigned> &numbers) {
  SmallVector<Reader> readers;
  WalkResult result = module.walk([&](Operation *op) {
    SmallVector<StringAttr> sources;
    for (Value weight : weightOperands(op)) {
      if (isCheckpointInteger(weight.getType())) {
        continue;
      }
      if (failed(appendSources(op, weight, sources))) {
        return WalkResult::interrupt();
      }
    }
    if (!sources.empty()) {
      Reader &reader = readers.emplace_back(Reader{op, {}});
      for (StringAttr source : sources) {
        reader.weights.push_back(numbers.insert({source, numbers.size()}).first->second);
      }
    }
    return WalkResult::advance();
  });
  return result.wasInterrupted() ? FailureOr<SmallVector<Reader>>(failure()) : std::move(readers);
}

/// True for the product that makes logits with a matrix that `embeddings` read as well.
static bool isTiedHead(const Reader &reader, const llvm::DenseSet<unsigned> &embeddings) {
  auto linear = dyn_cast<gemma::LinearOp>(reader.op);
  return linear && isOutputHead(linear) && reader.weights.size() == 1 && embeddings.contains(reader.weights.front());
}

/// Takes the tied heads out of `readers`: one group, without readers if there is none.
static WeightGroup takeTiedHeads(SmallVectorImpl<Reader> &readers) {
  llvm::DenseSet<unsigned> embeddings;
  for (const Reader &reader : readers) {
    if (isa<gemma::EmbeddingOp>(reader.op)) {
      embeddings.insert(reader.weights.front());
    }
  }
  WeightGroup heads;
  llvm::erase_if(readers, [&](const Reader &reader) {
    bool tied = isTiedHead(reader, embeddings);
    if (tied) {
      describe(heads, reader.op);
    }
    return tied;
  });
  if (!heads.readers.empty()) {
    auto table = cast<gemma::LinearOp>(heads.readers.front()).getWeight().getDefiningOp<gemma::GetWeightOp>();
    heads.weights.push_back(table.getWeightAttr().getAttr());
    heads.isTiedHead = true;
  }
  return heads;
}

FailureOr<std::vector<WeightGroup>> collectWeightGroups(ModuleOp module) {
  llvm::MapVector<StringAttr, unsigned> numbers;
  FailureOr<SmallVector<Reader>> readers = collectReaders(module, numbers);
  if (failed(readers)) {
    return failure();
  }
  WeightGroup heads = takeTiedHeads(*readers);
  llvm::IntEqClasses classes(numbers.size());
  for (const Reader &reader : *readers) {
    for (unsigned weight : reader.weights) {
      classes.join(reader.weights.front(), weight);
    }
  }
  classes.compress(); // classes are numbered in order of their first member
  std::vector<WeightGroup> groups(classes.getNumClasses());
  for (auto &[symbol, number] : numbers) {
    groups[classes[number]].weights.push_back(symbol);
  }
  for (const Reader &reader : *readers) {
    describe(groups[classes[reader.weights.front()]], reader.op);
  }
  if (heads.isTiedHead) {
    groups.push_back(std::move(heads));
  }
  SymbolTable symbols(module);
  for (WeightGroup &group : groups) {
    group.isOnGrid = llvm::any_of(group.weights, [&](StringAttr name) {
      auto weight = symbols.lookup<gemma::WeightOp>(name);
      return weight && weight.getOnGrid();
    });
  }
  return groups;
}

} // namespace lapidary
