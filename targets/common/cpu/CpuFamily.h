//===- CpuFamily.h - what one kind of CPU adds to the common CPU target ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// x86-64 and ARM programs are made the same way: layouts of targets/common/packing, kernels by name, program functions
// through LLVM, static executables through LLD. What differs is data: names, instruction set levels, and which LLVM
// backend writes the objects.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_CPU_CPUFAMILY_H
#define LAPIDARY_TARGETS_COMMON_CPU_CPUFAMILY_H

#include "targets/common/PackedLayout.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace lapidary {

/// One CPU or architecture level that programs are compiled for.
struct CpuLevel {
  llvm::StringLiteral name;      ///< what users write behind the '+' of --target
  llvm::StringLiteral isa;       ///< the suffix of its kernels' names
  llvm::StringLiteral kernelCpu; ///< what lapidary-kernelgen is asked for
  llvm::StringLiteral features;  ///< what a program must find when it starts, as /proc/cpuinfo spells it
};

/// One family: data of a target's folder, alive as long as the process.
struct CpuFamily {
  llvm::StringLiteral name;                ///< "x86_64-linux": what --target= names, and the folder of its resources
  llvm::StringLiteral summary;             ///< one line for `lapidary targets`
  llvm::StringLiteral triple;              ///< of the program functions
  llvm::StringLiteral baseCpu;             ///< LLVM's name for any member: a program must start to say what it misses
  bool positionIndependent;                ///< programs are linked with -pie
  uint64_t addressSpaceBytes;              ///< what a program's own memory can take of it; UINT64_MAX: enough
  IntegerCode integers;                    ///< how its dot products take weights
  void (*initializeBackend)();             ///< registers LLVM's code generator; called once
  bool (*runsHere)(const CpuLevel &level); ///< true when this machine has the level's features
  llvm::ArrayRef<CpuLevel> levels;         ///< the default first; of those that run here the last is "native"
};

/// The level called `name`; nullptr when there is none.
const CpuLevel *findLevel(const CpuFamily &family, llvm::StringRef name);

/// The best level that this machine runs; nullptr on a machine that runs none.
const CpuLevel *nativeLevel(const CpuFamily &family);

/// True when this machine has each of `features` (space separated); `llvmSpelling` turns a name of /proc/cpuinfo into
/// LLVM's. For CpuFamily::runsHere.
bool machineHas(llvm::StringRef features, std::string (*llvmSpelling)(llvm::StringRef feature));

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_CPU_CPUFAMILY_H
