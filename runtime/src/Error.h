//===- Error.h - one line of text for the person who must act ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Fallible runtime functions return a lap_status and fill the caller's lap_error, which lives on the caller's stack:
// nothing is allocated and nothing is global, so any thread may fail at any time. `return fail(error, ...)` is the
// whole protocol.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_ERROR_H
#define LAPIDARY_RUNTIME_ERROR_H

#include "lapidary/lapidary.h"

namespace lap {

/// Writes status and printf-formatted text (cut to fit) if `error` is not null; returns `status`.
__attribute__((format(printf, 3, 4))) lap_status fail(lap_error *error, lap_status status, const char *format, ...);

/// Adds checked: false and *out untouched if a + b does not fit in 64 bits. For numbers that files supply.
inline bool checkedAdd(uint64_t a, uint64_t b, uint64_t *out) {
  uint64_t sum = a + b;
  if (sum < a) {
    return false;
  }
  *out = sum;
  return true;
}

inline uint64_t alignUp(uint64_t bytes, uint64_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

} // namespace lap

#endif // LAPIDARY_RUNTIME_ERROR_H
