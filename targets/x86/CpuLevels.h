//===- CpuLevels.h - the x86-64 CPUs programs are compiled for -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is named after the '+' of --target=x86_64-linux+CPU, which kernels that means, and what a program must find when
// it starts.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_CPULEVELS_H
#define LAPIDARY_TARGETS_X86_CPULEVELS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace lapidary::x86 {

struct CpuLevel {
  llvm::StringLiteral name;      ///< what users write
  llvm::StringLiteral isa;       ///< the suffix of its kernels' names
  llvm::StringLiteral kernelCpu; ///< what lapidary-kernelgen is asked for
  llvm::StringLiteral features;  ///< as /proc/cpuinfo spells them
};

/// All levels, the most portable (and default) first.
llvm::ArrayRef<CpuLevel> cpuLevels();

/// The level called `name`; nullptr when there is none.
const CpuLevel *findCpuLevel(llvm::StringRef name);

/// The best level that this machine runs; nullptr on a machine that runs none.
const CpuLevel *nativeCpuLevel();

} // namespace lapidary::x86

#endif // LAPIDARY_TARGETS_X86_CPULEVELS_H
