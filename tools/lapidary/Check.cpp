//===- Check.cpp - lapidary check -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything `compile` would complain about before its first pass, all at once.
//===----------------------------------------------------------------------===//
#include "compiler/Inputs.h"
#include "tools/lapidary/Verbs.h"

namespace lapidary {

std::vector<OptionSpec> checkOptions() {
  std::vector<OptionSpec> options = {{"strict", 0, nullptr, nullptr, "Checking", true, "treat warnings as errors"}};
  std::vector<OptionSpec> talking = talkingOptions();
  options.insert(options.end(), talking.begin(), talking.end());
  return options;
}

int runCheck(const VerbContext &context) {
  Diagnostics &diagnostics = context.diagnostics;
  if (!expectWords(context.arguments, 1, "the checkpoint directory", "lapidary check MODEL_DIR", diagnostics)) {
    return exitCode(diagnostics);
  }
  std::optional<Inputs> inputs = readInputs(context.arguments.positional().front(), diagnostics);
  size_t warnings = diagnostics.all().size() - diagnostics.errorCount();
  if (context.arguments.has("strict") && warnings != 0 && !diagnostics.hadError()) {
    diagnostics.error(ErrorCode::WarningsAreErrors, std::to_string(warnings) + " warning(s) under --strict");
  }
  if (inputs && !diagnostics.hadError()) {
    context.console.line("ok", modelText(*inputs));
  }
  return exitCode(diagnostics);
}

} // namespace lapidary
