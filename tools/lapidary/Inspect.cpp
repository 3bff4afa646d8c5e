//===- Inspect.cpp - lapidary inspect ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One verb for both ends: a checkpoint directory, or a program that was compiled from one.
//===----------------------------------------------------------------------===//
#include "support/FileIO.h"
#include "tools/lapidary/Verbs.h"

namespace lapidary {

std::vector<OptionSpec> inspectOptions() {
  std::vector<OptionSpec> options = {
      {"json", 0, nullptr, nullptr, "Output", true, "print JSON"},
      {"tensors", 0, nullptr, nullptr, "Output", true, "list the tensors of a checkpoint"},
      {"strict", 0, nullptr, nullptr, "Output", true, "exit with 2 when there were warnings"},
  };
  std::vector<OptionSpec> talking = talkingOptions();
  options.insert(options.end(), talking.begin(), talking.end());
  return options;
}

int runInspect(const VerbContext &context) {
  if (!expectWords(context.arguments, 1, "a checkpoint directory or program", "lapidary inspect MODEL_DIR|PROGRAM",
                   context.diagnostics)) {
    return exitCode(context.diagnostics);
  }
  const std::string &path = context.arguments.positional().front();
  return isDirectory(path) || !pathExists(path) ? inspectModel(context, path) : inspectProgram(context, path);
}

} // namespace lapidary
