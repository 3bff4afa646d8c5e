//===- WeightRows.h - rows of one packed weight, from the checkpoint ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What WeightStream's workers do with a batch: read the logical rows from all sources of a weight, floats or the
// checkpoint's own integers, and hand them to the packer.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_WEIGHTROWS_H
#define LAPIDARY_COMPILER_WEIGHTROWS_H

#include "compiler/WeightSegment.h"

namespace lapidary {

/// Logical rows [row, row + rows) of a weight.
struct WeightRange {
  const SegmentWeight *weight;
  uint64_t row, rows;
};

/// The content of a range. One per worker, reused from batch to batch.
struct WeightRows {
  std::vector<float> values;    ///< [rows][columns]; of integers their scales, [rows][scalesPerRow]
  std::vector<int8_t> integers; ///< [rows][columns]
  std::vector<char> raw;        ///< bytes of one source
};

/// Reads `range`. Rows that no source covers are zero. Reports ReadFailed.
bool readRows(const WeightRange &range, const Checkpoint &checkpoint, WeightRows &rows, Diagnostics &diagnostics);

/// The tensor `name` if it is there and holds F32 or BF16 values, otherwise null.
const TensorInfo *findFloats(const Checkpoint &checkpoint, const std::string &name);

/// Reads rows of a float tensor that has `columns` columns, [count][columns] into rows.values. Reports ReadFailed.
bool readTensorRows(const TensorInfo &tensor, uint64_t columns, uint64_t row, uint64_t count,
                    const Checkpoint &checkpoint, WeightRows &rows, Diagnostics &diagnostics);

/// Packs `range`, which is in `rows`, piece by piece into `packed` (its pieces' bytes, zeroed).
void packRows(const WeightRange &range, const WeightRows &rows, const WeightPacker &packer,
              std::vector<uint8_t> &packed);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_WEIGHTROWS_H
