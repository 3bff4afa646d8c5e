//===- Intrinsics.cpp - NVVM's intrinsics as calls of the emulated device --===//
// SPDX-License-Identifier: Apache-2.0
//
// Three kinds: those of one thread (ScalarIntrinsics.def), those of a warp (WarpOperations.def), whose operands and
// results go through an array of words, and the few that are listed here: barriers, asynchronous copies, groups of
// wgmma, dependent launch, fences (which are nothing where one thread runs at a time, but for that of the async proxy)
// and traps.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/Abi.h"
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Intrinsics.h"

namespace lapidary::cuda::emulator {

namespace {

constexpr uint32_t mostWords = 24; ///< operands of an mma: at most 4 + 2 + 4; some room

struct WarpEntry {
  WarpOperation operation;
  int mask; ///< which operand; -1: none
};

const llvm::StringMap<WarpEntry> &warpEntries() {
  static const llvm::StringMap<WarpEntry> entries = {
#define LAP_EMU_WARP(NAME, INTRINSIC, MASK, ALIGNED) {INTRINSIC, {WarpOperation::NAME, MASK}},
#include "targets/cuda/emulator/WarpOperations.def"
  };
  return entries;
}

const llvm::StringMap<const char *> &scalarEntries() {
  static const llvm::StringMap<const char *> entries = {
#define LAP_EMU_SCALAR(FUNCTION, INTRINSIC, RESULT, PARAMETERS) {INTRINSIC, "lap_emu_" #FUNCTION},
#include "targets/cuda/emulator/ScalarIntrinsics.def"
  };
  return entries;
}

class Replacer {
public:
  Replacer(llvm::Function &kernel, const Sites &sites, Diagnostics &diagnostics)
      : kernel(kernel), module(*kernel.getParent()), builder(kernel.getContext()), sites(sites),
        diagnostics(diagnostics) {}

  bool replace(llvm::CallInst &call) {
    llvm::Function *callee = call.getCalledFunction();
    if (!callee || !callee->isIntrinsic()) {
      return callee || unknown(call, "a call through a pointer");
    }
    builder.SetInsertPoint(&call);
    llvm::StringRef name = callee->getName();
    if (callee->getIntrinsicID() == llvm::Intrinsic::trap) {
      finish(call, callDevice("lap_emu_trap", builder.getVoidTy(), {sites.of(call, builder)}));
      return true;
    }
    if (!name.consume_front("llvm.nvvm.")) {
      return !llvm::Intrinsic::isTargetIntrinsic(callee->getIntrinsicID()) || unknown(call, "intrinsic " + name.str());
    }
    return replaceScalar(call, name) || replaceWarp(call, name) || replaceBarrier(call, name) ||
           replaceCopy(call, name) || replaceFence(call, name) || replaceWgmma(call, name) ||
           replaceDependentLaunch(call, name) || unknown(call, "intrinsic llvm.nvvm." + name.str());
  }

private:
  bool unknown(const llvm::CallInst &call, const std::string &what) {
    return diagnostics.error(ErrorCode::KernelBuildFailed, "the emulator does not know " + what,
                             "kernel '" + kernel.getName().str() + "'",
                             "add it to targets/cuda/emulator/ScalarIntrinsics.def or WarpOperations.def");
  }

  llvm::CallInst *callDevice(llvm::StringRef name, llvm::Type *result, llvm::ArrayRef<llvm::Value *> arguments) {
    llvm::SmallVector<llvm::Type *, 6> types;
    for (llvm::Value *argument : arguments) {
      types.push_back(argument->getType());
    }
    llvm::FunctionCallee callee = module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
    auto *declared = llvm::cast<llvm::Function>(callee.getCallee());
    declared->setDoesNotThrow();
    declared->setConvergent();
    return builder.CreateCall(callee, arguments);
  }

  void finish(llvm::CallInst &call, llvm::Value *result) {
    if (!call.getType()->isVoidTy()) {
      call.replaceAllUsesWith(result);
    }
    call.eraseFromParent();
  }

