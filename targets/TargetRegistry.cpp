//===- TargetRegistry.cpp - the targets of this build --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The list comes from targets/CMakeLists.txt. Nothing here, or anywhere outside a target's folder, knows a target's
// name.
//===----------------------------------------------------------------------===//
#include "passes/TargetBackend.h"

#include "support/Quote.h"
#include "support/Suggest.h"

namespace lapidary {
using TargetFactory = std::unique_ptr<TargetBackend> (*)();
} // namespace lapidary
using lapidary::TargetBackend;
using lapidary::TargetFactory;

#include "targets/TargetRegistry.inc"

namespace lapidary {

std::vector<std::unique_ptr<TargetBackend>> createAllTargets() {
  std::vector<std::unique_ptr<TargetBackend>> targets;
  for (TargetFactory factory : factories) {
    targets.push_back(factory());
  }
  return targets;
}

namespace {

std::unique_ptr<TargetBackend> nativeTarget(Diagnostics &diagnostics) {
  for (auto &target : createAllTargets()) {
    if (target->runsHere()) {
      return target->selectCpu("native", diagnostics) ? std::move(target) : nullptr;
    }
  }
  diagnostics.error(ErrorCode::UnknownTarget, "no target of this build runs on this machine", "",
                    "name one with --target; `lapidary targets` lists them");
  return nullptr;
}

} // namespace

std::unique_ptr<TargetBackend> createTarget(llvm::StringRef text, Diagnostics &diagnostics) {
  if (text == "native") {
    return nativeTarget(diagnostics);
  }
  std::vector<std::string> names{"native"};
  for (auto &target : createAllTargets()) {
    if (std::optional<llvm::StringRef> cpu = target->cpuIn(text)) {
      return target->selectCpu(*cpu, diagnostics) ? std::move(target) : nullptr;
    }
    names.push_back(target->name().str());
  }
  std::string near = didYouMean(text.split('+').first.str(), names);
  diagnostics.error(ErrorCode::UnknownTarget, "unknown target " + quoted(text.str()), "",
                    near.empty() ? "`lapidary targets` lists what this build can emit" : near);
  return nullptr;
}

} // namespace lapidary
