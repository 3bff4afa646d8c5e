//===- Arena.h - memory of one rendering ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything a rendering allocates comes from here and is freed together. Chunks come from malloc and double in size;
// `limit` bounds their sum, so that neither a template nor a conversation can take more.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_ARENA_H
#define LAPIDARY_RUNTIME_CHAT_ARENA_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

class Arena {
public:
  explicit Arena(size_t limit) : limit(limit) {}
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  /// Zeroed memory, 16-byte aligned; null when the limit or the machine's memory is reached.
  void *allocate(size_t bytes);

  /// Room for `count` Ts, zeroed, no constructor runs; null as above.
  template <typename T> T *allocate(size_t count) {
    return count <= limit / sizeof(T) ? static_cast<T *>(allocate(count * sizeof(T))) : nullptr;
  }

  /// Bytes taken so far.
  size_t used() const { return taken; }

  /// Makes the latest allocation longer where it lies; false if it is not the latest or does not fit its chunk.
  bool extend(const void *end, size_t bytes);

private:
  struct Chunk {
    Chunk *previous;
    size_t bytes; // of what follows this header
  };
  bool grow(size_t bytes);

  Chunk *chunk = nullptr;
  char *top = nullptr; // free memory starts here, not aligned
  char *limitOfChunk = nullptr;
  size_t limit, taken = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_ARENA_H