  /// bf16, f16 and pairs of them cross calls as integers.
  llvm::Type *passedAs(llvm::Type *type) {
    const bool small = type->getScalarSizeInBits() == 16 && type->isFPOrFPVectorTy();
    return small ? builder.getIntNTy(unsigned(type->getPrimitiveSizeInBits().getFixedValue())) : type;
  }

  bool replaceScalar(llvm::CallInst &call, llvm::StringRef name) {
    auto entry = scalarEntries().find(name);
    if (entry == scalarEntries().end()) {
      return false;
    }
    llvm::SmallVector<llvm::Value *, 4> arguments;
    for (llvm::Value *argument : call.args()) {
      arguments.push_back(builder.CreateBitCast(argument, passedAs(argument->getType())));
    }
    llvm::CallInst *result = callDevice(entry->second, passedAs(call.getType()), arguments);
    auto *declared = result->getCalledFunction();
    declared->setDoesNotAccessMemory();
    declared->setWillReturn();
    declared->setNotConvergent();
    finish(call, builder.CreateBitCast(result, call.getType()));
    return true;
  }

  /// One array for all calls of a kernel.
  llvm::Value *wordsOfKernel() {
    if (!words) {
      llvm::IRBuilder<> entry(&kernel.getEntryBlock(), kernel.getEntryBlock().begin());
      words = entry.CreateAlloca(llvm::ArrayType::get(entry.getInt32Ty(), mostWords));
    }
    return words;
  }

  llvm::Value *word(uint32_t index) { return builder.CreateConstGEP1_32(builder.getInt32Ty(), wordsOfKernel(), index); }

  void storeOperands(llvm::CallInst &call, int mask) {
    uint32_t index = 0;
    for (unsigned i = 0; i < call.arg_size(); ++i) {
      llvm::Value *value = call.getArgOperand(i);
      if (int(i) == mask) {
        continue;
      }
      if (value->getType()->isPointerTy()) {
        value = builder.CreatePtrToInt(value, builder.getInt64Ty());
      } else if (value->getType()->isIntegerTy(1)) {
        value = builder.CreateZExt(value, builder.getInt32Ty());
      }
      builder.CreateAlignedStore(value, word(index), llvm::Align(4));
      index += value->getType()->getPrimitiveSizeInBits().getFixedValue() == 64 ? 2 : 1;
    }
    assert(index <= mostWords && "an intrinsic with more operands than any");
  }

  llvm::Value *loadResult(llvm::Type *type, uint32_t index) {
    if (type->isIntegerTy(1)) {
      llvm::Value *value = builder.CreateAlignedLoad(builder.getInt32Ty(), word(index), llvm::Align(4));
      return builder.CreateICmpNE(value, builder.getInt32(0));
    }
    return builder.CreateAlignedLoad(type, word(index), llvm::Align(4));
  }

  llvm::Value *loadResults(llvm::Type *type) {
    auto *structure = llvm::dyn_cast<llvm::StructType>(type);
    if (!structure) {
      return type->isVoidTy() ? nullptr : loadResult(type, 0);
    }
    llvm::Value *result = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < structure->getNumElements(); ++i) {
      result = builder.CreateInsertValue(result, loadResult(structure->getElementType(i), i), i);
    }
    return result;
  }

  bool replaceWarp(llvm::CallInst &call, llvm::StringRef name) {
    name.consume_back(".p3"); // the address space of ldmatrix's operand
    name.consume_back(".p0");
    auto entry = warpEntries().find(name);
    if (entry == warpEntries().end()) {
      return false;
    }
    const int mask = entry->second.mask;
    storeOperands(call, mask);
    callDevice("lap_emu_warp", builder.getVoidTy(),
               {builder.getInt32(uint32_t(entry->second.operation)),
                mask < 0 ? builder.getInt32(~0u) : call.getArgOperand(unsigned(mask)), wordsOfKernel(),
                sites.of(call, builder)});
    finish(call, loadResults(call.getType()));
    return true;
  }

  bool replaceBarrier(llvm::CallInst &call, llvm::StringRef name) {
    if (!name.consume_front("barrier.cta.sync.")) {
      return false;
    }
    name.consume_front("aligned.");
    if (name != "all" && name != "count") {
      return false;
    }
    llvm::Value *threads = name == "count" ? call.getArgOperand(1) : builder.getInt32(0);
    finish(call, callDevice("lap_emu_barrier", builder.getVoidTy(),
                            {call.getArgOperand(0), threads, sites.of(call, builder)}));
    return true;
  }

