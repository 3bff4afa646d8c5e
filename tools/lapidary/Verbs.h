//===- Verbs.h - the verbs of `lapidary` ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each verb is a row of one table: name, usage, options, function. main dispatches by it; help and shell completion
// are printed from it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TOOLS_LAPIDARY_VERBS_H
#define LAPIDARY_TOOLS_LAPIDARY_VERBS_H

#include "compiler/CommandLine.h"
#include "compiler/Compile.h"
#include "compiler/Console.h"

namespace lapidary {

/// What a verb is run with.
struct VerbContext {
  const Arguments &arguments;
  Console &console;
  Diagnostics &diagnostics;
  const char *argv0;
};

struct Verb {
  const char *name;
  const char *usage; ///< after "lapidary "
  const char *summary;
  std::vector<OptionSpec> (*options)();
  int (*run)(const VerbContext &context); ///< returns the exit code
};

llvm::ArrayRef<Verb> allVerbs();
const Verb *findVerb(llvm::StringRef name);

int runCompile(const VerbContext &context);
int runPlan(const VerbContext &context);
int runCalibrate(const VerbContext &context);
int runInspect(const VerbContext &context);
int runCheck(const VerbContext &context);
int runEval(const VerbContext &context);
int runTargets(const VerbContext &context);
int runExplain(const VerbContext &context);
int runCompletion(const VerbContext &context);
int runHelp(const VerbContext &context);

std::vector<OptionSpec> compileVerbOptions();
std::vector<OptionSpec> calibrateOptions();
std::vector<OptionSpec> inspectOptions();
std::vector<OptionSpec> checkOptions();
std::vector<OptionSpec> evalOptions();
std::vector<OptionSpec> targetsOptions();

/// Help of one verb, or of all.
std::string verbHelp(const Verb &verb, bool all);
std::string generalHelp();

/// "lapidary 0.1.0 (commit ..), LLVM 22.1.8" and the targets of this build.
std::string versionText();

/// Exit code of the first error, 0 when there was none.
int exitCode(const Diagnostics &diagnostics);

// inspect, by what the path is.
int inspectModel(const VerbContext &context, const std::string &directory);
int inspectProgram(const VerbContext &context, const std::string &path);

} // namespace lapidary

#endif // LAPIDARY_TOOLS_LAPIDARY_VERBS_H
