//===- CpuLevels.cpp - the x86-64 CPUs programs are compiled for ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The levels follow the x86-64 psABI (v3: AVX2 and FMA, v4: AVX-512 F, CD, BW, DQ, VL); znver4 and sapphirerapids add
// the byte dot products of VNNI, which is what makes quantized products fast, and share kernels.
//===----------------------------------------------------------------------===//
#include "targets/x86/CpuLevels.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

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

bool runsOn(const CpuLevel &level, const llvm::StringMap<bool> &machine) {
  llvm::SmallVector<llvm::StringRef> features;
  level.features.split(features, ' ');
  return llvm::all_of(features, [&](llvm::StringRef name) { return machine.lookup(llvmSpelling(name)); });
}

} // namespace

llvm::ArrayRef<CpuLevel> cpuLevels() { return levels; }

const CpuLevel *findCpuLevel(llvm::StringRef name) {
  for (const CpuLevel &level : levels) {
    if (level.name == name) {
      return &level;
    }
  }
  return nullptr;
}

const CpuLevel *nativeCpuLevel() {
  llvm::StringMap<bool> machine = llvm::sys::getHostCPUFeatures();
  const CpuLevel *best = nullptr;
  for (const CpuLevel &level : levels) {
    best = runsOn(level, machine) ? &level : best;
  }
  return best;
}

} // namespace lapidary::x86
