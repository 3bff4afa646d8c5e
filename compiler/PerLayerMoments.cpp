//===- PerLayerMoments.cpp - what errors of per-layer embeddings cost ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A slice of 512 columns or less is a block, or part of one, on the diagonal of the table's moments; what a slice has
// with the next one is zero.
//===----------------------------------------------------------------------===//
#include "compiler/LookupMoments.h"

#include "compiler/WeightRows.h"
#include "targets/common/PackedLayout.h"
#include "targets/common/packing/SecondMoments.h"

#include <algorithm>
#include <cmath>

namespace lapidary {

namespace {

/// Moments of one slice: [padded][padded].
struct Slice {
  uint64_t columns = 0, padded = 0;
  std::vector<float> moments;
};

/// W^T W of all rows of `weight`.
bool multiply(const TensorInfo &weight, const Checkpoint &checkpoint, Slice &slice, Diagnostics &diagnostics) {
  const uint64_t rows = weight.elements() / slice.columns;
  WeightRows content;
  if (!readTensorRows(weight, slice.columns, 0, rows, checkpoint, content, diagnostics)) {
    return false;
  }
  std::vector<float> values(rows * slice.padded);
  for (uint64_t row = 0; row < rows; ++row) {
    std::copy_n(&content.values[row * slice.columns], slice.columns, &values[row * slice.padded]);
  }
  slice.moments.assign(slice.padded * slice.padded, 0.0f);
  addMoments(values.data(), rows, slice.padded, slice.moments.data());
  return true;
}

/// Each element times the sizes of its two columns in `observed` [padded][padded].
void weigh(Slice &slice, llvm::ArrayRef<float> observed) {
  auto size = [&](uint64_t column) { return std::sqrt(observed[column * slice.padded + column]); };
  for (uint64_t i = 0; i < slice.padded; ++i) {
    for (uint64_t j = 0; j < slice.padded; ++j) {
      slice.moments[i * slice.padded + j] *= size(i) * size(j);
    }
  }
}

/// Puts the slice, with a mean diagonal of 1, to its place in moments of `columns` columns.
void place(const Slice &slice, uint64_t firstColumn, uint64_t columns, std::vector<float> &moments) {
  const double mean = meanDiagonal(slice.moments.data(), slice.padded);
  const uint64_t stride = momentStride(columns);
  for (uint64_t i = 0; i < slice.columns && mean > 0; ++i) {
    const uint64_t row = firstColumn + i, block = row / stride * stride;
    for (uint64_t j = 0; j < slice.columns; ++j) {
      const uint64_t column = firstColumn + j;
      if (column / stride * stride == block) {
        moments[row * stride + column - block] = static_cast<float>(slice.moments[i * slice.padded + j] / mean);
      }
    }
  }
}

} // namespace

std::optional<std::vector<float>> perLayerMoments(const PerLayerTable &table, uint64_t columns,
                                                  const Checkpoint &checkpoint, const Checkpoint &statistics,
                                                  Diagnostics &diagnostics) {
  std::vector<float> result(padColumns(columns) * momentStride(columns));
  for (const SliceReading &reading : table.readings) {
    const TensorInfo *weight = findFloats(checkpoint, reading.weight);
    const TensorInfo *observed = findFloats(statistics, reading.weight);
    Slice slice;
    slice.columns = weight ? weight->shape.back() : 0;
    slice.padded = padColumns(slice.columns);
    const bool fits = slice.columns > 0 && slice.columns <= LAP_MOMENT_BLOCK && slice.columns <= columns &&
                      reading.firstColumn <= columns - slice.columns;
    if (!fits || !observed || observed->shape != std::vector<uint64_t>{slice.padded, slice.padded}) {
      continue;
    }
    WeightRows content;
    if (!multiply(*weight, checkpoint, slice, diagnostics) ||
        !readTensorRows(*observed, slice.padded, 0, slice.padded, statistics, content, diagnostics)) {
      return std::nullopt;
    }
    weigh(slice, content.values);
    place(slice, reading.firstColumn, columns, result);
  }
  return result;
}

} // namespace lapidary
