//===- Nearest.h - what a misspelt word may have meant --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For "did you mean" in messages about options, commands and what is typed in a chat.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_NEAREST_H
#define LAPIDARY_RUNTIME_CLI_NEAREST_H

#include <stddef.h>

namespace lap {

/// The candidate nearest to `word` (edit distance at most 2, or `word` begins it); null if none is near.
const char *nearest(const char *word, const char *const *candidates, size_t count);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_NEAREST_H
