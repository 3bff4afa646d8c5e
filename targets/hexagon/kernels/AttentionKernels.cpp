// AttentionKernels.cpp - K/V cache writes and attention over slices (targets/common/algorithms/Attention.h).
// SPDX-License-Identifier: Apache-2.0
#include "targets/hexagon/kernels/Math.h"

#include <float.h>

using namespace lap::hexagon;
using lap::B;

namespace {

constexpr int Keys = LAP_ROW_TILE;                     // of a block
constexpr int MostBlocks = LAP_ATTENTION_SLICE / Keys; // of a slice

LAPIDARY_INLINE void store(float value, float, float &out) { out = value; }
LAPIDARY_INLINE void store(float value, float, uint16_t &out) { out = toBf16(value); }
LAPIDARY_INLINE void store(float value, float step, int8_t &out) { out = toInt8(value, step); }

/// keyOut: columns at any distance; value and valueOut [16 columns, part], parts at any distance.
template <typename Element>
LAPIDARY_INLINE void append(B key, B value, float keyStep, float valueStep, B keyOut, B valueOut) {
  for (int d = 0, dim = extent(key, 0); d < dim; ++d) {
    store(floats(key)[d], keyStep, data<Element>(keyOut)[d * stride(keyOut, 0)]);
  }
  for (int part = 0, parts = extent(value, 1); part < parts; ++part) {
    for (int column = 0; column < LAP_ROW_TILE; ++column) {
      store(floats(value)[column + part * stride(value, 1)], valueStep,
            data<Element>(valueOut)[column + part * stride(valueOut, 1)]);
    }
  }
}

/// The blocks of a slice in a ring of them.
struct SliceBlocks {
  int position, first, count, ring;
  LAPIDARY_INLINE int slot(int block) const {
    const int at = first + block;
    return at >= ring ? at - ring : at;
  }
};

/// scores [block][16 keys] of one query; those outside [low, high] are -FLT_MAX. Returns the largest.
template <typename Element>
float score(const float *query, int dim, B key, const SliceBlocks &blocks, int low, int high, float *scores) {
  float strands[Keys];
  for (float &strand : strands) {
    strand = -FLT_MAX;
  }
  for (int block = 0; block < blocks.count; ++block, scores += Keys) {
    const Element *keys = data<Element>(key) + blocks.slot(block) * stride(key, 2);
    float sums[Keys] = {};
    for (int d = 0; d < dim; ++d, keys += Keys) {
      for (int k = 0; k < Keys; ++k) {
        sums[k] = fusedMulAdd(asFloat(keys[k]), query[d], sums[k]);
      }
    }
    for (int k = 0; k < Keys; ++k) {
      const int at = blocks.position + block * Keys + k;
      scores[k] = at >= low && at <= high ? sums[k] : -FLT_MAX;
      strands[k] = most(strands[k], scores[k]);
    }
  }
  float largest = -FLT_MAX;
  for (float strand : strands) {
    largest = most(largest, strand);
  }
  return largest;
}

/// Turns scores into weights exp(score - maximum) and returns their sum, in 16 strands that are added in order.
float weigh(float *scores, int blocks, float maximum) {
  float strands[Keys] = {};
  for (int block = 0; block < blocks; ++block, scores += Keys) {
    for (int k = 0; k < Keys; ++k) {
      scores[k] = scores[k] == -FLT_MAX ? 0.0f : exponential(scores[k] - maximum);
      strands[k] += scores[k];
    }
  }
  float total = 0.0f;
  for (float strand : strands) {
    total += strand;
  }
  return total;
}

/// The 16 columns of a part of V, weighted, keys in order.
template <typename Element> void mix(const float *weights, B value, int part, const SliceBlocks &blocks, float *out) {
  float sums[LAP_ROW_TILE] = {};
  for (int block = 0; block < blocks.count; ++block) {
    const Element *rows = data<Element>(value) + blocks.slot(block) * stride(value, 2) + part * stride(value, 3);
    for (int k = 0; k < Keys; ++k, rows += LAP_ROW_TILE) {
      for (int column = 0; column < LAP_ROW_TILE; ++column) {
        sums[column] = fusedMulAdd(asFloat(rows[column]), weights[block * Keys + k], sums[column]);
      }
    }
  }
  for (int column = 0; column < LAP_ROW_TILE; ++column) {
    out[column] = sums[column];
  }
}

template <typename Element>
LAPIDARY_INLINE void attend(B query, B key, B value, B low, B high, const SliceBlocks &blocks, B maximum, B total,
                            B sum) {
  float weights[MostBlocks * Keys];
  const int dim = extent(query, 0);
  for (int q = 0, queries = extent(maximum, 0); q < queries; ++q) {
    const float largest = score<Element>(floats(query) + q * stride(query, 1), dim, key, blocks, data<int32_t>(low)[q],
                                         data<int32_t>(high)[q], weights);
    floats(maximum)[q] = largest;
    floats(total)[q] = weigh(weights, blocks.count, largest);
    for (int part = 0; part < dim / LAP_ROW_TILE; ++part) {
      mix<Element>(weights, value, part, blocks, floats(sum) + part * stride(sum, 1) + q * stride(sum, 2));
    }
  }
}

} // namespace

