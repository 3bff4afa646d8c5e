//===- ArmTarget.cpp - programs for aarch64 Linux ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Levels by what the integer products need: dot products of bytes (ARMv8.2, Cortex-A76 and later, the default because
// the boards and phones of the last years have them), matrix products of bytes (i8mm, ARMv8.6), or neither. Names of
// features are those of the kernel's HWCAP list (Documentation/arch/arm64/elf_hwcaps.rst).
//===----------------------------------------------------------------------===//
#include "targets/arm/ArmTarget.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/TargetSelect.h"

namespace lapidary::arm {

namespace {

#define LAPIDARY_NEON "fp asimd"
#define LAPIDARY_DOTPROD LAPIDARY_NEON " asimddp"
#define LAPIDARY_I8MM LAPIDARY_DOTPROD " i8mm"

constexpr CpuLevel levels[] = {
    {"cortex-a76", "dotprod", "cortex-a76", LAPIDARY_DOTPROD},  {"armv8-a", "neon", "armv8-a", LAPIDARY_NEON},
    {"neoverse-n1", "dotprod", "cortex-a76", LAPIDARY_DOTPROD}, {"dotprod", "dotprod", "cortex-a76", LAPIDARY_DOTPROD},
    {"neoverse-v1", "i8mm", "neoverse-v1", LAPIDARY_I8MM},      {"i8mm", "i8mm", "neoverse-v1", LAPIDARY_I8MM},
};

std::string llvmSpelling(llvm::StringRef feature) {
  return llvm::StringSwitch<llvm::StringRef>(feature)
      .Case("fp", "fp-armv8")
      .Case("asimd", "neon")
      .Case("asimddp", "dotprod")
      .Default(feature)
      .str();
}

void initializeBackend() {
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
}

bool runsHere(const CpuLevel &level) { return machineHas(level.features, llvmSpelling); }

constexpr CpuFamily family = {"aarch64-linux",
                              "64-bit ARM Linux: one static executable, NEON, dot products, i8mm",
                              "aarch64-unknown-linux-musl",
                              "generic",
                              true,
                              UINT64_MAX,
                              IntegerCode::Signed,
                              initializeBackend,
                              runsHere,
                              levels};

} // namespace

const CpuFamily &cpuFamily() { return family; }

std::unique_ptr<TargetBackend> createTarget() { return std::make_unique<CpuTarget>(family); }

} // namespace lapidary::arm
