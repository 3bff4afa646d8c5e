//===- LowerKernelToLlvm.cpp - planned functions to calls of op drivers ----------===//
// SPDX-License-Identifier: Apache-2.0
//
//   func.func @step() {                         llvm.func @lap_program_step(%step, %lane, %lanes) {
//     kernel.quantize %x into %q kernels [k]      llvm.call @lap_op_quantize(%step, @lap_args.step.0, @k, %lane,
//     %lanes) kernel.barrier                              llvm.call @lap_op_barrier(%step, %lane, %lanes)
//
// The argument blocks are constants, so a program is a list of calls: no interpreter, nothing to decode at run time.
// The whole module is replaced; what is left is LLVM only.
//===----------------------------------------------------------------------===//
#include "passes/layout/PassTarget.h"
#include "passes/lowering/AbiArguments.h"
#include "passes/lowering/BufferRanges.h"
#include "passes/lowering/LoweringPipeline.h"
#include "passes/lowering/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <algorithm>

namespace lapidary {
#define GEN_PASS_DEF_LOWERKERNELTOLLVM
#include "passes/lowering/Passes.h.inc"
} // namespace lapidary

using namespace mlir;
using namespace lapidary;

namespace {

/// Everything the argument blocks take for granted.
LogicalResult checkOp(kernel::ComputeOpInterface op, const SymbolTable &symbols) {
  for (Value operand : op->getOperands()) {
    if (!isa<kernel::BufferType>(operand.getType())) {
      auto use = operand.getDefiningOp<kernel::WeightOp>();
      if (!use || !symbols.lookup<kernel::PackedWeightOp>(use.getWeight())) {
        return op->emitOpError("reads a weight that is not the kernel.weight of a kernel.packed_weight");
      }
      continue;
    }
    Operation *root = rangeOf(operand).root.getDefiningOp();
    auto alloc = dyn_cast_or_null<kernel::AllocOp>(root);
    if (alloc ? !alloc.getOffset() : !isa_and_nonnull<kernel::LogitsOp>(root)) {
      return op->emitOpError("uses a buffer that has no place in the arena; run plan-memory first");
    }
  }
  if (FlatSymbolRefAttr cache = cacheOf(op)) {
    if (!symbols.lookup<kernel::KvCacheOp>(cache.getValue())) {
      return op->emitOpError() << "found no kernel.kv_cache named " << cache;
    }
  }
  return success();
}

/// Kernels are spelled with '-', their C symbols with '_' (targets/common/KernelNames.h).
std::string symbolOf(StringRef kernel) {
  std::string symbol = kernel.str();
  std::replace(symbol.begin(), symbol.end(), '-', '_');
  return symbol;
}

/// Writes one module's calls; declarations are made on first use.
class Emitter {
public:
  Emitter(ModuleOp module, const TargetBackend &target)
      : module(module), abi(module, target), drivers(target.drivers()), builder(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())), i32(builder.getI32Type()),
        none(LLVM::LLVMVoidType::get(module.getContext())) {}

  unsigned numCalls = 0;

  void function(func::FuncOp source) {
    builder.setInsertionPointToEnd(module.getBody());
    auto type = LLVM::LLVMFunctionType::get(none, {pointer, i32, i32});
    auto function = LLVM::LLVMFuncOp::create(builder, source.getLoc(), ("lap_program_" + source.getName()).str(), type);
    Block *block = function.addEntryBlock(builder);
    for (Operation &op : source.front()) {
      builder.setInsertionPointToEnd(block);
      if (isa<kernel::BarrierOp>(op)) {
        if (drivers.barriers) {
          driver(op.getLoc(), "barrier", {}, block);
        }
      } else if (auto compute = dyn_cast<kernel::ComputeOpInterface>(op)) {
        callDriverOf(compute, block);
      }
    }
    builder.setInsertionPointToEnd(block);
    LLVM::ReturnOp::create(builder, source.getLoc(), ValueRange());
  }

  /// A constant global of raw bytes.
  void bytes(Location loc, StringRef name, StringRef content, LLVM::Linkage linkage, uint64_t alignment) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), content.size());
    LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, linkage, name, builder.getStringAttr(content),
                           alignment);
  }

