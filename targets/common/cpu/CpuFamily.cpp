//===- CpuFamily.cpp - finding the levels of a kind of CPU ----------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/cpu/CpuFamily.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <string>

namespace lapidary {

const CpuLevel *findLevel(const CpuFamily &family, llvm::StringRef name) {
  const auto *found = llvm::find_if(family.levels, [&](const CpuLevel &level) { return level.name == name; });
  return found == family.levels.end() ? nullptr : found;
}

const CpuLevel *nativeLevel(const CpuFamily &family) {
  const CpuLevel *best = nullptr;
  for (const CpuLevel &level : family.levels) {
    best = family.runsHere(level) ? &level : best;
  }
  return best;
}

bool machineHas(llvm::StringRef features, std::string (*llvmSpelling)(llvm::StringRef feature)) {
  const llvm::StringMap<bool> machine = llvm::sys::getHostCPUFeatures();
  llvm::SmallVector<llvm::StringRef> names;
  features.split(names, ' ');
  return llvm::all_of(names, [&](llvm::StringRef name) { return machine.lookup(llvmSpelling(name)); });
}

} // namespace lapidary
