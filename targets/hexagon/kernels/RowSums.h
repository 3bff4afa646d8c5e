//===- RowSums.h - rows of int8 caches times factors of 16 bits, exactly ------===//
// SPDX-License-Identifier: Apache-2.0
//
// Both products of attention over int8 caches are sums of rows of 16 bytes times one factor a row: 16 keys' elements of
// a dimension times a query's, or a key's 16 values times its weight. vrmpy multiplies unsigned bytes of a vector, four
// of each of 32 lanes, with four bytes of a scalar register. So a factor is two bytes, 256 * high + low, the high one
// signed; the caches' bytes are taken with an offset of 128, which comes off in the end; and the bytes of four rows
// have to lie side by side. They do after three shuffles of two vectors, 8 rows of each of two places. Of the eight
// bits of a byte's index, the highest being the vector, a shuffle exchanges the highest with each bit of its mask, the
// lowest first (s: which place, r: row, l: lane):
//          bit  7  6  5  4  3  2  1  0
//               s r2 r1 r0 l3 l2 l1 l0
//   16         r0 r2 r1  s l3 l2 l1 l0
//   1, 32      r1 r2 l0  s l3 l2 l1 r0
//   2, 64      r2 l1 l0  s l3 l2 r1 r0
// The sums' lanes get their order back when all is added. Sums wrap around, the last of them fits 32 bits.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSUMS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSUMS_H

#include "targets/hexagon/kernels/Kernel.h"

#ifdef __hexagon__
#include "targets/hexagon/kernels/Hvx.h"
#endif

