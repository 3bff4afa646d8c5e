// AttentionKernels.cpp - K/V cache writes and attention over slices, 32 lanes of floats.
// SPDX-License-Identifier: Apache-2.0
//
// targets/common/algorithms/Attention.h defines the numbers. Scores: lanes are the keys of two blocks of 16; the mix of
// values: lanes are the columns of two parts of 16. Caches are read as CacheSlice.h says. A vector of the cache is
// widened once for all query rows of a call. What is summed, and in which order, does not depend on which blocks share
// a vector, so chunks do not change bits.
#include "targets/hexagon/kernels/AttentionSlice.h"
#include "targets/hexagon/kernels/floats/Columns.h"

#include <float.h>

using namespace lap::hexagon;
using lap::B;

namespace {

using V = Floats;
using Float = V::Float;
using Word = V::Word;

constexpr int Keys = LAP_ROW_TILE;            // of a block
constexpr int MostKeys = LAP_ATTENTION_SLICE; // of a slice, a multiple of 2 * AtOnce blocks
constexpr int AtOnce = 4;                     // vectors of scores that become weights together
constexpr float Hidden = -FLT_MAX;            // the score of a key that a row does not see
constexpr float Visible = -0x1p126f;          // below every other score

LAPIDARY_INLINE void store(float value, float &out) { out = value; }
LAPIDARY_INLINE void store(float value, uint16_t &out) { // ties to even
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  out = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
LAPIDARY_INLINE void store(int8_t value, int8_t &out) { out = value; }

/// Columns `first` to `first` + count of a key and of a value go to their places. keyOut: columns at any distance;
/// valueOut [16 columns, part], parts at any distance.
template <typename From, typename Element>
LAPIDARY_INLINE void place(const From *key, const From *value, int first, int count, B keyOut, B valueOut, Element) {
  for (int d = 0; d < count; ++d) {
    store(key[d], data<Element>(keyOut)[(first + d) * stride(keyOut, 0)]);
  }
  for (int d = 0; d < count; d += LAP_ROW_TILE) {
    for (int column = 0; column < LAP_ROW_TILE; ++column) {
      store(value[d + column], data<Element>(valueOut)[column + (first + d) / LAP_ROW_TILE * stride(valueOut, 1)]);
    }
  }
}

/// `count` floats to steps.
LAPIDARY_INLINE void roundRow(const float *from, int count, float step, int8_t *to) {
  StepBuffer<V> buffer;
  StepRounder<V> rounder(step, buffer);
  forColumns<V, 8>(count, [&](int column, auto part) { part.round(rounder, part.load(from + column), to + column); });
  rounder.finish();
}

/// Some columns at a time, a multiple of 16 of them.
void appendIntegers(B key, B value, float keyStep, float valueStep, B keyOut, B valueOut) {
  constexpr int most = 256;
  int8_t keys[most], values[most];
  for (int first = 0, dim = extent(key, 0); first < dim; first += most) {
    const int count = dim - first < most ? dim - first : most;
    roundRow(floats(key) + first, count, keyStep, keys);
    roundRow(floats(value) + first, count, valueStep, values);
    place(keys, values, first, count, keyOut, valueOut, int8_t());
  }
}

/// Adds to sums [query row] the products of the rows of `first` and `second` (16 elements each, side by side) with
/// factors [query row][row], whose rows are `distance` apart.
template <typename Element, int Count>
LAPIDARY_INLINE void addRows(const Element *first, const Element *second, int rows, const float *factors, int distance,
                             Float (&sums)[Count]) {
  constexpr int AtOnce = V::rowsAtOnce<Element>;
  for (int row = 0; row < rows; row += AtOnce) {
    Float values[AtOnce];
    V::rows(first + row * LAP_ROW_TILE, second + row * LAP_ROW_TILE, values);
    unrolled<AtOnce>([&](auto r) {
      unrolled<Count>(
          [&](auto q) { sums[q] = V::mulAdd(values[r], V::splat(factors[q * distance + row + r]), sums[q]); });
    });
  }
}

/// scores [query row][MostKeys]; those outside of a row's low .. high are Hidden. largest: [query row].
template <typename Element, int Count>
LAPIDARY_INLINE void score(B query, Slice &slice, const SliceBlocks &blocks, const int32_t *low, const int32_t *high,
                           float *scores, float *largest) {
  const int dim = extent(query, 0), end = blocks.position + blocks.count * Keys;
  Float most[Count];
  unrolled<Count>([&](auto q) { most[q] = V::splat(Hidden); });
  for (int block = 0; block < blocks.count; block += 2) {
    const uint8_t *first = slice.keys(block), *second = slice.keys(blocks.after(block));
    Float sums[Count];
    unrolled<Count>([&](auto q) { sums[q] = V::splat(0.0f); });
    addRows(reinterpret_cast<const Element *>(first), reinterpret_cast<const Element *>(second), dim, floats(query),
            stride(query, 1), sums);
    const Word at = V::plus(V::indices(), V::splatWord(blocks.position + block * Keys));
    unrolled<Count>([&](auto q) {
      const Word last = V::splatWord(high[q] < end ? high[q] : end - 1);
      Float visible = V::select(V::isLessWord(at, V::splatWord(low[q])), V::splat(Hidden), sums[q]);
      visible = V::select(V::isLessWord(last, at), V::splat(Hidden), visible);
      V::store(visible, scores + q * MostKeys + block * Keys);
      most[q] = V::most(most[q], visible);
    });
  }
  for (int block = (blocks.count + 1) / 2 * 2; block % (2 * AtOnce) != 0; block += 2) {
    unrolled<Count>([&](auto q) { V::store(V::splat(Hidden), scores + q * MostKeys + block * Keys); });
  }
  unrolled<Count>([&](auto q) {
    float lanes[V::Lanes];
    V::store(most[q], lanes);
    largest[q] = Hidden;
    for (float lane : lanes) {
      largest[q] = lane > largest[q] ? lane : largest[q];
    }
  });
}

/// Turns scores into weights exp(score - maximum) and returns their sum, in 16 strands that are added in order. Scores
/// behind the blocks are Hidden up to a multiple of AtOnce vectors.
float weigh(float *scores, int blocks, float maximum) {
  Float strands = V::splat(0.0f); // lanes 0 to 15
  for (int block = 0; block < blocks; block += 2 * AtOnce, scores += Several<V, AtOnce>::Lanes) {
    using W = Several<V, AtOnce>;
    const auto values = W::load(scores);
    auto weights = exponential<W>(W::sub(values, W::splat(maximum)));
    weights = W::select(W::isLess(values, W::splat(Visible)), W::splat(0.0f), weights);
    W::store(weights, scores);
    for (const Float &each : weights.parts) {
      strands = V::add(V::add(strands, each), V::swapHalves(each));
    }
  }
  float lanes[V::Lanes], total = 0.0f;
  V::store(strands, lanes);
  for (int k = 0; k < Keys; ++k) {
    total += lanes[k];
  }
  return total;
}

/// Parts `part` and part + 1 of the values, weighted, keys in order. weights [query row][MostKeys], sum [16, part,
/// query].
template <typename Element, int Count>
LAPIDARY_INLINE void mix(const float *weights, Slice &slice, int part, int parts, const SliceBlocks &blocks, B sum) {
  constexpr int blockElements = Keys * LAP_ROW_TILE;
  const int after = part + 1 < parts ? part + 1 : part;
  const ValuePart firsts = slice.values(part), seconds = slice.values(after);
  Float sums[Count];
  unrolled<Count>([&](auto q) { sums[q] = V::splat(0.0f); });
  for (int block = 0; block < blocks.count; ++block) {
    const int at = firsts.where.slot(block) * blockElements;
    addRows(reinterpret_cast<const Element *>(firsts.start) + at, reinterpret_cast<const Element *>(seconds.start) + at,
            Keys, weights + block * Keys, MostKeys, sums);
  }
  unrolled<Count>([&](auto q) {
    float *out = floats(sum) + q * stride(sum, 2);
    storeSome<V>(sums[q], out + part * stride(sum, 1), LAP_ROW_TILE);
    storeSome<V>(V::swapHalves(sums[q]), out + after * stride(sum, 1), after > part ? LAP_ROW_TILE : 0);
  });
}

/// Count query rows.
template <typename Element, int Count>
void attend(B query, B key, B value, B low, B high, const SliceBlocks &blocks, B maximum, B total, B sum) {
  float weights[Count * MostKeys];
  const int parts = extent(query, 0) / LAP_ROW_TILE;
  Slice slice(sliceOf<Element>(key, value, parts, blocks));
  score<Element, Count>(query, slice, blocks, data<int32_t>(low), data<int32_t>(high), weights, floats(maximum));
  for (int q = 0; q < Count; ++q) {
    floats(total)[q] = weigh(weights + q * MostKeys, blocks.count, floats(maximum)[q]);
  }
  for (int part = 0; part < parts; part += 2) {
    mix<Element, Count>(weights, slice, part, parts, blocks, sum);
  }
}

/// The drivers round the rows of a call up to 1, 2, 4 or 8 (runtime/src/cpu/Attention.cpp).
template <typename Element>
LAPIDARY_INLINE int attendAll(B query, B key, B value, B low, B high, const SliceBlocks &blocks, B maximum, B total,
                              B sum) {
  switch (extent(maximum, 0)) {
  case 1:
    return attend<Element, 1>(query, key, value, low, high, blocks, maximum, total, sum), 0;
  case 2:
    return attend<Element, 2>(query, key, value, low, high, blocks, maximum, total, sum), 0;
  case 4:
    return attend<Element, 4>(query, key, value, low, high, blocks, maximum, total, sum), 0;
  default:
    return attend<Element, 8>(query, key, value, low, high, blocks, maximum, total, sum), 0;
  }
}

} // namespace

LAPIDARY_KERNEL(f32_kv_append_1x16)(B key, B value, B keyOut, B valueOut) {
  return place(floats(key), floats(value), 0, extent(key, 0), keyOut, valueOut, float()), 0;
}
LAPIDARY_KERNEL(bf16_kv_append_1x16)(B key, B value, B keyOut, B valueOut) {
  return place(floats(key), floats(value), 0, extent(key, 0), keyOut, valueOut, uint16_t()), 0;
}
LAPIDARY_KERNEL(i8_kv_append_1x16)(B key, B value, float keyStep, float valueStep, B keyOut, B valueOut) {
  return appendIntegers(key, value, keyStep, valueStep, keyOut, valueOut), 0;
}

#define LAPIDARY_ATTENTION_SLICE(Element, symbol)                                                                      \
  LAPIDARY_KERNEL(symbol)                                                                                              \
  (B query, B key, B value, B low, B high, int32_t position, int32_t firstBlock, int32_t blocks, int32_t ringBlocks,   \
   B maximum, B total, B sum) {                                                                                        \
    return attendAll<Element>(query, key, value, low, high, {{firstBlock, blocks, ringBlocks}, position}, maximum,     \
                              total, sum);                                                                             \
  }
LAPIDARY_ATTENTION_SLICE(float, f32_attention_slice_8x16)
LAPIDARY_ATTENTION_SLICE(uint16_t, bf16_attention_slice_8x16)

LAPIDARY_KERNEL(f32_attention_merge_8x16)
(B oldMaximum, B oldTotal, B sliceMaximum, B sliceTotal, B oldSum, B sliceSum, B newMaximum, B newTotal, B newSum) {
  const int queries = extent(newMaximum, 0);
  const Float before = loadSome<V>(floats(oldMaximum), queries), slice = loadSome<V>(floats(sliceMaximum), queries);
  const Float largest = V::most(before, slice);
  float oldFactors[V::Lanes], sliceFactors[V::Lanes];
  V::store(exponential<V>(V::sub(before, largest)), oldFactors);
  V::store(exponential<V>(V::sub(slice, largest)), sliceFactors);
  storeSome<V>(largest, floats(newMaximum), queries);
  for (int q = 0; q < queries; ++q) {
    floats(newTotal)[q] = floats(oldTotal)[q] * oldFactors[q] + floats(sliceTotal)[q] * sliceFactors[q];
    const float *from = floats(oldSum) + q * stride(oldSum, 1), *added = floats(sliceSum) + q * stride(sliceSum, 1);
    float *to = floats(newSum) + q * stride(newSum, 1);
    forColumns<V, 8>(extent(newSum, 0), [&](int column, auto part) {
      using W = typename decltype(part)::Vector;
      const auto before = W::mul(part.load(from + column), W::splat(oldFactors[q]));
      part.store(W::mulAdd(part.load(added + column), W::splat(sliceFactors[q]), before), to + column);
    });
  }
  return 0;
}
