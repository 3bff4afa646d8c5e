//===- Decoder.h - token ids to text -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The decoder of Gemma's tokenizer.json: U+2581 becomes a space, a maximal run of byte pieces <0xXX> becomes its
// bytes if the whole run is valid UTF-8 and otherwise one U+FFFD per byte, everything is joined. Ids outside the
// vocabulary stand for nothing, as in the `tokenizers` package. The result is always valid UTF-8.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_DECODER_H
#define LAPIDARY_RUNTIME_TOKENIZER_DECODER_H

#include "runtime/src/tokenizer/TokenizerTables.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the decoder sees an id. */
typedef enum lap_piece_kind {
  LAP_PIECE_NOTHING, /* outside the vocabulary, or a special token that is skipped */
  LAP_PIECE_TEXT,
  LAP_PIECE_ONE_BYTE /* part of a byte run */
} lap_piece_kind;

lap_piece_kind lap_decode_kind(const lap_tokenizer *tokenizer, int32_t id, int skip_special);

/* The byte a LAP_PIECE_ONE_BYTE piece stands for. */
uint8_t lap_decode_byte(const lap_tokenizer *tokenizer, int32_t id);

/* Writes the text of a LAP_PIECE_TEXT piece, spaces restored, to out; returns its size, at most max_piece_bytes. */
uint32_t lap_decode_piece(const lap_tokenizer *tokenizer, int32_t id, char *out);

/* Room that is enough for the text of this many ids. */
uint64_t lap_decode_max_bytes(const lap_tokenizer *tokenizer, uint64_t count);

/* Writes the text of ids[count] to out (lap_decode_max_bytes(count) of room); returns its size. No NUL is added. */
uint64_t lap_decode(const lap_tokenizer *tokenizer, const int32_t *ids, uint64_t count, int skip_special, char *out);

#ifdef __cplusplus
}
#endif
#endif