LAPIDARY_KERNEL(f32_kv_append_1x16)(B key, B value, B keyOut, B valueOut) {
  return append<float>(key, value, 1.0f, 1.0f, keyOut, valueOut), 0;
}
LAPIDARY_KERNEL(bf16_kv_append_1x16)(B key, B value, B keyOut, B valueOut) {
  return append<uint16_t>(key, value, 1.0f, 1.0f, keyOut, valueOut), 0;
}
LAPIDARY_KERNEL(i8_kv_append_1x16)(B key, B value, float keyStep, float valueStep, B keyOut, B valueOut) {
  return append<int8_t>(key, value, keyStep, valueStep, keyOut, valueOut), 0;
}

#define LAPIDARY_ATTENTION_SLICE(Element, symbol)                                                                      \
  LAPIDARY_KERNEL(symbol)                                                                                              \
  (B query, B key, B value, B low, B high, int32_t position, int32_t firstBlock, int32_t blocks, int32_t ringBlocks,   \
   B maximum, B total, B sum) {                                                                                        \
    attend<Element>(query, key, value, low, high, {position, firstBlock, blocks, ringBlocks}, maximum, total, sum);    \
    return 0;                                                                                                          \
  }
LAPIDARY_ATTENTION_SLICE(float, f32_attention_slice_8x16)
LAPIDARY_ATTENTION_SLICE(uint16_t, bf16_attention_slice_8x16)

LAPIDARY_KERNEL(f32_attention_merge_8x16)
(B oldMaximum, B oldTotal, B sliceMaximum, B sliceTotal, B oldSum, B sliceSum, B newMaximum, B newTotal, B newSum) {
  for (int q = 0, queries = extent(newMaximum, 0); q < queries; ++q) {
    const float before = floats(oldMaximum)[q], slice = floats(sliceMaximum)[q], largest = most(before, slice);
    const float oldFactor = exponential(before - largest), sliceFactor = exponential(slice - largest);
    floats(newMaximum)[q] = largest;
    floats(newTotal)[q] = floats(oldTotal)[q] * oldFactor + floats(sliceTotal)[q] * sliceFactor;
    const float *from = floats(oldSum) + q * stride(oldSum, 1), *added = floats(sliceSum) + q * stride(sliceSum, 1);
    float *to = floats(newSum) + q * stride(newSum, 1);
    for (int d = 0, dim = extent(newSum, 0); d < dim; ++d) {
      to[d] = from[d] * oldFactor + added[d] * sliceFactor;
    }
  }
  return 0;
}
