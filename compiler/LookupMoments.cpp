//===- LookupMoments.cpp - moments for both uses of a token table ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rows are read one by one, evenly spread, so time does not grow with the size of the weights.
//===----------------------------------------------------------------------===//
#include "compiler/LookupMoments.h"

#include "compiler/WeightRows.h"
#include "targets/common/PackedLayout.h"
#include "targets/common/packing/SecondMoments.h"

#include <algorithm>
#include <cmath>

namespace lapidary {

namespace {

constexpr uint64_t mostRows = 512; ///< of one weight

// Of the trace of the observed moments. On two small models, 0.25 to 2 are better than nothing for the mixture of
// experts (9 to 16 % of the table's KL divergence; 0.5 and more alike), up to 0.5 for the other (2 %).
constexpr double lookupShare = 0.5;

void addScaled(std::vector<float> &to, llvm::ArrayRef<float> from, double factor) {
  for (size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<float>(to[i] + factor * from[i]);
  }
}

class Readings {
public:
  Readings(uint64_t columns, const Checkpoint &checkpoint, Diagnostics &diagnostics)
      : columns(columns), padded(padColumns(columns)), checkpoint(checkpoint), diagnostics(diagnostics) {}

  /// Adds the rows of all its weights, behind the norm, to `moments`.
  bool add(const StreamReading &reading, std::vector<float> &moments) {
    std::vector<float> norm(columns, 1.0f);
    if (const TensorInfo *tensor = findFloats(checkpoint, reading.norm); tensor && tensor->elements() == columns) {
      if (!readRow(*tensor, 0, norm.data())) {
        return false;
      }
    }
    for (const std::string &name : reading.weights) {
      const TensorInfo *tensor = findFloats(checkpoint, name);
      if (tensor && tensor->shape.back() == columns && !add(*tensor, norm, moments)) {
        return false;
      }
    }
    return true;
  }

private:
  bool add(const TensorInfo &tensor, llvm::ArrayRef<float> norm, std::vector<float> &moments) {
    const uint64_t rows = tensor.elements() / columns, taken = std::min(rows, mostRows);
    // What is taken stands for all rows: weights that share a reading keep their proportions.
    const float share = static_cast<float>(std::sqrt(static_cast<double>(rows) / static_cast<double>(taken)));
    std::vector<float> values(taken * padded);
    for (uint64_t i = 0; i < taken; ++i) {
      float *row = &values[i * padded];
      if (!readRow(tensor, i * rows / taken, row)) {
        return false;
      }
      for (uint64_t column = 0; column < columns; ++column) {
        row[column] *= norm[column] * share;
      }
    }
    addMoments(values.data(), taken, padded, moments.data());
    return true;
  }

  bool readRow(const TensorInfo &tensor, uint64_t row, float *out) {
    if (!readTensorRows(tensor, columns, row, 1, checkpoint, content, diagnostics)) {
      return false;
    }
    std::copy(content.values.begin(), content.values.end(), out);
    return true;
  }

  uint64_t columns, padded;
  const Checkpoint &checkpoint;
  Diagnostics &diagnostics;
  WeightRows content;
};

} // namespace

std::optional<std::vector<float>> lookupMoments(const TokenStream &stream, uint64_t columns,
                                                const Checkpoint &checkpoint, Diagnostics &diagnostics) {
  Readings readings(columns, checkpoint, diagnostics);
  const uint64_t padded = padColumns(columns);
  std::vector<float> result(padded * momentStride(columns)), one(result.size());
  for (const StreamReading &reading : stream.readings) {
    std::fill(one.begin(), one.end(), 0.0f);
    if (!readings.add(reading, one)) {
      return std::nullopt;
    }
    if (const double mean = meanDiagonal(one.data(), padded)) {
      addScaled(result, one, 1 / (mean * (1 + reading.branches)));
    }
  }
  return result;
}

void addLookups(std::vector<float> &moments, llvm::ArrayRef<float> lookups, uint64_t columns) {
  const double head = meanDiagonal(moments.data(), padColumns(columns));
  const double lookup = meanDiagonal(lookups.data(), padColumns(columns));
  if (head > 0 && lookup > 0) {
    addScaled(moments, lookups, lookupShare * head / lookup);
  }
}

} // namespace lapidary
