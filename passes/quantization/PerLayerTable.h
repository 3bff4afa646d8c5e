//===- PerLayerTable.h - what reads the rows of per-layer embeddings -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A row of this table is cut into one slice a layer, and each slice goes, times a gate, into one product. Calibration
// asks which, to round the table for these products (compiler/LookupMoments.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_PERLAYERTABLE_H
#define LAPIDARY_PASSES_QUANTIZATION_PERLAYERTABLE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace lapidary {

/// A product of some columns of the table's rows, from `firstColumn` on as many as `weight` has.
struct SliceReading {
  std::string weight; ///< symbol
  uint64_t firstColumn;
};

struct PerLayerTable {
  std::string table; ///< symbol; "": the module has none
  std::vector<SliceReading> readings;
};

/// Follows the table's rows through @score, as the importer writes it (no fused ops yet). Weights that the checkpoint
/// stores as integers are not listed.
PerLayerTable findPerLayerTable(mlir::ModuleOp module);

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_PERLAYERTABLE_H
