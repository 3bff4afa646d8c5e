//===- TokenizerTables.h - the compiled tokenizer, as read-only data -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The compiler turns tokenizer.json into the block described here and puts it into the program
// (lap_program.tokenizer); the runtime maps it and parses nothing at start-up. Plain old data, little endian,
// offsets from the start of the block, no pointers. Compiler (C++17) and runtime (C++20) share this file, so the
// two hash functions exist once.
//
// What the tables promise (checked by the compiler, relied on by the runtime): every id is < pieces, every piece and
// added token is valid UTF-8, hash tables have at least one empty slot, tries are trees. The runtime checks magic,
// version and that every section lies inside the block.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_TOKENIZERTABLES_H
#define LAPIDARY_RUNTIME_TOKENIZER_TOKENIZERTABLES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAP_TOKENIZER_MAGIC "LAPTOKEN" /* 8 bytes, no NUL */

enum {
  LAP_TOKENIZER_VERSION = 2,
  LAP_TOKENIZER_ALIGN = 8,    /* alignment of the block and of every section */
  LAP_TOKENIZER_MAX_AFFIX = 8 /* ids the post-processor may put before (and after) the text */
};

/* "No such id" in 32-bit id fields. */
#define LAP_NO_ID 0xFFFFFFFFu

/* lap_tokenizer.flags */
enum {
  LAP_TOKENIZER_BYTE_FALLBACK = 1, /* characters without a piece become their UTF-8 bytes' <0xXX> pieces */
  LAP_TOKENIZER_FUSE_UNK = 2,      /* neighbouring unknown characters become one unk */
  LAP_TOKENIZER_SPACE_STARTS = 4   /* only characters of space_joiners ever merge with a U+2581 on their right */
};

/* piece_flags */
enum {
  LAP_PIECE_SPECIAL = 1, /* an added token marked special: left out of skip_special decoding */
  LAP_PIECE_ADDED = 2,   /* an added token: cut out of the text before BPE */
  LAP_PIECE_BYTE = 4     /* its text is <0xXX>: it stands for one byte when decoding */
};

/* One merge; its index in the list is its rank (0 merges first). */
typedef struct lap_merge {
  uint32_t left, right, merged;
} lap_merge;

/* A node of an added-token trie: edges [first_edge, first_edge + edge_count) sorted by byte. */
typedef struct lap_trie_node {
  uint32_t first_edge;
  uint32_t edge_count;
  uint32_t id; /* token that ends here, or LAP_NO_ID */
} lap_trie_node;

/* The header of the block. */
typedef struct lap_tokenizer {
  char magic[8];
  uint32_t version;
  uint32_t flags;
  uint64_t total_bytes;
  uint32_t pieces; /* vocabulary and added tokens; ids are 0..pieces-1 */
  uint32_t merges;
  uint32_t unk, bos; /* ids or LAP_NO_ID */
  uint32_t space;    /* id of U+2581, or LAP_NO_ID */
  uint32_t max_piece_bytes;
  uint32_t prefix_count, suffix_count; /* what the post-processor puts around a text */
  uint32_t prefix[LAP_TOKENIZER_MAX_AFFIX];
  uint32_t suffix[LAP_TOKENIZER_MAX_AFFIX];
  uint64_t space_joiners[2];  /* bit set over ASCII, see LAP_TOKENIZER_SPACE_STARTS */
  uint32_t ascii[128];        /* piece of each one-byte character after normalisation (' ' is U+2581's), or LAP_NO_ID */
  uint32_t byte_pieces[256];  /* piece <0xXX> of each byte, or LAP_NO_ID */
  uint32_t trie_root[2][256]; /* first byte -> node, 0: none; [0] matches the raw text, [1] the normalised text */
  uint32_t trie_nodes_count, trie_edges_count;
  uint32_t vocabulary_bits, merge_bits; /* log2 of the slots of the two hash tables */
  /* Sections, as offsets from the start of the block. Hash tables use linear probing; an empty slot is LAP_NO_ID. */
  uint64_t piece_offsets;         /* uint32[pieces + 1] into piece_text */
  uint64_t piece_text;            /* bytes of all pieces, one after another */
  uint64_t piece_flags;           /* uint8[pieces] */
  uint64_t vocabulary_slots;      /* uint32[1 << vocabulary_bits]: id of a piece of the model's vocabulary */
  uint64_t merge_list;            /* lap_merge[merges] */
  uint64_t merge_slots;           /* uint32[1 << merge_bits]: rank */
  uint64_t trie_nodes;            /* lap_trie_node[trie_nodes_count]; node 0 is unused */
  uint64_t trie_edge_bytes;       /* uint8[trie_edges_count] */
  uint64_t trie_edge_nodes;       /* uint32[trie_edges_count] */
  uint64_t vocabulary_trie;       /* texts of all tokens, see VocabularyTrie.h */
  uint64_t vocabulary_trie_bytes; /* 0: none */
} lap_tokenizer;

/* Slot at which the search for a piece starts. bits is 1..31. */
static inline uint32_t lap_piece_slot(const char *text, size_t bytes, uint32_t bits) {
  uint64_t hash = 0xCBF29CE484222325ull; /* FNV-1a, then a multiplicative finish */
  for (size_t i = 0; i < bytes; ++i) {
    hash = (hash ^ (uint8_t)text[i]) * 0x100000001B3ull;
  }
  return (uint32_t)((hash * 0x9E3779B97F4A7C15ull) >> (64 - bits));
}

/* Slot at which the search for the pair (left, right) starts. */
static inline uint32_t lap_merge_slot(uint32_t left, uint32_t right, uint32_t bits) {
  uint64_t hash = (((uint64_t)left << 32) | right) * 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93ull;
  return (uint32_t)(hash >> (64 - bits));
}

/* The tokenizer in `block` (bytes long, 8-byte aligned), or NULL when magic, version or a section's extent is wrong. */
const lap_tokenizer *lap_tokenizer_open(const void *block, uint64_t bytes);

/* Text of a piece (not NUL-terminated, U+2581 for spaces), its length in *out_bytes. id < pieces. */
const char *lap_tokenizer_piece(const lap_tokenizer *tokenizer, uint32_t id, uint32_t *out_bytes);

/* Id of a vocabulary piece with exactly this text (U+2581 for spaces), or LAP_NO_ID. */
uint32_t lap_tokenizer_find(const lap_tokenizer *tokenizer, const char *text, size_t bytes);

/* Rank of the merge of two pieces, or LAP_NO_ID. */
uint32_t lap_tokenizer_rank(const lap_tokenizer *tokenizer, uint32_t left, uint32_t right);

#ifdef __cplusplus
}
#endif
#endif
