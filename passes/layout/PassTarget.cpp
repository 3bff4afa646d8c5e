//===- PassTarget.cpp - the target a pass works for ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Turns what the registry reports about a name into a diagnostic on the op the pass runs on.
//===----------------------------------------------------------------------===//
#include "passes/layout/PassTarget.h"

#include "mlir/IR/Diagnostics.h"

using namespace lapidary;

const TargetBackend *PassTarget::resolve(llvm::StringRef name, mlir::Operation *op) {
  if (borrowed) {
    return borrowed;
  }
  if (name.empty()) {
    std::vector<std::unique_ptr<TargetBackend>> all = createAllTargets();
    Diagnostics ignored;
    if (all.empty() || !all.front()->selectCpu("", ignored)) {
      op->emitError("this build has no target");
      return nullptr;
    }
    owned = std::move(all.front());
  } else {
    Diagnostics diagnostics([op](const Diagnostic &diagnostic) {
      mlir::InFlightDiagnostic error = op->emitError(diagnostic.message);
      if (!diagnostic.help.empty()) {
        error.attachNote() << diagnostic.help;
      }
    });
    owned = createTarget(name, diagnostics);
  }
  return owned.get();
}
