//===- GridWeights.h - which weights were trained for 4 bits -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Models of quantization-aware training are also released as plain weights that are integers times scales. Which format
// keeps them is decided before a weight is packed, so a few rows of each are looked at first.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_GRIDWEIGHTS_H
#define LAPIDARY_COMPILER_GRIDWEIGHTS_H

#include "frontends/safetensors/Checkpoint.h"
#include "support/Diagnostics.h"

#include "mlir/IR/BuiltinOps.h"

namespace lapidary {

/// Sets `on_grid` of every plain gemma.weight with rows of 32 or more columns, most of whose groups of 32 columns are
/// on a 4-bit grid (targets/common/packing/GroupGrid.h) in four of its rows; zeros say nothing. Reports ReadFailed.
bool markGridWeights(mlir::ModuleOp module, const Checkpoint &checkpoint, Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_GRIDWEIGHTS_H
