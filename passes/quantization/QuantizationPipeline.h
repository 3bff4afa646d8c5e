//===- QuantizationPipeline.h - the quantize phase as one call ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The driver fills the options from --quant and its relatives, and from what calibration has found.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_QUANTIZATIONPIPELINE_H
#define LAPIDARY_PASSES_QUANTIZATION_QUANTIZATIONPIPELINE_H

#include "passes/quantization/Passes.h"

#include "mlir/Pass/PassManager.h"

namespace lapidary {

/// Adds the quantize phase to a pass manager anchored on builtin.module.
void buildQuantizationPipeline(mlir::OpPassManager &passes, const QuantizeWeightsOptions &weights,
                               const AddStaticRangesOptions &ranges);

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_QUANTIZATIONPIPELINE_H
