//===- PlanMemoryTest.cpp - no two live buffers share memory ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Random programs through insert-barriers and plan-memory. The check is made op by op and knows nothing of epochs: what
// an op writes must not be memory of another buffer that is read later, nor of one that an op since the last barrier
// reads or writes.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Passes.h"

#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace lapidary;

namespace {

constexpr unsigned chunk = 7;

struct RandomProgram {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;

  explicit RandomProgram(unsigned seed) {
    context.loadDialect<kernel::KernelDialect, gemma::GemmaDialect, func::FuncDialect>();
    OpBuilder builder(&context);
    Location loc = builder.getUnknownLoc();
    module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    function = func::FuncOp::create(builder, loc, "step", builder.getFunctionType({}, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
    std::mt19937 random(seed);
    for (int64_t columns : {32, 64, 160}) {
      fill(builder, loc, columns, random);
    }
    func::ReturnOp::create(builder, loc);
  }

  /// Ops on buffers of one width, each written before it is read.
  void fill(OpBuilder &builder, Location loc, int64_t columns, std::mt19937 &random) {
    auto type = kernel::BufferType::get(&context, true, 1, columns, "f32");
    SmallVector<Value> buffers = {kernel::AllocOp::create(builder, loc, type, IntegerAttr())};
    auto any = [&] { return buffers[random() % buffers.size()]; };
    for (unsigned i = 0; i < 40; ++i) {
      Value out = any();
      if (random() % 2) {
        out = kernel::AllocOp::create(builder, loc, type, IntegerAttr());
      }
      // The last buffers are the likeliest inputs, so that many die early.
      Value first = buffers[buffers.size() - 1 - random() % std::min<size_t>(3, buffers.size())];
      if (random() % 3) { // whole rows; heads are shared out differently, so there are barriers between the two
        kernel::AddOp::create(builder, loc, first, any(), builder.getF32FloatAttr(1.0f), out, ArrayAttr());
      } else {
        kernel::RmsNormOp::create(builder, loc, first, Value(), 2, llvm::APFloat(1e-6f), FloatAttr(), out, ArrayAttr());
      }
      if (!llvm::is_contained(buffers, out)) {
        buffers.push_back(out);
      }
    }
  }

  bool run() {
    PassManager manager(&context);
    manager.addPass(createInsertBarriers());
    PlanMemoryOptions options;
    options.chunk = chunk;
    manager.addPass(createPlanMemory(options));
    return succeeded(manager.run(*module));
  }
};

struct Place {
  uint64_t begin, end;
  bool meets(const Place &other) const { return begin < other.end && other.begin < end; }
};

Place placeOf(Value buffer) {
  auto alloc = buffer.getDefiningOp<kernel::AllocOp>();
  auto type = cast<kernel::BufferType>(alloc.getType());
  uint64_t begin = *alloc.getOffset();
  return {begin, begin + static_cast<uint64_t>(type.getRowBytes() * type.getRowsFor(chunk))};
}

/// Every op of these programs writes one buffer.
Value writtenBy(Operation *op) { return cast<kernel::ComputeOpInterface>(op).getWrittenBuffers().front(); }

bool readAtOrAfter(Value buffer, Operation *op) {
  return llvm::any_of(buffer.getUsers(), [&](Operation *user) {
    bool reads = llvm::is_contained(cast<kernel::ComputeOpInterface>(user).getReadBuffers(), buffer);
    return reads && (user == op || op->isBeforeInBlock(user));
  });
}

/// Buffers whose content matters while `op` runs: written before and read now or later, or used since the last barrier.
bool isLive(Value buffer, Operation *op, Operation *lastBarrier) {
  bool writtenBefore = false, usedInEpoch = false;
  for (Operation *user : buffer.getUsers()) {
    bool before = user->isBeforeInBlock(op);
    writtenBefore |= before && writtenBy(user) == buffer;
    usedInEpoch |= (before || user == op) && (!lastBarrier || lastBarrier->isBeforeInBlock(user));
  }
  return (writtenBefore && readAtOrAfter(buffer, op)) || usedInEpoch;
}

TEST(PlanMemory, NeverPutsTwoLiveBuffersInOnePlace) {
  unsigned writes = 0, reused = 0;
  for (unsigned seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomProgram program(seed);
    ASSERT_TRUE(program.run());
    SmallVector<Value> buffers;
    program.function.walk([&](kernel::AllocOp alloc) { buffers.push_back(alloc); });
    Operation *lastBarrier = nullptr;
    program.function.walk([&](Operation *op) {
      if (isa<kernel::BarrierOp>(op)) {
        lastBarrier = op;
      } else if (isa<kernel::ComputeOpInterface>(op)) {
        ++writes;
        for (Value other : buffers) {
          bool meets = other != writtenBy(op) && placeOf(other).meets(placeOf(writtenBy(op)));
          reused += meets;
          EXPECT_FALSE(meets && isLive(other, op, lastBarrier)) << "op " << writes << " overwrites a live buffer";
        }
      }
    });
  }
  EXPECT_GT(writes, 0u);
  EXPECT_GT(reused, 0u) << "nothing was reused, so nothing was tested";
}

TEST(PlanMemory, OffsetsAreAlignedAndInsideTheArena) {
  RandomProgram program(99);
  ASSERT_TRUE(program.run());
  auto arena = program.module->getOperation()->getAttrOfType<IntegerAttr>("kernel.arena_bytes");
  ASSERT_TRUE(arena);
  unsigned count = 0;
  program.function.walk([&](kernel::AllocOp alloc) {
    ++count;
    EXPECT_EQ(*alloc.getOffset() % 64, 0u);
    EXPECT_LE(placeOf(alloc).end, static_cast<uint64_t>(arena.getInt()));
  });
  EXPECT_GT(count, 0u);
}

} // namespace