namespace lap::hexagon {

constexpr int MostFactors = 512; // of a sum: 512 * 32767 * 128 is below 2^31
constexpr int PairLanes = 2 * LAP_ROW_TILE;

/// Where the factors of a query row go, -32767 .. 32767, and their sum.
struct FactorRow {
  uint8_t *low, *high;
  int32_t *sum;
};

struct FactorBytes {
  uint8_t low[MostFactors], high[MostFactors];
};

/// The factors of Count query rows.
template <int Count> struct Factors {
  alignas(128) FactorBytes bytes[Count];
  int32_t sums[Count]; // of all factors that rows are multiplied with
  LAPIDARY_INLINE FactorRow row(int q) { return {bytes[q].low, bytes[q].high, &sums[q]}; }
};

#ifdef __hexagon__

/// 32 sums for each of Count query rows.
template <int Count> class RowSums {
public:
  LAPIDARY_INLINE RowSums() {
    unrolled<Count>([&](auto q) { lows[q] = highs[q] = Q6_V_vzero(); });
  }

  /// Adds `rows` rows, a multiple of 8, of `first` and of `second`, each times the query rows' factors from `at` on.
  LAPIDARY_INLINE void add(const uint8_t *first, const uint8_t *second, int rows, const Factors<Count> &factors,
                           int at) {
    if constexpr (Count == 8) {
      return addAhead(first, second, rows, factors, at);
    }
    for (int row = 0; row < rows; row += 8) {
      addRows(loadQuads(first + row * LAP_ROW_TILE, second + row * LAP_ROW_TILE), factors, at + row);
    }
  }

  /// The same. The shuffles of rows hide behind the products of the rows before: what compilers do on their own in long
  /// loops of few products.
  LAPIDARY_INLINE void addAhead(const uint8_t *first, const uint8_t *second, int rows, const Factors<Count> &factors,
                                int at) {
    HVX_VectorPair quads = loadQuads(first, second);
    for (int row = 0; row < rows; row += 8) {
      const int next = (row + 8 < rows ? row + 8 : row) * LAP_ROW_TILE;
      const HVX_VectorPair following = loadQuads(first + next, second + next);
      addRows(quads, factors, at + row);
      quads = following;
    }
  }

  /// The sums of query row q, the 16 lanes of `first` before those of `second`. to: 128-byte aligned.
  LAPIDARY_INLINE void store(const Factors<Count> &factors, int q, int32_t *to) const {
    const HVX_Vector sum = Q6_Vw_vadd_VwVw(Q6_Vw_vasl_VwR(highs[q], 8), lows[q]);
    storeAligned(inOrder(Q6_Vw_vsub_VwVw(sum, splat(Offset * factors.sums[q]))), to);
  }

private:
  static constexpr int Offset = 128;

  LAPIDARY_INLINE static HVX_VectorPair loadQuads(const uint8_t *first, const uint8_t *second) {
    const HVX_Vector offset = splat(Offset * 0x01010101u);
    const HVX_VectorPair rows =
        Q6_W_vshuff_VVR(Q6_V_vxor_VV(loadUnaligned(second), offset), Q6_V_vxor_VV(loadUnaligned(first), offset), 16);
    const HVX_VectorPair two = Q6_W_vshuff_VVR(Q6_V_hi_W(rows), Q6_V_lo_W(rows), 1 | 32);
    return Q6_W_vshuff_VVR(Q6_V_hi_W(two), Q6_V_lo_W(two), 2 | 64);
  }

  /// Adds four rows and four rows times factors at, .. at + 7.
  LAPIDARY_INLINE void addRows(HVX_VectorPair quads, const Factors<Count> &factors, int at) {
    unrolled<Count>([&](auto q) {
      uint64_t low, high;
      __builtin_memcpy(&low, __builtin_assume_aligned(factors.bytes[q].low + at, 8), 8);
      __builtin_memcpy(&high, __builtin_assume_aligned(factors.bytes[q].high + at, 8), 8);
      lows[q] = multiplyAddUnsigned(lows[q], Q6_V_lo_W(quads), static_cast<uint32_t>(low));
      highs[q] = multiplyAdd(highs[q], Q6_V_lo_W(quads), static_cast<uint32_t>(high));
      lows[q] = multiplyAddUnsigned(lows[q], Q6_V_hi_W(quads), static_cast<uint32_t>(low >> 32));
      highs[q] = multiplyAdd(highs[q], Q6_V_hi_W(quads), static_cast<uint32_t>(high >> 32));
    });
  }

  /// Bits 6 to 2, l1 l0 s l3 l2, become s l3 l2 l1 l0; the highest, of two equal vectors, means nothing.
  LAPIDARY_INLINE static HVX_Vector inOrder(HVX_Vector sums) {
    const HVX_VectorPair once = Q6_W_vshuff_VVR(sums, sums, 4 | 16 | 64);
    const HVX_VectorPair twice = Q6_W_vshuff_VVR(Q6_V_hi_W(once), Q6_V_lo_W(once), 8 | 32);
    return Q6_V_lo_W(Q6_W_vshuff_VVR(Q6_V_hi_W(twice), Q6_V_lo_W(twice), 4));
  }

  HVX_Vector lows[Count], highs[Count];
};

#else

/// The same on the machine that builds, for tests of what is around it.
template <int Count> class RowSums {
public:
  void add(const uint8_t *first, const uint8_t *second, int rows, const Factors<Count> &factors, int at) {
    for (int q = 0; q < Count; ++q) {
      for (int row = 0; row < rows; ++row) {
        const int32_t factor =
            static_cast<int8_t>(factors.bytes[q].high[at + row]) * 256 + factors.bytes[q].low[at + row];
        for (int lane = 0; lane < PairLanes; ++lane) {
          const uint8_t *from = lane < LAP_ROW_TILE ? first : second;
          sums[q][lane] += static_cast<int8_t>(from[row * LAP_ROW_TILE + lane % LAP_ROW_TILE]) * factor;
        }
      }
    }
  }

  void addAhead(const uint8_t *first, const uint8_t *second, int rows, const Factors<Count> &factors, int at) {
    add(first, second, rows, factors, at);
  }

  void store(const Factors<Count> &, int q, int32_t *to) const { __builtin_memcpy(to, sums[q], sizeof(sums[q])); }

private:
  int32_t sums[Count][PairLanes] = {};
};

#endif

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_ROWSUMS_H
