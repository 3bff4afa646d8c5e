//===- StoredScales.h - the values of scales and ranges ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The few values of a quantized checkpoint that are read before it is compiled: a scale that is no positive number
// would turn a row of weights into NaN or silence, and nothing later could tell.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_STOREDSCALES_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_STOREDSCALES_H

#include "frontends/safetensors/Checkpoint.h"
#include "support/CappedErrors.h"

namespace lapidary {

/// Checks that every value of `tensor` (F32 or BF16, [rows, perRow]) is finite and above zero. Reports the first that
/// is not (E0267), or what reading the file reports. Reads in pieces.
bool checkScaleValues(const TensorInfo &tensor, uint64_t perRow, const Checkpoint &checkpoint, CappedErrors &errors,
                      Diagnostics &diagnostics);

/// The value of a static range's step: one finite F32 number, not negative. Reports E0268; nothing after an error.
std::optional<float> readStep(const TensorInfo &tensor, const Checkpoint &checkpoint, CappedErrors &errors,
                              Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_STOREDSCALES_H
