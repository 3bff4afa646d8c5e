//===- CompileVerb.cpp - lapidary compile, lapidary plan ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The work is in compiler/Compile.h; plan is compile --dry-run.
//===----------------------------------------------------------------------===//
#include "tools/lapidary/Verbs.h"

namespace lapidary {

namespace {
int run(const VerbContext &context, bool dryRun) {
  std::optional<CompileOptions> options = compileOptions(context.arguments, dryRun, context.diagnostics);
  if (!options) {
    return exitCode(context.diagnostics);
  }
  return compile(*options, findInstallation(context.argv0), context.console, context.diagnostics);
}
} // namespace

std::vector<OptionSpec> compileVerbOptions() {
  llvm::ArrayRef<OptionSpec> table = compileOptionTable();
  return {table.begin(), table.end()};
}

int runCompile(const VerbContext &context) { return run(context, context.arguments.has("dry-run")); }
int runPlan(const VerbContext &context) { return run(context, true); }

} // namespace lapidary
