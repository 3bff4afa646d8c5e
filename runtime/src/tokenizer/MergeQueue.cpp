//===- MergeQueue.cpp - byte-pair merging of one span --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Entries are not removed when one of their symbols merges with another neighbour; such an entry is recognised when it
// is taken out, because the pair at its position has another rank by then. An entry is rank << 32 | position, so
// comparing entries is comparing integers.
//
// Heap size: count - 1 entries at first; each merge takes one out, puts at most two in and removes one symbol, so
// there are never more than 2 * (count - 1).
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/MergeQueue.h"

namespace {

struct Queue {
  const lap_tokenizer *tokenizer;
  const lap_merge *merges;
  lap_symbol *symbols;
  uint64_t *heap;
  uint32_t size;
};

void siftDown(Queue &q, uint32_t hole) {
  uint64_t entry = q.heap[hole];
  for (uint32_t child; (child = 2 * hole + 1) < q.size; hole = child) {
    if (child + 1 < q.size && q.heap[child + 1] < q.heap[child]) {
      ++child;
    }
    if (entry <= q.heap[child]) {
      break;
    }
    q.heap[hole] = q.heap[child];
  }
  q.heap[hole] = entry;
}

void push(Queue &q, uint64_t entry) {
  uint32_t hole = q.size++;
  for (; hole > 0 && entry < q.heap[(hole - 1) / 2]; hole = (hole - 1) / 2) {
    q.heap[hole] = q.heap[(hole - 1) / 2];
  }
  q.heap[hole] = entry;
}

uint64_t pop(Queue &q) {
  uint64_t top = q.heap[0];
  q.heap[0] = q.heap[--q.size];
  if (q.size > 1) {
    siftDown(q, 0);
  }
  return top;
}

/// Queues the merge of the symbols at `left` and `right`, if there is one.
void offer(Queue &q, int32_t left, int32_t right) {
  uint32_t rank = lap_tokenizer_rank(q.tokenizer, q.symbols[left].id, q.symbols[right].id);
  if (rank != LAP_NO_ID) {
    push(q, uint64_t(rank) << 32 | uint32_t(left));
  }
}

/// Links the symbols and builds the heap of all first merges in linear time.
void start(Queue &q, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    q.symbols[i].prev = int32_t(i) - 1;
    q.symbols[i].next = i + 1 < count ? int32_t(i + 1) : -1;
    uint32_t rank = i + 1 < count ? lap_tokenizer_rank(q.tokenizer, q.symbols[i].id, q.symbols[i + 1].id) : LAP_NO_ID;
    if (rank != LAP_NO_ID) {
      q.heap[q.size++] = uint64_t(rank) << 32 | i;
    }
  }
  for (uint32_t i = q.size / 2; i-- > 0;) {
    siftDown(q, i);
  }
}

/// True when the pair at the entry's position is still the one it was queued for.
bool isCurrent(const Queue &q, uint32_t rank, const lap_symbol &left) {
  return left.id != LAP_NO_ID && left.next >= 0 &&
         lap_tokenizer_rank(q.tokenizer, left.id, q.symbols[left.next].id) == rank;
}

} // namespace

void lap_merge_span(const lap_tokenizer *tokenizer, lap_symbol *symbols, uint32_t count, uint64_t *heap) {
  const char *base = reinterpret_cast<const char *>(tokenizer);
  Queue q = {tokenizer, reinterpret_cast<const lap_merge *>(base + tokenizer->merge_list), symbols, heap, 0};
  start(q, count);
  while (q.size > 0) {
    uint64_t entry = pop(q);
    int32_t position = int32_t(entry & 0xFFFFFFFFu);
    uint32_t rank = uint32_t(entry >> 32);
    lap_symbol &left = symbols[position];
    if (!isCurrent(q, rank, left)) {
      continue;
    }
    lap_symbol &right = symbols[left.next];
    left.id = q.merges[rank].merged;
    left.next = right.next;
    right.id = LAP_NO_ID;
    if (left.next >= 0) {
      symbols[left.next].prev = position;
    }
    if (left.prev >= 0) {
      offer(q, left.prev, position);
    }
    if (left.next >= 0) {
      offer(q, position, left.next);
    }
  }
}
