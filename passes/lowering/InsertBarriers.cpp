//===- InsertBarriers.cpp - the barriers the lanes need, and no others -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lanes run ahead of each other freely, so between two barriers every op may run at the same time as every other. An op
// may join the ops since the last barrier unless one of them
//   wrote what it reads            (it could read too early)
//   wrote or read what it writes   (it could overwrite too early)
// unless the same lane did both: ops that share out the same items of rows (getRowItems) touch only their own.
// A barrier forgets all of them. Taking the barrier as late as possible is also taking as few as possible: the ops
// between two barriers form the longest run that has no conflict inside.
//===----------------------------------------------------------------------===//
#include "passes/lowering/BufferRanges.h"
#include "passes/lowering/Passes.h"

#include <optional>

namespace lapidary {
#define GEN_PASS_DEF_INSERTBARRIERS
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

/// Part of a buffer, and how it was shared among the lanes.
struct Access {
  BufferRange range;
  /// Of ops that say so: rows, whether these are per token, and their items. Otherwise nothing is known.
  std::optional<std::tuple<int64_t, bool, kernel::RowItems>> items;

  /// True when lanes may meet in it.
  bool meets(const Access &other) const {
    bool sameLanes = items && items == other.items && range.begin == other.range.begin && range.end == other.range.end;
    return range.meets(other.range) && !sameLanes;
  }
};

/// What one op, or all ops since a barrier, read and write.
struct Accesses {
  SmallVector<Access> reads, writes;
  SmallVector<Attribute> cacheReads, cacheWrites;

  bool empty() const { return reads.empty() && writes.empty() && cacheReads.empty() && cacheWrites.empty(); }

  void append(const Accesses &other) {
    reads.append(other.reads);
    writes.append(other.writes);
    cacheReads.append(other.cacheReads);
    cacheWrites.append(other.cacheWrites);
  }
};

bool anyMeets(ArrayRef<Access> a, ArrayRef<Access> b) {
  return llvm::any_of(a, [&](const Access &access) {
    return llvm::any_of(b, [&](const Access &other) { return access.meets(other); });
  });
}

bool anySame(ArrayRef<Attribute> a, ArrayRef<Attribute> b) {
  return llvm::any_of(a, [&](Attribute attribute) { return llvm::is_contained(b, attribute); });
}

bool conflict(const Accesses &before, const Accesses &op) {
  return anyMeets(before.writes, op.reads) || anyMeets(before.writes, op.writes) || anyMeets(before.reads, op.writes) ||
         anySame(before.cacheWrites, op.cacheReads) || anySame(before.cacheWrites, op.cacheWrites) ||
         anySame(before.cacheReads, op.cacheWrites);
}

Accesses accessesOf(kernel::ComputeOpInterface op) {
  Accesses accesses;
  auto access = [&](Value buffer) {
    auto type = cast<kernel::BufferType>(buffer.getType());
    Access result = {rangeOf(buffer), std::nullopt};
    if (kernel::RowItems items = op.getRowItems(); items.count) {
      result.items = {type.getRows(), type.getPerToken(), items};
    }
    return result;
  };
  for (Value buffer : op.getReadBuffers()) {
    accesses.reads.push_back(access(buffer));
  }
  for (Value buffer : op.getWrittenBuffers()) {
    accesses.writes.push_back(access(buffer));
  }
  if (FlatSymbolRefAttr cache = cacheOf(op)) {
    bool writes = isa<kernel::KvAppendOp, kernel::KvNormAppendOp>(op.getOperation());
    (writes ? accesses.cacheWrites : accesses.cacheReads).push_back(cache);
  }
  return accesses;
}

class InsertBarriersPass : public lapidary::impl::InsertBarriersBase<InsertBarriersPass> {
public:
  using InsertBarriersBase::InsertBarriersBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      for (Block &block : function.getBody()) {
        runOnBlock(block);
      }
    }
  }

private:
  void runOnBlock(Block &block) {
    Accesses pending;
    auto barrierBefore = [&](Operation *op) {
      OpBuilder builder(op);
      kernel::BarrierOp::create(builder, op->getLoc());
      ++numBarriers;
      pending = {};
    };
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isa<kernel::BarrierOp>(op)) {
        pending = {};
      } else if (auto compute = dyn_cast<kernel::ComputeOpInterface>(op)) {
        Accesses accesses = accessesOf(compute);
        if (conflict(pending, accesses)) {
          barrierBefore(&op);
        }
        pending.append(accesses);
      } else if (op.hasTrait<OpTrait::IsTerminator>() && !pending.empty()) {
        barrierBefore(&op);
      }
    }
  }
};

} // namespace
