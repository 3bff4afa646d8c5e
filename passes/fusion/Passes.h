//===- Passes.h - the passes of the fuse phase -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td: create<Pass>() for each pass and registerFusionPasses() for tools.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_FUSION_PASSES_H
#define LAPIDARY_PASSES_FUSION_PASSES_H

#include "dialects/gemma/Gemma.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace lapidary {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/fusion/Passes.h.inc"

} // namespace lapidary

#endif // LAPIDARY_PASSES_FUSION_PASSES_H
