//===- Compile.h - from a checkpoint directory to a program ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The driver behind `lapidary compile` and `lapidary plan`. Compile.cpp reads as the data flows: inputs, module, plan,
// objects, weights, file.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_COMPILE_H
#define LAPIDARY_COMPILER_COMPILE_H

#include "compiler/Installation.h"
#include "compiler/Options.h"

namespace lapidary {

/// Compiles, or only plans. Reports everything through `diagnostics`; returns the process exit code.
int compile(const CompileOptions &options, const Installation &installation, Console &console,
            Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_COMPILE_H
