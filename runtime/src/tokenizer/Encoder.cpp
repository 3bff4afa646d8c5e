//===- Encoder.cpp - text to token ids -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Three levels, each cutting the text for the next: added tokens matched in the raw text, added tokens matched in the
// normalised text, byte-pair merging. Normalising (' ' -> U+2581) never makes a copy: a space simply looks up the
// piece of U+2581, and walks the second trie with its three bytes.
//
// When the tables say so (LAP_TOKENIZER_SPACE_STARTS), a span is merged word by word: no merge crosses from the
// character before a space to the space (but for a few listed characters, in Gemma 3 only '>'), so the result is the
// same and the heap stays in the first-level cache.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/Encoder.h"

#include "runtime/src/tokenizer/MergeQueue.h"
#include "runtime/src/tokenizer/Utf8.h"

#include <string.h>

namespace {

constexpr char kSpace[] = "\xE2\x96\x81"; // U+2581

struct Encoder {
  const lap_tokenizer *tokenizer;
  uint32_t options;
  lap_symbol *symbols;
  uint64_t *heap;
  int32_t *ids;
  uint64_t capacity, count;
  uint32_t span = 0;       // symbols gathered for the span being built
  bool pendingUnk = false; // unknown characters seen, unk not yet added
  bool spaceJoins = true;  // a space may merge with the span so far

  template <typename T> const T *section(uint64_t offset) const {
    return reinterpret_cast<const T *>(reinterpret_cast<const char *>(tokenizer) + offset);
  }
  void emit(uint32_t id) {
    if (count < capacity) {
      ids[count] = int32_t(id);
    }
    ++count;
  }
  void add(uint32_t id) { symbols[span++].id = id; }
  void flushUnk();
  void endSpan();
  void addUnknown(const char *text, size_t bytes);
  void addCharacter(const char *text, size_t bytes);
  void encodeSpan(const char *text, size_t bytes);
  uint32_t child(const lap_trie_node &node, uint8_t byte) const;
  uint32_t match(int level, const char *text, size_t bytes, size_t *outLength) const;
  void cut(int level, const char *text, size_t bytes);
};

void Encoder::flushUnk() {
  if (pendingUnk) {
    pendingUnk = false;
    add(tokenizer->unk);
  }
}

/// Merges what was gathered and emits it.
void Encoder::endSpan() {
  flushUnk();
  if (span > 0) {
    lap_merge_span(tokenizer, symbols, span, heap);
    for (int32_t i = 0; i >= 0; i = symbols[i].next) {
      emit(symbols[i].id);
    }
  }
  span = 0;
  spaceJoins = true;
}

/// A character without a piece: its byte pieces if all of them exist, else unk. As in `tokenizers`, byte pieces do
/// not flush a pending unk.
void Encoder::addUnknown(const char *text, size_t bytes) {
  if (tokenizer->flags & LAP_TOKENIZER_BYTE_FALLBACK) {
    bool all = true;
    for (size_t i = 0; i < bytes; ++i) {
      all &= tokenizer->byte_pieces[uint8_t(text[i])] != LAP_NO_ID;
    }
    for (size_t i = 0; all && i < bytes; ++i) {
      add(tokenizer->byte_pieces[uint8_t(text[i])]);
    }
    if (all) {
      return;
    }
  }
  if (tokenizer->unk != LAP_NO_ID) {
    if (!(tokenizer->flags & LAP_TOKENIZER_FUSE_UNK)) {
      flushUnk();
    }
    pendingUnk = true;
  }
}

void Encoder::addCharacter(const char *text, size_t bytes) {
  bool space = *text == ' ' || (bytes == 3 && memcmp(text, kSpace, 3) == 0);
  if (space && !spaceJoins) {
    endSpan();
  }
  uint32_t id = space        ? tokenizer->space
                : bytes == 1 ? tokenizer->ascii[uint8_t(*text)]
                             : lap_tokenizer_find(tokenizer, text, bytes);
  if (id != LAP_NO_ID) {
    flushUnk();
    add(id);
  } else {
    addUnknown(space ? kSpace : text, space ? 3 : bytes);
  }
  uint8_t first = uint8_t(*text);
  spaceJoins = space || !(tokenizer->flags & LAP_TOKENIZER_SPACE_STARTS) ||
               (first < 128 && (tokenizer->space_joiners[first / 64] >> (first % 64) & 1));
}

/// Byte-pair merging of a text without added tokens.
void Encoder::encodeSpan(const char *text, size_t bytes) {
  for (size_t i = 0, length; i < bytes; i += length) {
    lap_utf8_next(text + i, bytes - i, &length);
    addCharacter(text + i, length);
  }
  endSpan();
}

uint32_t Encoder::child(const lap_trie_node &node, uint8_t byte) const {
  const uint8_t *edges = section<uint8_t>(tokenizer->trie_edge_bytes) + node.first_edge;
  uint32_t low = 0, high = node.edge_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (edges[middle] < byte) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  bool found = low < node.edge_count && edges[low] == byte;
  return found ? section<uint32_t>(tokenizer->trie_edge_nodes)[node.first_edge + low] : 0;
}

/// Longest added token of this level that starts at text[0], or LAP_NO_ID.
uint32_t Encoder::match(int level, const char *text, size_t bytes, size_t *outLength) const {
  const lap_trie_node *nodes = section<lap_trie_node>(tokenizer->trie_nodes);
  uint32_t best = LAP_NO_ID, node = 0;
  for (size_t i = 0; i < bytes; ++i) {
    bool space = level == 1 && text[i] == ' ';
    for (int k = 0; k < (space ? 3 : 1); ++k) {
      uint8_t byte = uint8_t(space ? kSpace[k] : text[i]);
      node = i == 0 && k == 0 ? tokenizer->trie_root[level][byte] : child(nodes[node], byte);
      if (node == 0) {
        return best;
      }
    }
    if (nodes[node].id != LAP_NO_ID) {
      best = nodes[node].id;
      *outLength = i + 1;
    }
  }
  return best;
}

/// Cuts the added tokens of this level out and hands the text between them to the next level.
void Encoder::cut(int level, const char *text, size_t bytes) {
  const uint8_t *flags = section<uint8_t>(tokenizer->piece_flags);
  size_t start = 0, position = 0, length = 0;
  auto rest = [&](size_t end) {
    if (end > start) {
      level == 0 ? cut(1, text + start, end - start) : encodeSpan(text + start, end - start);
    }
  };
  while (position < bytes) {
    uint32_t id = match(level, text + position, bytes - position, &length);
    if (id == LAP_NO_ID) {
      ++position;
    } else if ((flags[id] & LAP_PIECE_SPECIAL) && !(options & LAP_ENCODE_PARSE_SPECIAL)) {
      position += length; // stays text, and hides other tokens inside it
    } else {
      rest(position);
      emit(id);
      start = position += length;
    }
  }
  rest(bytes);
}

/// The ids before the text.
void addPrefix(Encoder &encoder) {
  const lap_tokenizer *t = encoder.tokenizer;
  for (uint32_t i = 0; (encoder.options & LAP_ENCODE_ADD_SPECIAL) && i < t->prefix_count; ++i) {
    encoder.emit(t->prefix[i]);
  }
}

/// Puts bos in front unless it is there.
void ensureBos(Encoder &encoder) {
  uint32_t bos = encoder.tokenizer->bos;
  if (!(encoder.options & LAP_ENCODE_ENSURE_BOS) || bos == LAP_NO_ID ||
      (encoder.count > 0 && encoder.capacity > 0 && uint32_t(encoder.ids[0]) == bos)) {
    return;
  }
  if (encoder.capacity > 0) {
    uint64_t kept = encoder.count < encoder.capacity ? encoder.count : encoder.capacity - 1;
    memmove(encoder.ids + 1, encoder.ids, kept * sizeof(int32_t));
    encoder.ids[0] = int32_t(bos);
  }
  ++encoder.count;
}

} // namespace

