//===- StreamDecoder.h - text as the model writes it ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Feeds ids one by one and gives out text as soon as it is certain, so that what was written so far is always valid
// UTF-8 and the concatenation equals lap_decode of all ids. A byte run is held back until it ends or is known to be
// invalid. Only a run longer than LAP_STREAM_RUN bytes is given out before its end (its complete characters); then,
// and only then, a later invalid byte of that run no longer turns the characters before it into U+FFFDs.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_STREAMDECODER_H
#define LAPIDARY_RUNTIME_TOKENIZER_STREAMDECODER_H

#include "runtime/src/tokenizer/TokenizerTables.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LAP_STREAM_RUN = 1024 };

typedef struct lap_stream_decoder {
  const lap_tokenizer *tokenizer;
  int skip_special;
  int run_invalid;    /* the open run is known to be invalid: its bytes are given out as U+FFFDs at once */
  uint32_t run_bytes; /* held back in run */
  char run[LAP_STREAM_RUN];
} lap_stream_decoder;

void lap_stream_decoder_init(lap_stream_decoder *decoder, const lap_tokenizer *tokenizer, int skip_special);

/* Room one call may need. */
uint64_t lap_stream_decoder_max_bytes(const lap_tokenizer *tokenizer);

/* Adds an id; writes the text that is now certain to out and returns its size (0 while a byte run is open). */
uint64_t lap_stream_decoder_push(lap_stream_decoder *decoder, int32_t id, char *out);

/* The ids have ended: writes what was held back and makes the decoder ready for new ids. */
uint64_t lap_stream_decoder_finish(lap_stream_decoder *decoder, char *out);

#ifdef __cplusplus
}
#endif
#endif
