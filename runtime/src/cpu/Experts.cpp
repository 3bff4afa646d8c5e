//===- Experts.cpp - mixture of experts -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Routed rows are (token, rank). They are sorted by expert, so that each active expert's weights are read once; the
// lanes claim ranges of row tiles of the active experts. The sort and the choice of experts are control code.
//===----------------------------------------------------------------------===//
#include "Claims.h"
#include "Kernels.h"
#include "LaneScratch.h"
#include "Observe.h"
#include "Product.h"
#include "Work.h"
#include "runtime/src/Profile.h"

#include <math.h>
#include <string.h>

using namespace lap;

namespace {

/// Softmax over the experts, in place; in order, so that it is reproducible.
void softmax(float *values, uint32_t count) {
  float maximum = values[0];
  for (uint32_t i = 1; i < count; ++i) {
    maximum = values[i] > maximum ? values[i] : maximum;
  }
  float total = 0.0f;
  for (uint32_t i = 0; i < count; ++i) {
    values[i] = expf(values[i] - maximum);
    total += values[i];
  }
  for (uint32_t i = 0; i < count; ++i) {
    values[i] /= total;
  }
}

/// The index of the largest value that is not taken (taken values are negative); ties go to the lowest index.
uint32_t largest(const float *values, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < count; ++i) {
    best = values[i] > values[best] ? i : best;
  }
  return best;
}

struct Order {
  const int32_t *first; // [experts + 1]
  const int32_t *rows;  // sorted (token, rank) rows

  bool isIdle(uint32_t expert) const { return first[expert] == first[expert + 1]; }
};

Order orderOf(const lap_step *step, const lap_buffer &buffer, uint32_t experts) {
  const int32_t *data = reinterpret_cast<const int32_t *>(rowBytes(step, buffer, 0));
  return {data, data + experts + 1};
}

uint32_t activeExperts(const Order &order, uint32_t experts) {
  uint32_t active = 0;
  for (uint32_t expert = 0; expert < experts; ++expert) {
    active += !order.isIdle(expert);
  }
  return active;
}

/// Some tiles of one expert: at most ExpertTiles.
struct ExpertPart {
  const uint8_t *tiles;
  uint32_t first, count;
};

/// Up to ExpertRows rows times a part of their expert: gathered, multiplied, scattered.
void multiplyGathered(const lap_step *step, const lap_expert_matmul_args *args, const ExpertPart &part,
                      const int32_t *rows, uint32_t count, const ProductKernels &kernels, uint32_t lane) {
  uint8_t *x = laneScratch(step, lane);
  float *out = reinterpret_cast<float *>(x + static_cast<uint64_t>(ExpertRows) * args->x.row_bytes);
  for (uint32_t i = 0; i < count; ++i) {
    memcpy(x + static_cast<uint64_t>(i) * args->x.row_bytes,
           rowBytes(step, args->x, static_cast<uint32_t>(rows[i]) / args->rows_per_source), args->x.row_bytes);
  }
  const uint64_t outBytes = static_cast<uint64_t>(part.count) * LAP_ROW_TILE * sizeof(float);
  multiply({&args->w, part.tiles, part.count, x, args->x.row_bytes, args->x.element, out, outBytes, count}, kernels);
  for (uint32_t i = 0; i < count; ++i) {
    memcpy(rowFloats(step, args->out, static_cast<uint32_t>(rows[i])) +
               static_cast<uint64_t>(part.first) * LAP_ROW_TILE,
           out + i * (outBytes / sizeof(float)), outBytes);
  }
}

} // namespace

extern "C" void lap_op_route(const lap_step *step, const lap_route_args *args, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "route");
  const float *scale = weightVector(step, args->expert_scale);
  const Range rows = share(rowsOf(step, args->logits), lane, lanes);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    float *probabilities = rowFloats(step, args->logits, row); // no other op reads the logits
    float *weights = rowFloats(step, args->weights, row);
    int32_t *indices = reinterpret_cast<int32_t *>(rowBytes(step, args->indices, row));
    softmax(probabilities, args->experts);
    float total = 0.0f;
    for (uint32_t rank = 0; rank < args->top_k; ++rank) {
      const uint32_t expert = largest(probabilities, args->experts);
      indices[rank] = static_cast<int32_t>(expert);
      weights[rank] = probabilities[expert];
      total += probabilities[expert];
      probabilities[expert] = -1.0f;
    }
    for (uint32_t rank = 0; rank < args->top_k; ++rank) {
      weights[rank] = weights[rank] / total * scale[indices[rank]];
    }
    for (uint32_t rank = args->top_k; rank < args->weights.columns; ++rank) {
      weights[rank] = 0.0f;
      indices[rank] = 0;
    }
  }
}

