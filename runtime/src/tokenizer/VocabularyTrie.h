//===- VocabularyTrie.h - the texts of all tokens as one trie ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Constrained decoding asks, at every token, which of 262,144 texts may come next. The compiler puts the decoded texts
// (spaces restored, <0xXX> as its byte, special tokens left out) into a trie over bytes; a walk that prunes where the
// grammar ends visits a small part of it. Nodes lie in preorder, so a subtree is a range of nodes and of tokens, and
// each node says which kinds of characters lie below it: a loop that accepts them all takes the subtree at once.
//
// Part of the tokenizer's block (lap_tokenizer.vocabulary_trie). Plain old data, little endian, offsets from the start
// of this header. 12 bytes a node: 7.2 MB, and 1 MB of ids, for Gemma's vocabulary.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_VOCABULARYTRIE_H
#define LAPIDARY_RUNTIME_TOKENIZER_VOCABULARYTRIE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAP_VOCABULARY_MAGIC "LAPVTRIE" /* 8 bytes, no NUL */

enum {
  LAP_VOCABULARY_VERSION = 1,
  LAP_VOCABULARY_EVERY_BYTE = 1, /* flag: each byte of UTF-8 text is a token by itself */
  LAP_VOCABULARY_MAX_NODES = (1 << 24) - 1,
  LAP_VOCABULARY_MAX_CHARS = 63, /* characters below a node are counted up to here */
  LAP_CHAR_CLASSES = 26
};

/* Node 0 is the root (its byte is 0). The children of n are n + 1, then the next of each while it is below n's next;
 * they ascend by byte. Tokens of n are token_list[n.first_token .. (n + 1).first_token). */
typedef struct lap_vocabulary_node {
  uint32_t next_byte;   /* node after the subtree << 8 | last byte of this node's text */
  uint32_t first_token; /* index in token_list */
  uint32_t below;       /* classes of the characters below the node << 6 | most characters below it */
} lap_vocabulary_node;

typedef struct lap_vocabulary {
  char magic[8];
  uint32_t version, flags;
  uint64_t total_bytes;
  uint32_t nodes;     /* node_list has one more: the end */
  uint32_t tokens;    /* entries of token_list */
  uint32_t max_bytes; /* of one token */
  uint32_t max_chars;
  uint64_t node_list;  /* lap_vocabulary_node[nodes + 1] */
  uint64_t token_list; /* uint32[tokens]: ids, by text; equal texts by id */
} lap_vocabulary;

/* Class 0..LAP_CHAR_CLASSES-1 of the character that starts with this byte of UTF-8; continuation bytes have none (32).
 * Classes are the sets that grammars tell apart; a set of characters that cuts a class only costs time. */
static inline uint32_t lap_char_class(uint8_t byte) {
  static const char marks[] = " \"\\-_.,:/+@'";
  if (byte >= 0x80) {
    return byte < 0xC0 ? 32 : byte < 0xE0 ? 0 : byte < 0xF0 ? 1 : 2;
  }
  if (byte < ' ' || byte == 0x7F) {
    return byte == '\t' || byte == '\n' || byte == '\r' ? 3 : byte == 0x7F ? 4 : 5;
  }
  if (byte >= '0' && byte <= '9') {
    return 6;
  }
  if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') {
    return (byte & 0x20 ? 7u : 9u) + ((byte | 0x20) > 'f');
  }
  for (uint32_t i = 0; marks[i]; ++i) {
    if ((uint8_t)marks[i] == byte) {
      return 11 + i;
    }
  }
  return byte == '{' || byte == '}' ? 23 : byte == '[' || byte == ']' ? 24 : 25;
}

/* The trie in `block` (bytes long, 8-byte aligned), or NULL when magic, version or a section's extent is wrong. */
const lap_vocabulary *lap_vocabulary_open(const void *block, uint64_t bytes);

static inline const lap_vocabulary_node *lap_vocabulary_nodes(const lap_vocabulary *vocabulary) {
  return (const lap_vocabulary_node *)((const char *)vocabulary + vocabulary->node_list);
}
static inline const uint32_t *lap_vocabulary_tokens(const lap_vocabulary *vocabulary) {
  return (const uint32_t *)((const char *)vocabulary + vocabulary->token_list);
}

#ifdef __cplusplus
}
#endif
#endif
