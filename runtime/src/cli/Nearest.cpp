//===- Nearest.cpp - what a misspelt word may have meant ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Nearest.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Nearest.h"

#include <string.h>

namespace lap {

/// Edit distance (Levenshtein) of two short words; 99 if either is longer than 31 characters.
static size_t distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b), line[32];
  if (rows > 31 || columns > 31) {
    return 99;
  }
  for (size_t j = 0; j <= columns; ++j) {
    line[j] = j;
  }
  for (size_t i = 1; i <= rows; ++i) {
    size_t diagonal = line[0];
    line[0] = i;
    for (size_t j = 1; j <= columns; ++j) {
      size_t replace = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = line[j];
      size_t shift = 1 + (line[j] < line[j - 1] ? line[j] : line[j - 1]);
      line[j] = replace < shift ? replace : shift;
    }
  }
  return line[columns];
}

const char *nearest(const char *word, const char *const *candidates, size_t count) {
  const char *best = nullptr;
  size_t least = 3;
  for (size_t i = 0; i < count; ++i) {
    bool begins = word[0] && strncmp(candidates[i], word, strlen(word)) == 0;
    size_t edits = begins ? 1 : distance(word, candidates[i]);
    if (edits < least && edits < strlen(candidates[i])) {
      least = edits;
      best = candidates[i];
    }
  }
  return best;
}

} // namespace lap
