//===- WrittenParameters.cpp - which parameters kernels write through ------===//
// SPDX-License-Identifier: Apache-2.0
//
// A launch changes no allocation but those that some parameter points to through which the kernel writes. Reads of the
// others (weights, above all) cannot race, and the device does not remember them. An address that comes from memory, or
// from where this cannot be told, may be anywhere: then all reads are remembered.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/Abi.h"
#include "targets/cuda/emulator/RetargetSteps.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"

namespace lapidary::cuda::emulator {

namespace {

constexpr unsigned sharedSpace = 3;

/// The operands an address may come from; nullopt: from anywhere.
std::optional<llvm::SmallVector<llvm::Value *>> sourcesOf(llvm::Value *value) {
  if (auto *address = llvm::dyn_cast<llvm::GEPOperator>(value)) {
    return {{address->getPointerOperand()}};
  }
  if (auto *select = llvm::dyn_cast<llvm::SelectInst>(value)) {
    return {{select->getTrueValue(), select->getFalseValue()}};
  }
  const auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(value);
  if (llvm::isa<llvm::PHINode, llvm::BinaryOperator, llvm::CastInst, llvm::FreezeInst>(value) ||
      (intrinsic && intrinsic->doesNotAccessMemory())) {
    auto *user = llvm::cast<llvm::User>(value);
    return llvm::SmallVector<llvm::Value *>(user->operand_values());
  }
  return std::nullopt;
}

bool mayBeAddress(const llvm::Value *value) {
  return value->getType()->isPointerTy() || value->getType()->isIntegerTy(64);
}

uint64_t parametersBehind(llvm::Value *address) {
  uint64_t parameters = 0;
  llvm::SmallPtrSet<llvm::Value *, 16> seen;
  llvm::SmallVector<llvm::Value *> open{address};
  while (!open.empty()) {
    llvm::Value *value = open.pop_back_val();
    if (!mayBeAddress(value) || !seen.insert(value).second || llvm::isa<llvm::Constant, llvm::AllocaInst>(value)) {
      continue; // an index, or memory that no parameter can point to
    }
    if (auto *parameter = llvm::dyn_cast<llvm::Argument>(value)) {
      if (parameter->getArgNo() >= 64) {
        return anyParameter;
      }
      parameters |= uint64_t(1) << parameter->getArgNo();
      continue;
    }
    std::optional<llvm::SmallVector<llvm::Value *>> sources = sourcesOf(value);
    if (!sources) {
      return anyParameter;
    }
    open.append(*sources);
  }
  return parameters;
}

llvm::Value *writtenAddress(llvm::Instruction &instruction) {
  if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
    return store->getPointerOperand();
  }
  if (auto *update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
    return update->getPointerOperand();
  }
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    return exchange->getPointerOperand();
  }
  if (auto *intrinsic = llvm::dyn_cast<llvm::AnyMemIntrinsic>(&instruction)) {
    return intrinsic->getRawDest();
  }
  return nullptr;
}

} // namespace

uint64_t writtenParameters(llvm::Function &kernel) {
  uint64_t parameters = 0;
  for (llvm::BasicBlock &block : kernel) {
    for (llvm::Instruction &instruction : block) {
      llvm::Value *address = writtenAddress(instruction);
      if (address && address->getType()->getPointerAddressSpace() != sharedSpace) {
        parameters |= parametersBehind(address);
      }
    }
  }
  return parameters;
}

} // namespace lapidary::cuda::emulator
