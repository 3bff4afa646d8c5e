//===- StatisticsWriter.h - from a program's observations to a statistics file ----===//
// SPDX-License-Identifier: Apache-2.0
//
// A program knows its weights and caches by their offsets; a statistics file has names that any program of the
// checkpoint understands.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_STATISTICSWRITER_H
#define LAPIDARY_COMPILER_STATISTICSWRITER_H

#include "compiler/Hash.h"
#include "compiler/Options.h"
#include "frontends/safetensors/Checkpoint.h"

namespace lapidary {

/// Writes what a program `observed` under the names of `placed`, with the checkpoint's fingerprint `mark`. Errors are
/// those of reading and writing.
bool writeStatistics(const Checkpoint &observed, const Placement &placed, const Sha256 &mark, const std::string &path,
                     Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_STATISTICSWRITER_H
