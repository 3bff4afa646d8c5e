//===- Buffer.h - text that grows ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One block of malloc, NUL-terminated, never larger than its limit; remembers the first failure, so that writers need
// not check every piece.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_BUFFER_H
#define LAPIDARY_RUNTIME_CHAT_BUFFER_H

#include "runtime/src/chat/Text.h"

#include <stdlib.h>

namespace lap {

class Buffer {
public:
  explicit Buffer(size_t limit) : limit(limit) {}
  ~Buffer() { free(memory); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  void put(const char *data, size_t bytes) {
    if (bytes > capacity - used && !grow(bytes)) {
      failure = true;
      return;
    }
    if (bytes != 0) { // there may be no memory yet
      memcpy(memory + used, data, bytes);
    }
    used += bytes;
  }
  void put(Text text) { put(text.data, text.bytes); }
  void put(const char *string) { put(string, strlen(string)); }
  void put(char c) { put(&c, 1); }

  bool failed() const { return failure; }
  size_t size() const { return used; }
  const char *data() const { return memory ? memory : ""; }
  Text text(size_t from = 0) const { return {data() + from, used - from}; }
  void truncate(size_t bytes) { used = bytes; }
  /// Takes the first `bytes` away.
  void remove(size_t bytes) {
    used -= bytes;
    if (used != 0) {
      memmove(memory, memory + bytes, used);
    }
  }
  void clear() { used = 0, failure = false; }

  /// The text so far, NUL-terminated; null when there is no memory for the NUL.
  const char *terminated() {
    if (used == capacity && !grow(1)) {
      failure = true;
      return nullptr;
    }
    memory[used] = 0;
    return memory;
  }
  /// The same, handed to the caller to free; the buffer is empty afterwards.
  char *release() {
    char *text = const_cast<char *>(terminated());
    memory = text ? nullptr : memory;
    used = text ? 0 : used, capacity = text ? 0 : capacity;
    return text;
  }

private:
  bool grow(size_t bytes) {
    if (bytes > limit - used) {
      return false;
    }
    size_t larger = capacity < 512 ? 1024 : capacity * 2;
    larger = larger < used + bytes ? used + bytes : larger;
    larger = larger > limit ? limit : larger;
    char *fresh = static_cast<char *>(realloc(memory, larger));
    if (!fresh) {
      return false;
    }
    memory = fresh;
    capacity = larger;
    return true;
  }

  char *memory = nullptr;
  size_t used = 0, capacity = 0, limit;
  bool failure = false;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_BUFFER_H
