//===- FuseKvNorms.cpp - norms, rotation and cache writes of K and V in one op ---===//
// SPDX-License-Identifier: Apache-2.0
//
//   kernel.norm_rotary %q, %qw, %t heads 4 eps 1e-6 into %q
//   kernel.norm_rotary %k, %kw, %t heads 1 eps 1e-6 into %k      ->   kernel.kv_norm_append @kv.0, %k, %v, %kw, %t
//   kernel.rms_norm %v heads 1 eps 1e-6 into %v                         eps 1e-6 query %q, %qw heads 4 into %q
//   kernel.kv_append @kv.0, %k, %v
//
// For targets where an op is a launch. It works on buffers because "nothing else reads the normed keys" is a question
// about memory: norms overwrite their input where they can. Functions are straight lines of at most some thousand ops,
// so every question walks over the ops in between.
//===----------------------------------------------------------------------===//
#include "passes/layout/PassTarget.h"
#include "passes/lowering/BufferRanges.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

namespace lapidary {
#define GEN_PASS_DEF_FUSEKVNORMS
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

bool anyMeets(ArrayRef<Value> buffers, const BufferRange &range) {
  return llvm::any_of(buffers, [&](Value buffer) { return rangeOf(buffer).meets(range); });
}

bool writes(kernel::ComputeOpInterface op, Value buffer) { return anyMeets(op.getWrittenBuffers(), rangeOf(buffer)); }

bool touches(kernel::ComputeOpInterface op, Value buffer) {
  return writes(op, buffer) || anyMeets(op.getReadBuffers(), rangeOf(buffer));
}

/// True when `holds` for a compute op between `begin` and `end` (the end of the block: null) that is not in `without`.
bool anyBetween(Operation *begin, Operation *end, ArrayRef<Operation *> without,
                llvm::function_ref<bool(kernel::ComputeOpInterface)> holds) {
  for (Operation *op = begin->getNextNode(); op && op != end; op = op->getNextNode()) {
    auto compute = dyn_cast<kernel::ComputeOpInterface>(op);
    if (compute && !llvm::is_contained(without, op) && holds(compute)) {
      return true;
    }
  }
  return false;
}

/// The last op in front of `before` that writes `buffer`, if that is a `Norm` of all of it.
template <typename Norm> Norm normOf(Value buffer, Operation *before) {
  for (Operation *op = before->getPrevNode(); op; op = op->getPrevNode()) {
    auto compute = dyn_cast<kernel::ComputeOpInterface>(op);
    if (compute && writes(compute, buffer)) {
      auto norm = dyn_cast<Norm>(op);
      return norm && norm.getOut() == buffer ? norm : Norm();
    }
  }
  return {};
}

/// What becomes one op.
struct Match {
  kernel::KvAppendOp append;
  kernel::NormRotaryOp key;
  kernel::RmsNormOp value;
  kernel::NormRotaryOp query; ///< or null

  SmallVector<Operation *> all() const {
    SmallVector<Operation *> ops = {append, key, value};
    if (query) {
      ops.push_back(query);
    }
    return ops;
  }
};

/// True when `norm` can run where the append stands: what it reads is still there.
template <typename Norm> bool canMoveDown(Match match, Norm norm, ArrayRef<Value> inputs) {
  return !anyBetween(norm, match.append, match.all(), [&](kernel::ComputeOpInterface op) {
    return llvm::any_of(inputs, [&](Value input) { return writes(op, input); });
  });
}

/// True when nothing but the append reads what `norm` writes, so that it need not be written.
template <typename Norm> bool isOnlyAppended(Match match, Norm norm) {
  return !anyBetween(norm, nullptr, match.all(),
                     [&](kernel::ComputeOpInterface op) { return touches(op, norm.getOut()); });
}

bool canFuseKeyAndValue(Match match) {
  return match.key && match.value && !match.value.getWeight() && match.key.getEps() == match.value.getEps() &&
         match.key.getHeads() == match.value.getHeads() &&
         canMoveDown(match, match.key, {match.key.getInput(), match.key.getTable()}) &&
         canMoveDown(match, match.value, {match.value.getInput()}) && isOnlyAppended(match, match.key) &&
         isOnlyAppended(match, match.value);
}

/// True when `match.query` can join: same angles, rows and eps, and nobody is in its way down to the append.
bool canFuseQuery(Match match) {
  kernel::NormRotaryOp query = match.query, key = match.key;
  const BufferRange out = rangeOf(query.getOut());
  return query != key && query.getTable() == key.getTable() && query.getEps() == key.getEps() &&
         !anyMeets({key.getInput(), match.value.getInput(), key.getTable()}, out) &&
         canMoveDown(match, query, {query.getInput(), query.getTable()}) &&
         !anyBetween(query, match.append, match.all(),
                     [&](kernel::ComputeOpInterface op) { return touches(op, query.getOut()); });
}

/// Adds the nearest query in front of the append that can join.
void findQuery(Match &match) {
  for (Operation *op = match.append->getPrevNode(); op && !match.query; op = op->getPrevNode()) {
    match.query = dyn_cast<kernel::NormRotaryOp>(op);
    if (match.query && !canFuseQuery(match)) {
      match.query = {};
    }
  }
}

void fuse(Match match) {
  OpBuilder builder(match.append);
  const Location loc = match.append.getLoc();
  kernel::NormRotaryOp key = match.key, query = match.query;
  kernel::KvNormAppendOp::create(builder, loc, match.append.getCacheAttr(), key.getInput(), match.value.getInput(),
                                 key.getWeight(), key.getTable(), key.getEpsAttr(), query ? query.getInput() : Value(),
                                 query ? query.getWeight() : Value(), query ? query.getHeadsAttr() : IntegerAttr(),
                                 query ? query.getOut() : Value(), ArrayAttr());
  for (Operation *op : match.all()) {
    op->erase();
  }
}

class FuseKvNormsPass : public lapidary::impl::FuseKvNormsBase<FuseKvNormsPass> {
public:
  using FuseKvNormsBase::FuseKvNormsBase;
  explicit FuseKvNormsPass(const TargetBackend &target) : passTarget(target) {}

  void runOnOperation() override {
    const TargetBackend *target = passTarget.resolve(targetName, getOperation());
    if (!target) {
      return signalPassFailure();
    }
    if (!target->fusesKvNorms()) {
      return;
    }
    SmallVector<kernel::KvAppendOp> appends;
    getOperation().walk([&](kernel::KvAppendOp append) { appends.push_back(append); });
    for (kernel::KvAppendOp append : appends) {
      Match match = {append,
                     normOf<kernel::NormRotaryOp>(append.getKey(), append),
                     normOf<kernel::RmsNormOp>(append.getValue(), append),
                     {}};
      if (canFuseKeyAndValue(match)) {
        findQuery(match);
        fuse(match);
        ++numFused;
      }
    }
    removeUnusedBuffers();
  }

private:
  /// Normed keys had a buffer of their own where the raw ones were read again.
  void removeUnusedBuffers() {
    getOperation().walk([](kernel::AllocOp alloc) {
      if (alloc->use_empty()) {
        alloc.erase();
      }
    });
  }

  PassTarget passTarget;
};

} // namespace

std::unique_ptr<Pass> lapidary::createFuseKvNormsPass(const TargetBackend &target) {
  return std::make_unique<FuseKvNormsPass>(target);
}
