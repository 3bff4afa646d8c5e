//===- PlanKvCache.cpp - slots, element and place of every K/V cache ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The target knows the shape of a cache; this pass lays them one after another in one block of memory.
//===----------------------------------------------------------------------===//
#include "passes/layout/LayoutPipeline.h"
#include "passes/layout/PassTarget.h"
#include "passes/layout/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace lapidary {
#define GEN_PASS_DEF_PLANKVCACHE
#include "passes/layout/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

constexpr uint64_t cacheAlignment = 64; // bytes, one cache line and one vector

class PlanKvCachePass : public lapidary::impl::PlanKvCacheBase<PlanKvCachePass> {
public:
  using PlanKvCacheBase::PlanKvCacheBase;
  PlanKvCachePass(const TargetBackend &target, const ProgramOptions &programOptions) : passTarget(target) {
    context = programOptions.context;
    chunk = programOptions.chunk;
    cacheElement = programOptions.cacheElement;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const TargetBackend *target = passTarget.resolve(targetName, module);
    if (!target || failed(checkOptions())) {
      return signalPassFailure();
    }
    ProgramOptions programOptions{context, chunk, cacheElement};
    uint64_t end = 0;
    for (auto cache : module.getOps<gemma::KvCacheOp>()) {
      programOptions.cacheElement = elementOf(cache).str();
      end = place(cache, llvm::alignTo(end, cacheAlignment), *target, programOptions);
    }
    end = llvm::alignTo(end, cacheAlignment);
    module->setAttr("kernel.cache_bytes", Builder(&getContext()).getI64IntegerAttr(end));
    cacheBytes += end;
  }

private:
  LogicalResult checkOptions() {
    if (context == 0 || chunk == 0) {
      return getOperation().emitError() << "context is " << context.getValue() << " and chunk is " << chunk.getValue()
                                        << ", expected at least 1";
    }
    if (cacheElement != "f32" && cacheElement != "bf16" && cacheElement != "q8") {
      return getOperation().emitError() << "unknown cache element '" << cacheElement << "', expected f32, bf16 or q8";
    }
    auto caches = getOperation().getOps<gemma::KvCacheOp>();
    if (cacheElement == "q8" && !caches.empty() && llvm::none_of(caches, hasSteps)) {
      return getOperation().emitError() << "cache element q8 needs ranges for K and V, and the checkpoint has none; "
                                           "expected f32 or bf16";
    }
    return success();
  }

  static bool hasSteps(gemma::KvCacheOp cache) { return cache.getKeyStep() && cache.getValueStep(); }

  /// q8 rounds to the checkpoint's ranges; a cache without them is kept in bf16.
  StringRef elementOf(gemma::KvCacheOp cache) const {
    return cacheElement != "q8" ? StringRef(cacheElement) : hasSteps(cache) ? "i8" : "bf16";
  }

  /// Places one cache at `offset` and returns where it ends, in bytes.
  uint64_t place(gemma::KvCacheOp cache, uint64_t offset, const TargetBackend &target, const ProgramOptions &options) {
    int64_t heads = cache.getHeads(), dim = cache.getDim();
    kernel::CacheAttr shape = target.cacheGeometry(&getContext(), heads, dim, cache.getWindow(), options);
    uint64_t keyBytes = 0;
    uint64_t bytes = target.cacheBytes(shape, heads, dim, keyBytes);
    cache.setGeometryAttr(
        kernel::CacheAttr::get(&getContext(), shape.getSlots(), shape.getElement(), offset, offset + keyBytes));
    return offset + bytes;
  }

  PassTarget passTarget;
};

} // namespace

std::unique_ptr<Pass> lapidary::createPlanKvCachePass(const TargetBackend &target, const ProgramOptions &options) {
  return std::make_unique<PlanKvCachePass>(target, options);
}