  bool replaceCopy(llvm::CallInst &call, llvm::StringRef name) {
    if (!name.consume_front("cp.async.")) {
      return false;
    }
    if (name == "commit.group") {
      finish(call, callDevice("lap_emu_copy_commit", builder.getVoidTy(), {}));
      return true;
    }
    if (name == "wait.group" || name == "wait.all") {
      llvm::Value *groups = name == "wait.all" ? builder.getInt32(~0u) : call.getArgOperand(0);
      finish(call, callDevice("lap_emu_copy_wait", builder.getVoidTy(), {groups}));
      return true;
    }
    uint32_t bytes = 0;
    if (!(name.consume_front("ca.shared.global.") || name.consume_front("cg.shared.global.")) ||
        name.consumeInteger(10, bytes) || (!name.empty() && name != ".s")) {
      return false;
    }
    llvm::Value *source = name.empty() ? builder.getInt32(bytes) : call.getArgOperand(2);
    finish(call, callDevice("lap_emu_copy_async", builder.getVoidTy(),
                            {builder.CreateAddrSpaceCast(call.getArgOperand(0), builder.getPtrTy()),
                             builder.CreateAddrSpaceCast(call.getArgOperand(1), builder.getPtrTy()),
                             builder.getInt32(bytes), source, sites.of(call, builder)}));
    return true;
  }

  /// wgmma.wait_group is known as assembly only (Assembly.cpp): as an intrinsic it does not say which sums it is for,
  /// and LLVM may use them before it.
  bool replaceWgmma(llvm::CallInst &call, llvm::StringRef name) {
    const char *function = name == "wgmma.fence.sync.aligned"          ? "lap_emu_wgmma_fence"
                           : name == "wgmma.commit_group.sync.aligned" ? "lap_emu_wgmma_commit"
                                                                       : nullptr;
    if (function) {
      finish(call, callDevice(function, builder.getVoidTy(), {sites.of(call, builder)}));
    }
    return function != nullptr;
  }

  /// launch.dependents allows the next kernel to begin early; here kernels run in turn.
  bool replaceDependentLaunch(llvm::CallInst &call, llvm::StringRef name) {
    if (name == "griddepcontrol.launch.dependents") {
      call.eraseFromParent();
    } else if (name == "griddepcontrol.wait") {
      finish(call, callDevice("lap_emu_wait_for_kernels", builder.getVoidTy(), {}));
    } else if (name == "cp.async.bulk.prefetch.L2") {
      finish(call, callDevice("lap_emu_prefetch", builder.getVoidTy(),
                              {builder.CreateAddrSpaceCast(call.getArgOperand(0), builder.getPtrTy()),
                               call.getArgOperand(1), sites.of(call, builder)}));
    } else {
      return false;
    }
    return true;
  }

  bool replaceFence(llvm::CallInst &call, llvm::StringRef name) {
    if (name == "fence.proxy.async" || name.starts_with("fence.proxy.async.shared")) {
      finish(call, callDevice("lap_emu_proxy_fence", builder.getVoidTy(), {}));
      return true;
    }
    if (name != "membar.cta" && name != "membar.gl" && name != "membar.sys" && !name.starts_with("fence.")) {
      return false;
    }
    call.eraseFromParent();
    return true;
  }

  llvm::Function &kernel;
  llvm::Module &module;
  llvm::IRBuilder<> builder;
  const Sites &sites;
  Diagnostics &diagnostics;
  llvm::Value *words = nullptr;
};

} // namespace

bool replaceIntrinsics(llvm::Function &kernel, const Sites &sites, Diagnostics &diagnostics) {
  llvm::SmallVector<llvm::CallInst *> calls;
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction)) {
        calls.push_back(call);
      }
    }
  }
  Replacer replacer(kernel, sites, diagnostics);
  for (llvm::CallInst *call : calls) {
    if (!replacer.replace(*call)) {
      return false;
    }
  }
  return true;
}

} // namespace lapidary::cuda::emulator
