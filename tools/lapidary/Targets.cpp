//===- Targets.cpp - lapidary targets -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What this build can emit, asked of each target itself.
//===----------------------------------------------------------------------===//
#include "tools/lapidary/Verbs.h"

#include "passes/TargetBackend.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

llvm::json::Value toJson(const TargetBackend &target) {
  llvm::json::Array cpus;
  for (const std::string &cpu : target.cpus()) {
    cpus.push_back(cpu);
  }
  return llvm::json::Object{{"name", target.name()},
                            {"summary", target.summary()},
                            {"runs_here", target.runsHere()},
                            {"cpus", std::move(cpus)}};
}

void listTargets(bool json) {
  llvm::json::Array array;
  for (const std::unique_ptr<TargetBackend> &target : createAllTargets()) {
    if (json) {
      array.push_back(toJson(*target));
    } else {
      llvm::outs() << llvm::format("%-16s ", target->name().str().c_str()) << target->summary()
                   << (target->runsHere() ? "  (runs here)" : "") << "\n";
    }
  }
  if (json) {
    llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(array)));
  }
}

/// One target in full: every CPU with the features its programs ask for.
int describeTarget(const std::string &name, Diagnostics &diagnostics) {
  std::unique_ptr<TargetBackend> target = createTarget(name, diagnostics);
  if (!target) {
    return exitCode(diagnostics);
  }
  llvm::outs() << target->name() << ": " << target->summary() << "\n";
  for (const std::string &cpu : target->cpus()) {
    if (target->selectCpu(cpu, diagnostics)) {
      llvm::outs() << "  --target=" << target->targetString() << "\n      needs: " << target->requiredFeatures()
                   << "\n";
    }
  }
  return exitCode(diagnostics);
}

} // namespace

std::vector<OptionSpec> targetsOptions() {
  std::vector<OptionSpec> options = {{"json", 0, nullptr, nullptr, "Output", true, "print JSON"}};
  std::vector<OptionSpec> talking = talkingOptions();
  options.insert(options.end(), talking.begin(), talking.end());
  return options;
}

int runTargets(const VerbContext &context) {
  const std::vector<std::string> &words = context.arguments.positional();
  if (words.empty()) {
    listTargets(context.arguments.has("json"));
    return 0;
  }
  if (!expectWords(context.arguments, 1, "the target", "lapidary targets [NAME]", context.diagnostics)) {
    return exitCode(context.diagnostics);
  }
  return describeTarget(words.front(), context.diagnostics);
}

} // namespace lapidary
