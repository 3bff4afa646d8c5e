//===- Arena.cpp - memory of one rendering -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Arena.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Arena.h"

#include <stdlib.h>
#include <string.h>

namespace lap {

namespace {

constexpr size_t FirstChunk = 64 << 10, LargestStep = 16 << 20, Alignment = 16;

} // namespace

Arena::~Arena() {
  while (chunk) {
    Chunk *previous = chunk->previous;
    free(chunk);
    chunk = previous;
  }
}

bool Arena::grow(size_t bytes) {
  size_t next = chunk ? (chunk->bytes < LargestStep ? chunk->bytes * 2 : LargestStep) : FirstChunk;
  next = next < bytes + Alignment ? bytes + Alignment : next;
  if (next > limit - taken) {
    next = limit - taken; // the last chunk may be smaller
  }
  if (next < bytes + Alignment) {
    return false;
  }
  Chunk *fresh = static_cast<Chunk *>(malloc(sizeof(Chunk) + next));
  if (!fresh) {
    return false;
  }
  fresh->previous = chunk;
  fresh->bytes = next;
  chunk = fresh;
  taken += next;
  top = reinterpret_cast<char *>(fresh + 1);
  limitOfChunk = top + next;
  return true;
}

void *Arena::allocate(size_t bytes) {
  if (bytes > limit) {
    return nullptr;
  }
  size_t skip = chunk ? (Alignment - reinterpret_cast<uintptr_t>(top) % Alignment) % Alignment : 0;
  if (!chunk || bytes + skip > static_cast<size_t>(limitOfChunk - top)) {
    if (!grow(bytes)) {
      return nullptr;
    }
    skip = (Alignment - reinterpret_cast<uintptr_t>(top) % Alignment) % Alignment;
  }
  char *memory = top + skip;
  top = memory + bytes;
  memset(memory, 0, bytes);
  return memory;
}

bool Arena::extend(const void *end, size_t bytes) {
  if (!chunk || end != top || bytes > static_cast<size_t>(limitOfChunk - top)) {
    return false;
  }
  top += bytes;
  return true;
}

} // namespace lap
