//===- Vocabulary.cpp - the tokens a model can write ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Vocabulary.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Vocabulary.h"

#include "runtime/src/tokenizer/Decoder.h"

namespace lap {

Vocabulary::Vocabulary(const lap_vocabulary *trie, const lap_program &program)
    : trie(trie), nodes(lap_vocabulary_nodes(trie)), tokens(lap_vocabulary_tokens(trie)), size(program.vocab) {
  usableBits.addZeros(words());
  if (failed()) {
    return;
  }
  for (uint32_t id = 0; id < size; ++id) {
    usableBits[id / 64] |= uint64_t(1) << (id % 64);
  }
  auto clear = [&](int32_t id) {
    if (id >= 0 && uint32_t(id) < size) {
      usableBits[uint32_t(id) / 64] &= ~(uint64_t(1) << (uint32_t(id) % 64));
    }
  };
  for (uint32_t i = 0; i < program.eos_count; ++i) {
    clear(program.eos[i]);
  }
  for (uint32_t i = 0; i < program.suppress_count; ++i) {
    clear(program.suppress[i]);
  }
}

bool Vocabulary::endsToken(uint32_t node) const {
  for (uint32_t i = nodes[node].first_token; i < nodes[node + 1].first_token; ++i) {
    if (isUsable(tokens[i])) {
      return true;
    }
  }
  return false;
}

uint32_t Vocabulary::child(uint32_t node, uint8_t byte) const {
  uint32_t end = nodes[node].next_byte >> 8;
  for (uint32_t child = node + 1; child < end; child = nodes[child].next_byte >> 8) {
    if (uint8_t(nodes[child].next_byte) >= byte) {
      return uint8_t(nodes[child].next_byte) == byte ? child : 0;
    }
  }
  return 0;
}

bool Vocabulary::hasEveryByte() const {
  for (uint32_t byte = 0; byte <= 0xF4; ++byte) {
    bool possible = byte != 0xC0 && byte != 0xC1; // in UTF-8
    uint32_t node = possible ? child(0, uint8_t(byte)) : 0;
    if (possible && (node == 0 || !endsToken(node))) {
      return false;
    }
  }
  return true;
}

uint32_t findControlToken(const lap_tokenizer *tokenizer, const char *text, size_t bytes) {
  for (uint32_t id = 0; tokenizer && id < tokenizer->pieces; ++id) {
    uint32_t length;
    const char *piece = lap_tokenizer_piece(tokenizer, id, &length);
    if (sameText(piece, length, text, bytes) && lap_decode_kind(tokenizer, int32_t(id), 1) == LAP_PIECE_NOTHING) {
      return id;
    }
  }
  return LAP_NO_ID;
}

} // namespace lap
