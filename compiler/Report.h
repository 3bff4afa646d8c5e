//===- Report.h - what a compilation says at its start and end --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The plan before the work; size, time, hash and the next command after it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_REPORT_H
#define LAPIDARY_COMPILER_REPORT_H

#include "compiler/Console.h"
#include "compiler/Options.h"
#include "compiler/ProgramDescriptor.h"

namespace lapidary {

/// "target ..", "plan ..".
/// `notes`: the target's (TargetBackend::planNotes).
void reportPlan(const CompileOptions &options, const ProgramFacts &facts, llvm::ArrayRef<std::string> notes,
                Console &console);

/// "done ..", "weights sha256 ..", "next ..".
void reportDone(const CompileOptions &options, uint64_t bytes, const Sha256 &weightHash, double seconds,
                const ProgramFacts &facts, Console &console);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_REPORT_H
