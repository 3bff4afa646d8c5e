//===- Passes.h - the passes of the quantize phase ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td: createQuantizeWeights(), QuantizeWeightsOptions, registerQuantizationPasses().
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_PASSES_H
#define LAPIDARY_PASSES_QUANTIZATION_PASSES_H

#include "dialects/gemma/Gemma.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace lapidary {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/quantization/Passes.h.inc"

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_PASSES_H
