//===- Columns.h - rows of floats, some vectors at a time -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the kernels that work column by column have in common: forColumns walks a row, and what it hands to a kernel
// loads, stores or rounds a whole vector of columns, or the last few.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_COLUMNS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_COLUMNS_H

#include "targets/hexagon/kernels/floats/StepRounder.h"
#include "targets/hexagon/kernels/floats/VectorMath.h"

namespace lap::hexagon {

/// A whole vector of columns of a row.
template <typename V> struct Whole {
  using Vector = V;
  LAPIDARY_INLINE typename V::Float load(const float *from) const { return V::load(from); }
  LAPIDARY_INLINE void store(typename V::Float value, float *to) const { V::store(value, to); }
  template <typename Rounder> LAPIDARY_INLINE void round(Rounder &rounder, typename V::Float value, int8_t *to) const {
    rounder.template round<V>(value, to);
  }
};

/// The last few.
template <typename V> struct Part {
  using Vector = V;
  int count;
  LAPIDARY_INLINE typename V::Float load(const float *from) const { return {{loadSome<Floats>(from, count)}}; }
  LAPIDARY_INLINE void store(typename V::Float value, float *to) const { storeSome<Floats>(value.parts[0], to, count); }
  template <typename Rounder> LAPIDARY_INLINE void round(Rounder &rounder, typename V::Float value, int8_t *to) const {
    int8_t all[V::Lanes];
    rounder.template round<V>(value, all);
    rounder.finish();
    __builtin_memcpy(to, all, static_cast<uint32_t>(count));
  }
};

/// Calls body(column, Whole or Part) for all columns, `AtOnce` vectors at a time while there are so many.
template <typename V, int AtOnce, typename Body> LAPIDARY_INLINE void forColumns(int columns, Body &&body) {
  int column = 0;
#pragma clang loop unroll(disable) // gains nothing: what a turn stores may be what the next one loads
  for (; column + AtOnce * V::Lanes <= columns; column += AtOnce * V::Lanes) {
    body(column, Whole<Several<V, AtOnce>>());
  }
#pragma clang loop unroll(disable)
  for (; column + V::Lanes <= columns; column += V::Lanes) {
    body(column, Whole<Several<V, 1>>());
  }
  if (column < columns) {
    body(column, Part<Several<V, 1>>{columns - column});
  }
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_COLUMNS_H
