//===- TextPlace.h - line and column --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Where something is in a grammar or schema, as editors count.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_TEXTPLACE_H
#define LAPIDARY_RUNTIME_CONSTRAINT_TEXTPLACE_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

/// From 1; columns count characters of UTF-8.
struct TextPlace {
  uint32_t line, column;
};

/// The place of a byte; of the end if `offset` is behind it.
inline TextPlace placeOf(const char *text, size_t bytes, size_t offset) {
  TextPlace place = {1, 1};
  for (size_t i = 0; i < offset && i < bytes; ++i) {
    bool newline = text[i] == '\n', continuation = (text[i] & 0xC0) == 0x80;
    place.line += newline;
    place.column = newline ? 1 : place.column + !continuation;
  }
  return place;
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_TEXTPLACE_H
