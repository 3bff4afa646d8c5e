//===- Unroll.h - loops that are gone before register allocation ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Arrays of vectors become registers only when every index is a constant, and lanes of a dot product must be constants
// anyway: `unrolled<4>([&](auto i) { .. })` calls the body with Index<0>..Index<3>.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_KERNELS_UNROLL_H
#define LAPIDARY_TARGETS_COMMON_KERNELS_UNROLL_H

#define LAPIDARY_INLINE __attribute__((always_inline)) inline

namespace lap::kernels {

template <int I> struct Index {
  static constexpr int value = I;
  constexpr operator int() const { return I; }
};

/// body(Index<0>()) .. body(Index<Count - 1>()), in order.
template <int Count, int First = 0, typename Body> LAPIDARY_INLINE void unrolled(Body &&body) {
  if constexpr (First < Count) {
    [[clang::always_inline]] body(Index<First>());
    unrolled<Count, First + 1>(body);
  }
}

} // namespace lap::kernels

#endif // LAPIDARY_TARGETS_COMMON_KERNELS_UNROLL_H
