//===- WeightRows.cpp - rows of one packed weight, from the checkpoint ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Floats are widened to f32. Integers of quantized checkpoints become int8, nothing else happens to them; their scales
// travel beside them.
//===----------------------------------------------------------------------===//
#include "compiler/WeightRows.h"

#include <algorithm>
#include <cstring>

namespace lapidary {

namespace {

void toFloat(const TensorInfo &tensor, const std::vector<char> &raw, float *out, uint64_t count) {
  if (tensor.dtype == DType::F32) {
    std::memcpy(out, raw.data(), count * sizeof(float));
    return;
  }
  const auto *bits = reinterpret_cast<const uint16_t *>(raw.data());
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t word = static_cast<uint32_t>(bits[i]) << 16;
    std::memcpy(out + i, &word, sizeof(word));
  }
}

/// One stored row as signed integers.
void toIntegers(const SourceIntegers &from, const char *stored, int8_t *out, uint64_t count) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(stored);
  if (!from.offsetBinary) {
    std::memcpy(out, bytes, count);
    return;
  }
  const unsigned perByte = 8 / from.bits, mask = (1u << from.bits) - 1;
  const int zero = 1 << (from.bits - 1);
  for (uint64_t i = 0; i < count; ++i) {
    unsigned field = bytes[i / perByte] >> (i % perByte * from.bits) & mask;
    out[i] = static_cast<int8_t>(static_cast<int>(field) - zero);
  }
}

/// Rows of one source that lie in a range.
struct SourceRows {
  const SegmentWeight::Source &source;
  uint64_t first; ///< in the source
  uint64_t at;    ///< the same row in the range
  uint64_t count;
};

/// Reads `bytesPerRow` bytes of each of the rows from `tensor` into `raw`.
bool readBytes(const SourceRows &part, const TensorInfo &tensor, uint64_t bytesPerRow, const Checkpoint &checkpoint,
               std::vector<char> &raw, Diagnostics &diagnostics) {
  raw.resize(part.count * bytesPerRow);
  return checkpoint.read(tensor, part.first * bytesPerRow, raw.data(), raw.size(), diagnostics);
}

bool readFloats(const SourceRows &part, uint64_t columns, const Checkpoint &checkpoint, WeightRows &rows,
                Diagnostics &diagnostics) {
  const TensorInfo &tensor = part.source.tensor;
  if (!readBytes(part, tensor, columns * byteSize(tensor.dtype), checkpoint, rows.raw, diagnostics)) {
    return false;
  }
  toFloat(tensor, rows.raw, &rows.values[part.at * columns], part.count * columns);
  return true;
}

bool readIntegers(const SourceRows &part, uint64_t columns, const Checkpoint &checkpoint, WeightRows &rows,
                  Diagnostics &diagnostics) {
  const SourceIntegers &from = *part.source.integers;
  if (!readBytes(part, part.source.tensor, from.rowBytes, checkpoint, rows.raw, diagnostics)) {
    return false;
  }
  for (uint64_t row = 0; row < part.count; ++row) {
    toIntegers(from, rows.raw.data() + row * from.rowBytes, &rows.integers[(part.at + row) * columns], columns);
  }
  uint64_t scaleBytes = from.scalesPerRow * byteSize(from.scales.dtype);
  if (!readBytes(part, from.scales, scaleBytes, checkpoint, rows.raw, diagnostics)) {
    return false;
  }
  toFloat(from.scales, rows.raw, &rows.values[part.at * from.scalesPerRow], part.count * from.scalesPerRow);
  return true;
}

uint64_t scalesPerRow(const SegmentWeight &weight) { return weight.sources.front().integers->scalesPerRow; }

} // namespace

bool readRows(const WeightRange &range, const Checkpoint &checkpoint, WeightRows &rows, Diagnostics &diagnostics) {
  const SegmentWeight &weight = *range.weight;
  const bool integers = weight.isInteger();
  rows.values.assign(range.rows * (integers ? scalesPerRow(weight) : weight.columns), 0.0f);
  rows.integers.assign(integers ? range.rows * weight.columns : 0, 0);
  if (weight.sources.empty()) {
    std::copy_n(weight.values.begin() + range.row * weight.columns, rows.values.size(), rows.values.begin());
  }
  for (const SegmentWeight::Source &source : weight.sources) {
    uint64_t begin = std::max(range.row, source.firstRow);
    uint64_t end = std::min(range.row + range.rows, source.firstRow + source.rows);
    if (begin >= end) {
      continue;
    }
    SourceRows part = {source, begin - source.firstRow, begin - range.row, end - begin};
    if (!(integers ? readIntegers : readFloats)(part, weight.columns, checkpoint, rows, diagnostics)) {
      return false;
    }
  }
  return true;
}

const TensorInfo *findFloats(const Checkpoint &checkpoint, const std::string &name) {
  const TensorInfo *tensor = checkpoint.find(name);
  bool holdsFloats = tensor && (tensor->dtype == DType::F32 || tensor->dtype == DType::BF16);
  return holdsFloats && !tensor->shape.empty() ? tensor : nullptr;
}

bool readTensorRows(const TensorInfo &tensor, uint64_t columns, uint64_t row, uint64_t count,
                    const Checkpoint &checkpoint, WeightRows &rows, Diagnostics &diagnostics) {
  SegmentWeight weight;
  weight.columns = columns;
  weight.rows = tensor.elements() / columns;
  weight.sources = {{tensor, 0, weight.rows, {}}};
  return readRows({&weight, row, count}, checkpoint, rows, diagnostics);
}

void packRows(const WeightRange &range, const WeightRows &rows, const WeightPacker &packer,
              std::vector<uint8_t> &packed) {
  const SegmentWeight &weight = *range.weight;
  uint8_t *out = packed.data();
  const uint64_t step = std::max<uint64_t>(1, packer.rowsPerPiece());
  for (uint64_t done = 0; done < range.rows; done += step) {
    const uint64_t row = range.row + done, count = std::min(step, range.rows - done);
    if (weight.isInteger()) {
      const uint64_t perRow = scalesPerRow(weight);
      packer.packIntegers({&rows.integers[done * weight.columns], &rows.values[done * perRow], perRow}, row, count,
                          out);
    } else {
      packer.pack(&rows.values[done * weight.columns], row, count, out);
    }
    out += packer.pieceBytes(row);
  }
}

} // namespace lapidary
