//===- X86Target.cpp - programs for x86-64 Linux -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The levels follow the x86-64 psABI (v3: AVX2 and FMA, v4: AVX-512 F, CD, BW, DQ, VL); znver4 and sapphirerapids add
// the byte dot products of VNNI, which is what makes quantized products fast, and share kernels.
//===----------------------------------------------------------------------===//
#include "targets/x86/X86Target.h"

#include "llvm/Support/TargetSelect.h"

namespace lapidary::x86 {

namespace {

#define LAPIDARY_V3 "avx f16c fma avx2"
#define LAPIDARY_V4 LAPIDARY_V3 " avx512f avx512cd avx512bw avx512dq avx512vl"
#define LAPIDARY_VNNI                                                                                                  \
  LAPIDARY_V4 " avx512ifma avx512vbmi avx512_vbmi2 avx512_bitalg avx512_vpopcntdq avx512_vnni avx512_bf16"

constexpr CpuLevel levels[] = {
    {"x86-64-v3", "avx2", "x86-64-v3", LAPIDARY_V3},
    {"x86-64-v4", "avx512", "x86-64-v4", LAPIDARY_V4},
    {"sapphirerapids", "vnni", "znver4", LAPIDARY_VNNI},
    {"znver4", "vnni", "znver4", LAPIDARY_VNNI},
};

/// LLVM spells avx512_vnni "avx512vnni".
std::string llvmSpelling(llvm::StringRef feature) {
  std::string name = feature.str();
  name.erase(std::remove(name.begin(), name.end(), '_'), name.end());
  return name;
}

void initializeBackend() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
}

bool runsHere(const CpuLevel &level) { return machineHas(level.features, llvmSpelling); }

constexpr CpuFamily family = {"x86_64-linux",
                              "x86-64 Linux: one static executable, AVX2 to AVX-512 VNNI",
                              "x86_64-unknown-linux-musl",
                              "x86-64",
                              true,
                              UINT64_MAX,
                              IntegerCode::Offset,
                              initializeBackend,
                              runsHere,
                              levels};

} // namespace

const CpuFamily &cpuFamily() { return family; }

std::unique_ptr<TargetBackend> createTarget() { return std::make_unique<CpuTarget>(family); }

} // namespace lapidary::x86