extern "C" void lap_op_sort_experts(const lap_step *step, const lap_sort_experts_args *args, uint32_t lane,
                                    uint32_t lanes) {
  const OpTimer timer(step, lane, "sort_experts");
  if (lane != 0) {
    return;
  }
  const uint32_t tokens = rowsOf(step, args->indices);
  int32_t *first = reinterpret_cast<int32_t *>(rowBytes(step, args->order, 0));
  int32_t *sorted = first + args->experts + 1;
  auto expertOf = [&](uint32_t token, uint32_t rank) {
    return reinterpret_cast<const int32_t *>(rowBytes(step, args->indices, token))[rank];
  };
  memset(first, 0, (args->experts + 1) * sizeof(int32_t));
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t rank = 0; rank < args->top_k; ++rank) {
      ++first[expertOf(token, rank) + 1];
    }
  }
  for (uint32_t expert = 0; expert < args->experts; ++expert) {
    first[expert + 1] += first[expert];
  }
  // first[e] walks to the end of e's rows, which is the start of e + 1's; shift back afterwards.
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t rank = 0; rank < args->top_k; ++rank) {
      sorted[first[expertOf(token, rank)]++] = static_cast<int32_t>(token * args->top_k + rank);
    }
  }
  for (uint32_t expert = args->experts; expert > 0; --expert) {
    first[expert] = first[expert - 1];
  }
  first[0] = 0;
}

extern "C" void lap_op_expert_matmul(const lap_step *step, const lap_expert_matmul_args *args, lap_kernel *matvec,
                                     lap_kernel *matmat, uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "expert_matmul", &args->w);
  const lap_weight &w = args->w;
  const Order order = orderOf(step, args->order, args->experts);
  const uint32_t tiles = w.rows / LAP_ROW_TILE, parts = (tiles + ExpertTiles - 1) / ExpertTiles;
  if (step->observer) {
    observe(step, w, args->x, 0, lane, lanes);
  }
  Claims claims(step, activeExperts(order, args->experts) * parts, lane, lanes);
  uint32_t expert = 0, passed = 0; // active experts before `expert`
  for (uint32_t item; claims.next(item);) {
    while (order.isIdle(expert) || passed < item / parts) {
      passed += !order.isIdle(expert);
      ++expert;
    }
    const uint32_t first = item % parts * ExpertTiles;
    const ExpertPart part = {weightBytes(step, w) + expert * w.expert_bytes + first * w.tile_bytes, first,
                             tiles - first < ExpertTiles ? tiles - first : ExpertTiles};
    timer.read(part.count * w.tile_bytes);
    for (int32_t i = order.first[expert]; i < order.first[expert + 1]; i += ExpertRows) {
      const uint32_t left = static_cast<uint32_t>(order.first[expert + 1] - i);
      multiplyGathered(step, args, part, order.rows + i, left < ExpertRows ? left : ExpertRows, {matvec, matmat}, lane);
    }
  }
  const Range rows = share(rowsOf(step, args->out), lane, lanes);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    zeroPadding(step, args->out, row, w.rows);
  }
}

extern "C" void lap_op_combine_experts(const lap_step *step, const lap_combine_experts_args *args, lap_kernel *combine,
                                       uint32_t lane, uint32_t lanes) {
  const OpTimer timer(step, lane, "combine_experts");
  const uint64_t topK = args->top_k;
  forColumnChunks(
      rowsOf(step, args->out), args->out.columns, lane, lanes, [&](uint32_t row, uint32_t first, uint32_t count) {
        Array x(rowFloats(step, args->x, row * topK) + first, {count, 1}, {args->top_k, args->x.row_bytes / 4});
        Array weights(rowFloats(step, args->weights, row), {args->top_k, 1});
        Array out(rowFloats(step, args->out, row) + first, {count, 1});
        kernelCast<CombineExpertsKernel>(combine)(x, weights, out);
      });
}
