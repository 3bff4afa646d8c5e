//===- Bf16AttentionSlice.h - the sums of attention over a bf16 cache ------===//
// SPDX-License-Identifier: Apache-2.0
//
// In floats, addition by addition as Halide's kernels do them.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_X86_KERNELS_BF16ATTENTIONSLICE_H
#define LAPIDARY_TARGETS_X86_KERNELS_BF16ATTENTIONSLICE_H

#include "targets/x86/kernels/AttentionSlice.h"

namespace lap::x86 {

/// See attendSlice.
struct Bf16Sums {
  using Slice = x86::Slice<uint16_t, float>;
  Scores scores;

  LAPIDARY_INLINE void setWeights(const Slice &, int, float &) {}

  template <int Queries, int Blocks>
  LAPIDARY_INLINE void score(const Slice &slice, int block, int query, const void *const (&next)[Blocks]) {
    F32 sums[Blocks][Queries];
    const uint16_t *keys[Blocks];
    unrolled<Blocks>([&](auto b) {
      keys[b] = slice.keyBlock(block + b);
      unrolled<Queries>([&](auto q) { sums[b][q] = splat(0.0f); });
    });
    for (int d = 0; d < slice.dim; d += slice.LineRows) {
      unrolled<Blocks>([&](auto b) { fetch(static_cast<const uint16_t *>(next[b]) + d * Keys); });
      unrolled<Slice::LineRows>([&](auto row) {
        F32 key[Blocks];
        unrolled<Blocks>([&](auto b) { key[b] = fromBf16(keys[b] + (d + row) * Keys); });
        unrolled<Queries>([&](auto q) {
          const F32 element = splat(slice.queries[(query + q) * slice.dim + d + row]);
          unrolled<Blocks>([&](auto b) { sums[b][q] = fusedMulAdd(key[b], element, sums[b][q]); });
        });
      });
    }
    unrolled<Blocks>(
        [&](auto b) { unrolled<Queries>([&](auto q) { store(scores.values[block + b][query + q], sums[b][q]); }); });
  }

  template <int Queries, int Parts>
  LAPIDARY_INLINE void weigh(const Slice &slice, int part, int query, float *out, int64_t outFloats) {
    F32 sums[Parts][Queries];
    unrolled<Parts>([&](auto p) { unrolled<Queries>([&](auto q) { sums[p][q] = splat(0.0f); }); });
    for (int block = 0; block < slice.blocks; ++block) {
      const uint16_t *values[Parts];
      unrolled<Parts>([&](auto p) { values[p] = slice.valueBlock(part + p, block); });
      for (int key = 0; key < Keys; key += slice.LineRows) {
        unrolled<Parts>([&](auto p) { fetch(values[p] + Parts * slice.partElements + key * Keys); });
        unrolled<Slice::LineRows>([&](auto row) {
          F32 value[Parts];
          unrolled<Parts>([&](auto p) { value[p] = fromBf16(values[p] + (key + row) * Keys); });
          unrolled<Queries>([&](auto q) {
            const F32 weight = splat(scores.values[block][query + q][key + row]);
            unrolled<Parts>([&](auto p) { sums[p][q] = fusedMulAdd(value[p], weight, sums[p][q]); });
          });
        });
      }
    }
    unrolled<Parts>([&](auto p) {
      unrolled<Queries>([&](auto q) { store(out + (query + q) * outFloats + (part + p) * Keys, sums[p][q]); });
    });
  }
};

} // namespace lap::x86

#endif // LAPIDARY_TARGETS_X86_KERNELS_BF16ATTENTIONSLICE_H