// Replaced text is at most three times as long (an invalid byte becomes three); each of its bytes may be a symbol
// (12 bytes) with two heap entries (16 bytes).
uint64_t lap_encode_scratch_bytes(uint64_t text_bytes) { return text_bytes * 3 * (1 + 12 + 16) + 64; }

uint64_t lap_encode_max_ids(uint64_t text_bytes) { return text_bytes * 3 + 2 * LAP_TOKENIZER_MAX_AFFIX + 1; }

lap_encode_status lap_encode(const lap_tokenizer *tokenizer, const char *text, size_t bytes, uint32_t options,
                             void *scratch, uint64_t scratch_bytes, int32_t *ids, uint64_t capacity,
                             uint64_t *out_count) {
  *out_count = 0;
  if (bytes > LAP_ENCODE_MAX_BYTES) {
    return LAP_ENCODE_TEXT_TOO_LONG;
  }
  int valid;
  uint64_t replaced = lap_utf8_replaced_bytes(text, bytes, &valid);
  uint64_t copy = valid ? 0 : (replaced + 7) / 8 * 8;
  uint64_t heapBytes = replaced * 2 * sizeof(uint64_t);
  if (copy + heapBytes + replaced * sizeof(lap_symbol) > scratch_bytes) {
    return LAP_ENCODE_SCRATCH_TOO_SMALL;
  }
  char *memory = static_cast<char *>(scratch);
  if (!valid) {
    lap_utf8_replace(text, bytes, memory);
    text = memory;
  }
  Encoder encoder = {};
  encoder.tokenizer = tokenizer;
  encoder.options = options;
  encoder.heap = reinterpret_cast<uint64_t *>(memory + copy);
  encoder.symbols = reinterpret_cast<lap_symbol *>(memory + copy + heapBytes);
  encoder.ids = ids;
  encoder.capacity = capacity;
  addPrefix(encoder);
  encoder.cut(0, text, replaced);
  for (uint32_t i = 0; (options & LAP_ENCODE_ADD_SPECIAL) && i < tokenizer->suffix_count; ++i) {
    encoder.emit(tokenizer->suffix[i]);
  }
  ensureBos(encoder);
  *out_count = encoder.count;
  return encoder.count > capacity ? LAP_ENCODE_IDS_FULL : LAP_ENCODE_OK;
}
