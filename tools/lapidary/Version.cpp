//===- Version.cpp - lapidary --version --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What a bug report should quote.
//===----------------------------------------------------------------------===//
#include "tools/lapidary/Verbs.h"

#include "passes/TargetBackend.h"

#include "llvm/Config/llvm-config.h"

namespace lapidary {

std::string versionText() {
  std::string text =
      "lapidary " LAPIDARY_VERSION " (commit " LAPIDARY_COMMIT "), LLVM " LLVM_VERSION_STRING "\ntargets:";
  for (const std::unique_ptr<TargetBackend> &target : createAllTargets()) {
    text += " " + target->name().str();
  }
  return text + "\n";
}

} // namespace lapidary
