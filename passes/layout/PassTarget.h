//===- PassTarget.h - the target a pass works for ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The driver hands its target to a pass; lapidary-opt names one in an option. A pass holds one of these and does not
// care which of both it was.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LAYOUT_PASSTARGET_H
#define LAPIDARY_PASSES_LAYOUT_PASSTARGET_H

#include "passes/TargetBackend.h"

#include "mlir/IR/Operation.h"

namespace lapidary {

class PassTarget {
public:
  PassTarget() = default;
  /// Borrows; `target` must outlive the pass.
  explicit PassTarget(const TargetBackend &target) : borrowed(&target) {}

  /// The given target, or the one called `name` ("": the first of this build). An unknown name is an error on `op`,
  /// and nullptr.
  const TargetBackend *resolve(llvm::StringRef name, mlir::Operation *op);

private:
  const TargetBackend *borrowed = nullptr;
  std::shared_ptr<TargetBackend> owned; // shared, because passes are copied
};

} // namespace lapidary

#endif // LAPIDARY_PASSES_LAYOUT_PASSTARGET_H
