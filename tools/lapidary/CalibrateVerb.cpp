//===- CalibrateVerb.cpp - lapidary calibrate ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Statistics are made once and used for many compilations (--calibration), so they have a verb of their own.
//===----------------------------------------------------------------------===//
#include "compiler/Calibrate.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/Threading.h"

namespace lapidary {

std::vector<OptionSpec> calibrateOptions() {
  std::vector<OptionSpec> options = {
      {"text", 0, "FILE", nullptr, "Calibrating", true, "text like what the program will read and write"},
      {"output", 'o', "FILE", nullptr, "Calibrating", true, "the statistics to write"},
      {"max-memory", 0, "SIZE", nullptr, "Limits", true, "refuse to use more memory while compiling: 8GiB"},
      {"jobs", 'j', "N", nullptr, "Limits", true, "threads for packing weights (default: all cores)"}};
  std::vector<OptionSpec> talking = talkingOptions();
  options.insert(options.end(), talking.begin(), talking.end());
  return options;
}

int runCalibrate(const VerbContext &context) {
  const Arguments &arguments = context.arguments;
  Diagnostics &diagnostics = context.diagnostics;
  const char *usage = "lapidary calibrate MODEL_DIR --text FILE -o STATS";
  if (!expectWords(arguments, 1, "the checkpoint directory", usage, diagnostics)) {
    return exitCode(diagnostics);
  }
  for (const char *needed : {"text", "output"}) {
    if (arguments.get(needed).empty()) {
      diagnostics.error(ErrorCode::MissingArgument, std::string("--") + needed + " is missing", "",
                        std::string("usage: ") + usage);
    }
  }
  CompileOptions options;
  options.model = arguments.positional().front();
  options.calibrate = arguments.get("text");
  options.output = arguments.get("output");
  options.maxMemory = arguments.bytes("max-memory", diagnostics).value_or(0);
  unsigned cores = llvm::hardware_concurrency().compute_thread_count();
  options.jobs = static_cast<unsigned>(arguments.number("jobs", std::max(1u, cores), 1, 256, diagnostics).value_or(1));
  if (diagnostics.hadError()) {
    return exitCode(diagnostics);
  }
  return calibrateModel(options, findInstallation(context.argv0), context.console, diagnostics);
}

} // namespace lapidary
