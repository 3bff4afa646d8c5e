//===- LookupMoments.h - what errors of looked-up rows cost ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The token table. When tied, it is read twice: its rows are multiplied with the last hidden state, and they are looked
// up. The observed moments speak of the first use only. An error e of a looked-up row changes a product with W behind a
// norm with weights n by W diag(n) e, so over all readings of the stream it costs e S e^T with S the sum of diag(n) W^T
// W diag(n). No run of the model is needed for S, but the weights must be read. Two things make readings comparable:
// each gets the same trace, because what a product's size means for the output is not known; and each is divided by one
// plus the number of branches that have joined the stream, because the norm in front of it divides by the size of all
// that is in the stream by then.
//
// Per-layer embeddings. An error e of a layer's slice, times the gate g, goes through W: it costs
// e (W^T W o E[g g^T]) e^T. The gate is not observed, but its product with the slice is, as the input of W. Its moments
// M tell how large g is in each column: sqrt(M[i][i] * M[j][j]) stands for E[g[i] * g[j]].
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_LOOKUPMOMENTS_H
#define LAPIDARY_COMPILER_LOOKUPMOMENTS_H

#include "frontends/safetensors/Checkpoint.h"
#include "passes/quantization/PerLayerTable.h"
#include "passes/quantization/TokenStream.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace lapidary {

/// S of `stream` for rows of `columns` columns, as lap_observer lays moments out (ProgramAbi.h). Of large weights some
/// hundred rows are taken. Tensors that are not in the checkpoint as F32 or BF16 of that width are left out. Reports
/// ReadFailed.
std::optional<std::vector<float>> lookupMoments(const TokenStream &stream, uint64_t columns,
                                                const Checkpoint &checkpoint, Diagnostics &diagnostics);

/// Adds the moments of lookups to those observed at the head, `moments` of the same `columns`: half as much, by trace.
/// Nothing changes when one of them is zero or no number.
void addLookups(std::vector<float> &moments, llvm::ArrayRef<float> lookups, uint64_t columns);

/// The moments of per-layer embeddings, rows of `columns` columns. `statistics` has the moments of the readings. Every
/// layer has the same trace; it has none, and its columns count the same, when something it needs is missing or does
/// not fit. Reports ReadFailed.
std::optional<std::vector<float>> perLayerMoments(const PerLayerTable &table, uint64_t columns,
                                                  const Checkpoint &checkpoint, const Checkpoint &statistics,
                                                  Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_LOOKUPMOMENTS_H
