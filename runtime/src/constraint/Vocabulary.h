//===- Vocabulary.h - the tokens a model can write ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The compiled trie of token texts, and which ids may be part of a text: those the model has logits for, that are not
// suppressed and do not end the sequence.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_VOCABULARY_H
#define LAPIDARY_RUNTIME_CONSTRAINT_VOCABULARY_H

#include "lapidary/ProgramAbi.h"
#include "runtime/src/constraint/Array.h"
#include "runtime/src/tokenizer/TokenizerTables.h"
#include "runtime/src/tokenizer/VocabularyTrie.h"

namespace lap {

class Vocabulary {
public:
  Vocabulary(const lap_vocabulary *trie, const lap_program &program);

  bool failed() const { return usableBits.failed(); }
  /// Whether every byte of UTF-8 text can be written by a token of its own, so that no text is a dead end.
  bool hasEveryByte() const;
  bool isUsable(uint32_t id) const { return id < size && (usableBits[id / 64] >> (id % 64) & 1); }
  /// Whether a usable token ends at this trie node.
  bool endsToken(uint32_t node) const;
  /// The child of a trie node with this byte; 0: none.
  uint32_t child(uint32_t node, uint8_t byte) const;

  uint32_t words() const { return (size + 63) / 64; }
  const uint64_t *usable() const { return usableBits.begin(); }

  const lap_vocabulary *trie;
  const lap_vocabulary_node *nodes;
  const uint32_t *tokens;
  uint32_t size; // ids are 0 .. size - 1

private:
  Array<uint64_t> usableBits; // bit id % 64 of word id / 64
};

/// The id of the control token (no text of its own) that is spelled so; LAP_NO_ID: there is none.
uint32_t findControlToken(const lap_tokenizer *tokenizer, const char *text, size_t bytes);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_VOCABULARY_H