private:
  void callDriverOf(kernel::ComputeOpInterface op, Block *block) {
    DriverCall call = driverCall(abi, op);
    std::string name = argumentsOf(op);
    bytes(op.getLoc(), name, call.arguments, LLVM::Linkage::Internal, alignof(uint64_t));
    SmallVector<Value> arguments = {LLVM::AddressOfOp::create(builder, op.getLoc(), pointer, name)};
    if (ArrayAttr kernels = op.getKernelNames()) {
      for (auto kernel : kernels.getAsValueRange<StringAttr>()) {
        std::string symbol = symbolOf(kernel);
        declare(op.getLoc(), symbol, {});
        arguments.push_back(LLVM::AddressOfOp::create(builder, op.getLoc(), pointer, symbol));
      }
    }
    driver(op.getLoc(), call.driver, arguments, block);
    ++numCalls;
    if (drivers.barriers) {
      readAhead(op, block);
    }
  }

  /// Behind a product: says which one comes next, for lanes that wait at a barrier. Experts lie between some: which,
  /// nobody knows yet.
  void readAhead(Operation *op, Block *block) {
    Operation *next = isa<kernel::MatmulOp>(op) ? op->getNextNode() : nullptr;
    while (next && !isa<kernel::MatmulOp, kernel::ExpertMatmulOp>(next)) {
      next = next->getNextNode();
    }
    if (isa_and_nonnull<kernel::MatmulOp>(next)) {
      Value arguments = LLVM::AddressOfOp::create(builder, op->getLoc(), pointer, argumentsOf(next));
      driver(op->getLoc(), "read_ahead", arguments, block);
    }
  }

  /// The name of an op's argument block: its function and its number among the compute ops there.
  std::string argumentsOf(Operation *op) {
    auto [known, isNew] = numbers.try_emplace(op, 0);
    if (isNew) {
      unsigned index = 0;
      for (Operation &each : *op->getBlock()) {
        if (isa<kernel::ComputeOpInterface>(each)) {
          numbers[&each] = index++;
        }
      }
    }
    auto function = cast<func::FuncOp>(op->getParentOp());
    return ("lap_args." + function.getName() + "." + Twine(numbers[op])).str();
  }

  void driver(Location loc, StringRef op, ArrayRef<Value> arguments, Block *block) {
    SmallVector<Value> operands = {block->getArgument(0)};
    operands.append(arguments.begin(), arguments.end());
    operands.push_back(block->getArgument(1));
    operands.push_back(block->getArgument(2));
    SmallVector<Type> types(ValueRange(operands).getTypes());
    LLVM::CallOp::create(builder, loc, declare(loc, (drivers.prefix + op).str(), types), operands);
  }

  LLVM::LLVMFuncOp declare(Location loc, StringRef name, ArrayRef<Type> types) {
    if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name)) {
      return known;
    }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    return LLVM::LLVMFuncOp::create(builder, loc, name, LLVM::LLVMFunctionType::get(none, types));
  }

  ModuleOp module;
  AbiArguments abi;
  TargetBackend::Drivers drivers;
  OpBuilder builder;
  Type pointer, i32, none;
  DenseMap<Operation *, unsigned> numbers; ///< see argumentsOf
};

class LowerKernelToLlvmPass : public lapidary::impl::LowerKernelToLlvmBase<LowerKernelToLlvmPass> {
public:
  using LowerKernelToLlvmBase::LowerKernelToLlvmBase;
  LowerKernelToLlvmPass(const TargetBackend &target, ArrayRef<char> descriptor)
      : passTarget(target), descriptor(descriptor.begin(), descriptor.end()) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const TargetBackend *target = passTarget.resolve(targetName, module);
    if (!target || failed(check(module))) {
      return signalPassFailure();
    }
    SmallVector<Operation *> sources;
    for (Operation &op : *module.getBody()) {
      sources.push_back(&op);
    }
    Emitter emitter(module, *target);
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      emitter.function(function);
    }
    if (!descriptor.empty()) {
      emitter.bytes(module.getLoc(), "lap_program_data", descriptor, LLVM::Linkage::External, 64);
    }
    numCalls += emitter.numCalls;
    for (Operation *op : sources) {
      op->erase();
    }
  }

private:
  static LogicalResult check(ModuleOp module) {
    SymbolTable symbols(module);
    WalkResult result = module.walk([&](Operation *op) {
      auto compute = dyn_cast<kernel::ComputeOpInterface>(op);
      if (compute && failed(checkOp(compute, symbols))) {
        return WalkResult::interrupt();
      }
      if (isa<gemma::GemmaDialect>(op->getDialect()) && !isa<gemma::WeightOp>(op)) {
        op->emitOpError("is not a kernel op; run lower-gemma-to-kernel first");
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  PassTarget passTarget;
  std::string descriptor; ///< a lap_program with its blobs, or empty
};

} // namespace

std::unique_ptr<Pass> lapidary::createLowerKernelToLlvmPass(const TargetBackend &target, ArrayRef<char> descriptor) {
  return std::make_unique<LowerKernelToLlvmPass>(target, descriptor);
}
