//===- Encoder.h - text to token ids -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Gives the same ids as the `tokenizers` package does for a Gemma tokenizer.json. Steps: invalid UTF-8 becomes U+FFFD
// (Utf8.h); added tokens are cut out verbatim, longest first at the leftmost position; the rest has ' ' replaced by
// U+2581 and goes through byte-pair merging as one span; the post-processor's ids go around the result.
//
// Nothing is allocated: the caller brings scratch memory. It may be reserved and untouched (mmap): only
// 28 bytes per character are written for valid text.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_ENCODER_H
#define LAPIDARY_RUNTIME_TOKENIZER_ENCODER_H

#include "runtime/src/tokenizer/TokenizerTables.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lap_encode_status {
  LAP_ENCODE_OK = 0,
  LAP_ENCODE_TEXT_TOO_LONG = 1, /* more than LAP_ENCODE_MAX_BYTES */
  LAP_ENCODE_SCRATCH_TOO_SMALL = 2,
  LAP_ENCODE_IDS_FULL = 3 /* the first `capacity` ids were written, there are more */
} lap_encode_status;

#define LAP_ENCODE_MAX_BYTES 0x20000000u /* 512 MiB: positions stay below 2^31 */

/* lap_encode options, or-ed */
enum {
  LAP_ENCODE_PARSE_SPECIAL = 1, /* special tokens written out in the text become their ids (what `tokenizers` does) */
  LAP_ENCODE_ADD_SPECIAL = 2,   /* put the post-processor's ids around the text */
  LAP_ENCODE_ENSURE_BOS = 4     /* prepend bos unless the ids start with it already (models are trained with it) */
};

/* Scratch that is enough for any text of this many bytes. */
uint64_t lap_encode_scratch_bytes(uint64_t text_bytes);

/* Ids that are enough for any text of this many bytes, affixes and bos included. */
uint64_t lap_encode_max_ids(uint64_t text_bytes);

/* Writes the ids of text[bytes] to ids[capacity], their number to *out_count (on IDS_FULL the number
 * there is, so that a second call can have the room).
 * scratch: 8-byte aligned, lap_encode_scratch_bytes(bytes). */
lap_encode_status lap_encode(const lap_tokenizer *tokenizer, const char *text, size_t bytes, uint32_t options,
                             void *scratch, uint64_t scratch_bytes, int32_t *ids, uint64_t capacity,
                             uint64_t *out_count);

#ifdef __cplusplus
}
#endif
#endif
