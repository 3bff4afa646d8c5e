//===- AccessChecks.cpp - a call in front of every access ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The alignment that is checked is the one the instruction promises: it decides which vectors the GPU's compiler loads
// in one piece, and those fault when they are not aligned. Accesses of a thread's own variables at constant offsets are
// not checked at run time.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"

namespace lapidary::cuda::emulator {

namespace {

constexpr uint64_t largestAlignment = 16; // of one access of the hardware

class Checker {
public:
  Checker(llvm::Function &kernel, const Sites &sites)
      : module(*kernel.getParent()), layout(module.getDataLayout()), sites(sites) {}

  void visit(llvm::Instruction &instruction) {
    if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
      check(instruction, load->isAtomic() ? "lap_emu_atomic_load" : "lap_emu_load", load->getPointerOperand(),
            load->getType(), load->getAlign());
    } else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      check(instruction, store->isAtomic() ? "lap_emu_atomic_update" : "lap_emu_store", store->getPointerOperand(),
            store->getValueOperand()->getType(), store->getAlign());
    } else if (auto *update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
      check(instruction, "lap_emu_atomic_update", update->getPointerOperand(), update->getType(), update->getAlign());
    } else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
      check(instruction, "lap_emu_atomic_update", exchange->getPointerOperand(),
            exchange->getCompareOperand()->getType(), exchange->getAlign());
    } else if (auto *intrinsic = llvm::dyn_cast<llvm::AnyMemIntrinsic>(&instruction)) {
      visitMemory(*intrinsic);
    }
  }

private:
  void visitMemory(llvm::AnyMemIntrinsic &intrinsic) {
    llvm::IRBuilder<> builder(&intrinsic);
    llvm::Value *bytes = builder.CreateZExtOrTrunc(intrinsic.getLength(), builder.getInt32Ty());
    if (auto *transfer = llvm::dyn_cast<llvm::AnyMemTransferInst>(&intrinsic)) {
      check(intrinsic, "lap_emu_load", transfer->getRawSource(), bytes, llvm::Align(1), std::nullopt);
    }
    check(intrinsic, "lap_emu_store", intrinsic.getRawDest(), bytes, llvm::Align(1), std::nullopt);
  }

  void check(llvm::Instruction &instruction, const char *function, llvm::Value *address, llvm::Type *type,
             llvm::Align align) {
    const uint64_t bytes = layout.getTypeStoreSize(type);
    llvm::IRBuilder<> builder(&instruction);
    check(instruction, function, address, builder.getInt32(uint32_t(bytes)), align, bytes);
  }

  void check(llvm::Instruction &instruction, const char *function, llvm::Value *address, llvm::Value *bytes,
             llvm::Align align, std::optional<uint64_t> constantBytes) {
    llvm::IRBuilder<> builder(&instruction);
    llvm::Value *object = llvm::getUnderlyingObject(address);
    if (std::optional<uint64_t> size = ownBytes(object)) {
      if (!constantBytes || !isInside(address, object, *constantBytes, *size)) {
        call(builder, "lap_emu_local",
             {generic(builder, address), bytes, generic(builder, object), builder.getInt32(uint32_t(*size)),
              sites.of(instruction, builder)});
      }
      return;
    }
    const uint64_t alignment = std::min(align.value(), largestAlignment);
    call(builder, function,
         {generic(builder, address), bytes, builder.getInt32(uint32_t(alignment)), sites.of(instruction, builder)});
  }

  /// The size of a variable that is not in the device's memory: the thread's own, or the module's.
  std::optional<uint64_t> ownBytes(const llvm::Value *object) const {
    if (const auto *variable = llvm::dyn_cast<llvm::AllocaInst>(object)) {
      if (std::optional<llvm::TypeSize> size = variable->getAllocationSize(layout)) {
        return size->getFixedValue();
      }
    } else if (const auto *global = llvm::dyn_cast<llvm::GlobalVariable>(object)) {
      return layout.getTypeAllocSize(global->getValueType()).getFixedValue();
    }
    return std::nullopt;
  }

  bool isInside(llvm::Value *address, llvm::Value *object, uint64_t bytes, uint64_t size) const {
    llvm::APInt offset(layout.getIndexTypeSizeInBits(address->getType()), 0);
    const llvm::Value *base = address->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true);
    return base == object && offset.isNonNegative() && offset.getZExtValue() + bytes <= size;
  }

  static llvm::Value *generic(llvm::IRBuilder<> &builder, llvm::Value *address) {
    return builder.CreateAddrSpaceCast(address, builder.getPtrTy());
  }

  void call(llvm::IRBuilder<> &builder, const char *function, llvm::ArrayRef<llvm::Value *> arguments) {
    llvm::SmallVector<llvm::Type *, 5> types;
    for (llvm::Value *argument : arguments) {
      types.push_back(argument->getType());
    }
    llvm::FunctionCallee callee =
        module.getOrInsertFunction(function, llvm::FunctionType::get(builder.getVoidTy(), types, false));
    // It may not return, but it changes nothing that kernels see.
    auto *declared = llvm::cast<llvm::Function>(callee.getCallee());
    declared->setDoesNotThrow();
    declared->setOnlyAccessesInaccessibleMemory();
    builder.CreateCall(callee, arguments);
  }

  llvm::Module &module;
  const llvm::DataLayout &layout;
  const Sites &sites;
};

} // namespace

void checkAccesses(llvm::Function &kernel, const Sites &sites) {
  llvm::SmallVector<llvm::Instruction *> instructions;
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      if (instruction.mayReadOrWriteMemory()) {
        instructions.push_back(&instruction);
      }
    }
  }
  Checker checker(kernel, sites);
  for (llvm::Instruction *instruction : instructions) {
    checker.visit(*instruction);
  }
}

} // namespace lapidary::cuda::emulator
