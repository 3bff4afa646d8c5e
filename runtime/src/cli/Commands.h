//===- Commands.h - one function per command ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each lives in the file of its name and returns the process's exit code. `out` is standard output; the caller flushes
// it and reports write errors.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_COMMANDS_H
#define LAPIDARY_RUNTIME_CLI_COMMANDS_H

#include "runtime/src/cli/Options.h"

namespace lap {

using CommandFunction = ExitCode(const Options &options, Output &out);

CommandFunction runText, runGenerate, runLogits, runTokenize, runDetokenize, runBench, runPerplexity, runObserve,
    runInfo, runVerify;

/// The whole program: options, dispatch, exit code. `serve` runs the command of that name; null: there is none.
int runCommandLine(int argc, const char *const *argv, CommandFunction *serve = nullptr);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_COMMANDS_H
