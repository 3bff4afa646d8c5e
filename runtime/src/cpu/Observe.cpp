//===- Observe.cpp - second moments of the inputs of products -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Strips of 4 columns times vectors of 8, summed over a batch of rows in registers. Lanes take strips in turn: the
// strips of a triangle differ in length.
//===----------------------------------------------------------------------===//
#include "Observe.h"

#include "Work.h"

#include <string.h>

namespace lap {

namespace {

constexpr uint32_t BatchRows = 64, Strip = 4, Lanes = 8;
using Vector = float __attribute__((vector_size(4 * Lanes), aligned(4)));

/// Columns [first, first + count) of one input row as floats; `count` is a multiple of 32.
void loadColumns(const uint8_t *row, const lap_buffer &x, float inputStep, uint32_t first, uint32_t count, float *out) {
  if (x.element == LAP_ROWS_F32) {
    memcpy(out, row + uint64_t(first) * sizeof(float), count * sizeof(float));
    return;
  }
  const IntegerRow parts = integerRow(row, x.element, x.columns);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t column = first + i;
    if (x.element == LAP_ROWS_R24) {
      int32_t whole = 0;
      for (uint32_t p = 0; p < parts.planes; ++p) {
        whole = 256 * whole + parts.values[p][column];
      }
      out[i] = static_cast<float>(whole) * *parts.scales[0];
      continue;
    }
    out[i] = 0;
    for (uint32_t p = 0; p < parts.planes; ++p) {
      const float scale = x.element == LAP_ROWS_I8 ? inputStep : parts.scales[p][column / LAP_GROUP];
      out[i] += static_cast<float>(parts.values[p][column]) * scale;
    }
  }
}

/// moments[i][j] += sum over the batch of batch[r][i] * batch[r][j], for the strips of this lane.
void addBatch(const float *batch, uint32_t rows, uint32_t columns, float *moments, uint32_t stride, uint32_t lane,
              uint32_t lanes) {
  for (uint32_t i = lane * Strip; i < columns; i += lanes * Strip) {
    for (uint32_t j = i / Lanes * Lanes; j < columns; j += Lanes) {
      Vector sums[Strip] = {};
      for (uint32_t r = 0; r < rows; ++r) {
        const float *row = batch + uint64_t(r) * columns;
        const Vector other = *reinterpret_cast<const Vector *>(row + j);
        for (uint32_t s = 0; s < Strip; ++s) {
          sums[s] += other * row[i + s];
        }
      }
      for (uint32_t s = 0; s < Strip; ++s) {
        *reinterpret_cast<Vector *>(moments + uint64_t(i + s) * stride + j) += sums[s];
      }
    }
  }
}

} // namespace

void observe(const lap_step *step, const lap_weight &weight, const lap_buffer &x, float inputStep, uint32_t lane,
             uint32_t lanes) {
  Moments *moments = step->observer->find(weight);
  if (!moments) {
    return;
  }
  Ranges *ranges = lane == 0 ? step->observer->find(RangeOf::Input, weight.offset, 1) : nullptr;
  const uint32_t rows = rowsOf(step, x), stride = lap_moment_stride(weight.columns);
  float batch[BatchRows * LAP_MOMENT_BLOCK];
  for (uint32_t first = 0; first < weight.columns; first += stride) {
    const uint32_t left = weight.columns - first, count = left < stride ? left : stride;
    for (uint32_t done = 0; done < rows; done += BatchRows) {
      const uint32_t some = rows - done < BatchRows ? rows - done : BatchRows;
      for (uint32_t r = 0; r < some; ++r) {
        loadColumns(rowBytes(step, x, done + r), x, inputStep, first, count, batch + uint64_t(r) * count);
      }
      if (ranges) {
        countMagnitudes(batch, uint64_t(some) * count, ranges->counts);
      }
      addBatch(batch, some, count, moments->values + uint64_t(first) * stride, stride, lane, lanes);
    }
  }
  if (lane == 0) {
    moments->rows += rows;
  }
}

void finishMoments(const Moments &moments) {
  const uint32_t stride = lap_moment_stride(moments.columns);
  for (uint32_t row = 0; row < moments.columns; ++row) {
    const uint32_t first = row / stride * stride; // of the block
    float *block = moments.values + uint64_t(first) * stride;
    for (uint32_t j = 0; j < row - first; ++j) {
      block[uint64_t(row - first) * stride + j] = block[uint64_t(j) * stride + row - first];
    }
  }
}

} // namespace lap
