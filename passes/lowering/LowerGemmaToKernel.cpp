//===- LowerGemmaToKernel.cpp - tensors to buffers, gemma ops to kernel ops -----===//
// SPDX-License-Identifier: Apache-2.0
//
//   %q = gemma.linear %x, %w : ..            %q = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
//   %n = gemma.rms_norm %q, %g : ..     ->   kernel.matmul %x, %w into %q : ..
//                                            kernel.rms_norm %q, %g into %q : ..
//
// Functions are straight lines, so each op is lowered where it stands, in order; how, is in LowerRows, LowerAttention
// and LowerExperts. This file walks, drops what has no place on the machine, and cleans up.
//===----------------------------------------------------------------------===//
#include "passes/layout/PassTarget.h"
#include "passes/layout/WeightOffsets.h"
#include "passes/lowering/Bufferizer.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

namespace lapidary {
#define GEN_PASS_DEF_LOWERGEMMATOKERNEL
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

bool isWeightValue(Operation *op) { return isa_and_nonnull<gemma::GetWeightOp, gemma::ConcatRowsOp>(op); }

/// Every operand that is an activation must have been lowered, and every weight packed.
LogicalResult checkOperands(const Bufferizer &state, Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    Operation *source = value.getDefiningOp();
    if (isWeightValue(source)) {
      return op->emitOpError() << "operand " << operand.getOperandNumber()
                               << " is a weight that is not packed; run pack-weights first";
    }
    bool needsBuffer = source && !isa<kernel::WeightOp, gemma::KvUpdateOp>(source) &&
                       !(isa<gemma::SelectLastOp>(source) && isa<BlockArgument>(source->getOperand(0)));
    if (needsBuffer && !state.bufferOf(value)) {
      return op->emitOpError() << "operand " << operand.getOperandNumber() << " has no buffer";
    }
  }
  return success();
}

LogicalResult lowerOp(Bufferizer &state, Operation *op) {
  if (failed(checkOperands(state, op))) {
    return failure();
  }
  for (auto family : {lowerRows, lowerAttention, lowerExperts}) {
    bool known = true;
    if (failed(family(state, op, known))) {
      return failure();
    }
    if (known) {
      return success();
    }
  }
  return op->emitOpError("has no kernel; run the fuse phase first (docs/pipeline.md), which rewrites it");
}

LogicalResult checkReturn(const Bufferizer &state, func::ReturnOp op) {
  for (Value value : op.getOperands()) {
    Value buffer = state.bufferOf(value);
    if (!buffer || !buffer.getDefiningOp<kernel::LogitsOp>()) {
      return op.emitOpError("returns a value that no op can write to the logits buffer, expected the last product or "
                            "its softcap");
    }
  }
  return success();
}

/// Removes the gemma ops (users first), the arguments and the results.
void removeTensors(func::FuncOp function) {
  Block &block = function.front();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  ret->setOperands({});
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (isa<gemma::GemmaDialect>(op.getDialect()) || (isa<kernel::WeightOp>(op) && op.use_empty())) {
      op.erase();
    }
  }
  block.eraseArguments(0, block.getNumArguments());
  function.setType(FunctionType::get(function.getContext(), {}, {}));
  function.setArgAttrsAttr({});
  function.setResAttrsAttr({});
}

LogicalResult lowerFunction(Bufferizer &state) {
  if (state.function.isExternal() || !llvm::hasSingleElement(state.function.getBody())) {
    return state.function.emitOpError("has no body of one block, expected the straight line a frontend writes");
  }
  Block &block = state.function.front();
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(checkReturn(state, ret))) {
        return failure();
      }
    } else if (isa<gemma::GemmaDialect>(op.getDialect()) && !isWeightValue(&op) && !isOpTriviallyDead(&op)) {
      state.builder.setInsertionPoint(&op);
      if (failed(lowerOp(state, &op))) {
        return failure();
      }
    }
  }
  removeTensors(state.function);
  return success();
}

LogicalResult lowerCaches(ModuleOp module) {
  for (auto cache : llvm::make_early_inc_range(module.getOps<gemma::KvCacheOp>())) {
    auto geometry = dyn_cast_or_null<kernel::CacheAttr>(cache.getGeometryAttr());
    if (!geometry) {
      return cache.emitOpError("has no geometry; run plan-kv-cache first");
    }
    OpBuilder builder(cache);
    kernel::KvCacheOp::create(builder, cache.getLoc(), cache.getSymNameAttr(), cache.getHeadsAttr(), cache.getDimAttr(),
                              cache.getWindowAttr(), cache.getKeyStepAttr(), cache.getValueStepAttr(), geometry);
    cache.erase();
  }
  return success();
}

class LowerGemmaToKernelPass : public lapidary::impl::LowerGemmaToKernelBase<LowerGemmaToKernelPass> {
public:
  using LowerGemmaToKernelBase::LowerGemmaToKernelBase;
  LowerGemmaToKernelPass(const TargetBackend &target, const ProgramOptions &options) : passTarget(target) {
    chunk = options.chunk;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const TargetBackend *target = passTarget.resolve(targetName, module);
    if (!target || failed(lowerCaches(module))) {
      return signalPassFailure();
    }
    PackedSymbols symbols(module);
    for (auto function : module.getOps<func::FuncOp>()) {
      Bufferizer state(function, *target, symbols, chunk);
      if (failed(lowerFunction(state))) {
        return signalPassFailure();
      }
      numInPlace += state.numInPlace;
      numBuffers += state.numBuffers;
    }
    assignWeightOffsets(module, *target); // rotary frequencies came in
  }

private:
  PassTarget passTarget;
};

} // namespace

std::unique_ptr<Pass> lapidary::createLowerGemmaToKernelPass(const TargetBackend &target,
                                                             const ProgramOptions &options) {
  return std::make_unique<LowerGemmaToKernelPass>(target, options);
}
