//===- Compile.h - from a checkpoint directory to a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The driver behind `lapidary compile` and `lapidary plan`. Compile.cpp reads as the data flows: inputs, module, plan,
// objects, weights, file.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_COMPILE_H
#define LAPIDARY_COMPILER_COMPILE_H

#include "compiler/Options.h"

namespace lapidary {

/// Where the compiler finds what it was installed with.
struct Installation {
  std::string resourceDirectory; ///< lib/lapidary
  std::string toolDirectory;     ///< bin
  std::string cacheDirectory;    ///< kernel objects by content, in the user's cache
};

/// From the path of the running `lapidary` (argv[0] is only a hint).
Installation findInstallation(const char *argv0);

/// Compiles, or only plans. Reports everything through `diagnostics`; returns the process exit code.
int compile(const CompileOptions &options, const Installation &installation, Console &console,
            Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_COMPILE_H
