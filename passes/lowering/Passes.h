//===- Passes.h - the passes of the lower and plan phases -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td: create<Pass>() for each pass and registerLoweringPasses() for tools. A pass
// made without a target resolves its option `target` through the registry; the driver uses LoweringPipeline.h, which
// hands over the target it already has.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_LOWERING_PASSES_H
#define LAPIDARY_PASSES_LOWERING_PASSES_H

#include "passes/TargetBackend.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace lapidary {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/lowering/Passes.h.inc"

} // namespace lapidary

#endif // LAPIDARY_PASSES_LOWERING_PASSES_H
