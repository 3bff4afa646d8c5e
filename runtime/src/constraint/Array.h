//===- Array.h - growing arrays that remember a failed allocation ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// The runtime has no C++ library and no exceptions. An Array of plain data grows with realloc; when memory runs out or
// its limit is reached, it keeps what it has, drops what is added and says so: whoever filled it asks once at the end.
// Adding to an array that failed returns index 0, so an array whose elements are found by index starts with an element
// that may always be read.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_ARRAY_H
#define LAPIDARY_RUNTIME_CONSTRAINT_ARRAY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace lap {

template <typename T> class Array {
public:
  explicit Array(uint32_t limit = 1u << 28) : limit(limit) {}
  ~Array() { free(items); }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  T &operator[](uint32_t index) { return items[index]; }
  const T &operator[](uint32_t index) const { return items[index]; }
  T *begin() { return items; }
  T *end() { return items + used; }
  const T *begin() const { return items; }
  const T *end() const { return items + used; }
  T &back() { return items[used - 1]; }
  uint32_t size() const { return used; }
  bool failed() const { return full; }

  /// Index of the new element; 0 if it could not be added.
  uint32_t add(const T &item) {
    T copy = item; // it may lie in this array
    if (!reserve(1)) {
      return 0;
    }
    items[used] = copy;
    return used++;
  }
  /// Adds `count` elements of value 0; returns the index of the first, 0 on failure.
  uint32_t addZeros(uint32_t count) {
    if (!reserve(count)) {
      return 0;
    }
    memset(static_cast<void *>(items + used), 0, sizeof(T) * count);
    used += count;
    return used - count;
  }
  void append(const T *from, uint32_t count) {
    if (count != 0 && reserve(count)) {
      memcpy(static_cast<void *>(items + used), from, sizeof(T) * count);
      used += count;
    }
  }
  void pop() { --used; }
  /// Forgets the elements from `count` on; nothing happens if there are fewer.
  void shrink(uint32_t count) { used = count < used ? count : used; }
  void clear() { used = 0; }
  /// Forgets the elements and a failure.
  void restart() {
    used = 0;
    full = false;
  }
  /// Replaces the contents by a copy of `other`.
  void assign(const Array &other) {
    clear();
    append(other.items, other.used);
  }
  void swap(Array &other) {
    T *otherItems = other.items;
    uint32_t otherUsed = other.used, otherCapacity = other.capacity;
    bool otherFull = other.full;
    other.items = items, other.used = used, other.capacity = capacity, other.full = full;
    items = otherItems, used = otherUsed, capacity = otherCapacity, full = otherFull;
  }

private:
  bool reserve(uint32_t more) {
    if (full || more > limit - used) {
      full = true;
      return false;
    }
    if (more <= capacity - used) {
      return true;
    }
    uint64_t wanted = uint64_t(used) + more, doubled = uint64_t(capacity) * 2;
    wanted = wanted < doubled ? doubled : wanted;
    wanted = wanted < 16 ? 16 : wanted > limit ? limit : wanted;
    void *grown = realloc(static_cast<void *>(items), wanted * sizeof(T));
    if (!grown) {
      full = true;
      return false;
    }
    items = static_cast<T *>(grown);
    capacity = uint32_t(wanted);
    return true;
  }

  T *items = nullptr;
  uint32_t used = 0, capacity = 0;
  uint32_t limit;
  bool full = false;
};

/// Whether two strings of known length are the same.
inline bool sameText(const char *a, size_t aBytes, const char *b, size_t bBytes) {
  return aBytes == bBytes && (aBytes == 0 || memcmp(a, b, aBytes) == 0);
}

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_ARRAY_H
