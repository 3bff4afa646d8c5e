//===- PlanMemory.cpp - one arena for all buffers ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Time is counted in epochs: the runs of ops between two barriers. Inside an epoch a fast lane may write a buffer while
// a slow lane still reads another, so a buffer occupies its memory for whole epochs, from the first that touches it
// to the last. Placing the largest buffers first at the lowest free offset is within a few percent of the best plan for
// transformer programs, whose large buffers all have the same few sizes.
//===----------------------------------------------------------------------===//
#include "passes/lowering/BufferRanges.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#include <tuple>

namespace lapidary {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

constexpr uint64_t bufferAlignment = 64; // bytes, one cache line and one vector

struct Lifetime {
  uint64_t bytes = 0;
  unsigned first = 0, last = 0; ///< epochs, both inclusive
  uint64_t offset = 0;
  size_t index = 0; ///< program order: breaks ties, so that the plan is the same on every machine

  bool overlaps(const Lifetime &other) const { return first <= other.last && other.first <= last; }
};

using Lifetimes = llvm::MapVector<Operation *, Lifetime>; ///< by kernel.alloc, in program order

uint64_t bytesOf(kernel::AllocOp alloc, unsigned chunk) {
  auto type = cast<kernel::BufferType>(alloc.getType());
  return llvm::alignTo(static_cast<uint64_t>(type.getRowBytes()) * type.getRowsFor(chunk), bufferAlignment);
}

Lifetimes lifetimesOf(func::FuncOp function, unsigned chunk) {
  Lifetimes lifetimes;
  unsigned epoch = 0;
  function.walk([&](Operation *op) {
    epoch += isa<kernel::BarrierOp>(op);
    if (!isa<kernel::ComputeOpInterface>(op)) {
      return;
    }
    for (Value operand : op->getOperands()) {
      if (!isa<kernel::BufferType>(operand.getType())) {
        continue;
      }
      if (auto alloc = rangeOf(operand).root.getDefiningOp<kernel::AllocOp>()) {
        auto [entry, isNew] = lifetimes.insert({alloc, {bytesOf(alloc, chunk), epoch, epoch}});
        entry->second.last = epoch;
      }
    }
  });
  function.walk([&](kernel::AllocOp alloc) { // never used: anywhere will do
    lifetimes.insert({alloc, {bytesOf(alloc, chunk), 0, 0}});
  });
  return lifetimes;
}

/// The lowest offset where `buffer` meets none of `placed` (sorted by offset) that live at the same time.
uint64_t lowestFree(const Lifetime &buffer, ArrayRef<const Lifetime *> placed) {
  uint64_t offset = 0;
  for (const Lifetime *other : placed) {
    if (!buffer.overlaps(*other)) {
      continue;
    }
    if (offset + buffer.bytes <= other->offset) {
      break;
    }
    offset = std::max(offset, other->offset + other->bytes);
  }
  return offset;
}

/// Gives every buffer its offset; returns the bytes of the arena.
uint64_t place(Lifetimes &lifetimes) {
  SmallVector<Lifetime *> bySize;
  for (auto &entry : lifetimes) {
    bySize.push_back(&entry.second);
  }
  // Of equal sizes the earlier first: the map keeps its entries in program order, in one array.
  llvm::sort(bySize,
             [](const Lifetime *a, const Lifetime *b) { return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; });
  SmallVector<const Lifetime *> placed;
  uint64_t end = 0;
  for (Lifetime *buffer : bySize) {
    buffer->offset = lowestFree(*buffer, placed);
    end = std::max(end, buffer->offset + buffer->bytes);
    auto position = llvm::upper_bound(placed, buffer->offset,
                                      [](uint64_t offset, const Lifetime *other) { return offset < other->offset; });
    placed.insert(position, buffer);
  }
  return end;
}

class PlanMemoryPass : public lapidary::impl::PlanMemoryBase<PlanMemoryPass> {
public:
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    if (chunk == 0) {
      getOperation().emitError("chunk is 0, expected at least 1");
      return signalPassFailure();
    }
    Builder builder(&getContext());
    uint64_t arena = 0, largestSum = 0;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Lifetimes lifetimes = lifetimesOf(function, chunk);
      arena = std::max(arena, place(lifetimes));
      uint64_t sum = 0;
      for (auto &[alloc, lifetime] : lifetimes) {
        cast<kernel::AllocOp>(alloc).setOffsetAttr(builder.getI64IntegerAttr(lifetime.offset));
        sum += lifetime.bytes;
      }
      largestSum = std::max(largestSum, sum);
    }
    getOperation()->setAttr("kernel.arena_bytes", builder.getI64IntegerAttr(arena));
    arenaBytes += arena;
    bytesWithoutReuse += largestSum;
  }
};

} // namespace
