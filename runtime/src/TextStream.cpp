//===- TextStream.cpp - ids back to text, for the C API -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer's stream decoder plus the room for one call's text, so that pushing an id allocates nothing.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Model.h"
#include "runtime/src/tokenizer/StreamDecoder.h"

#include <stdlib.h>

struct lap_text_stream {
  lap_stream_decoder decoder;
  char text[]; // lap_stream_decoder_max_bytes
};

lap_status lap_text_stream_create(const lap_model *model, lap_text_stream **out_stream, lap_error *error) {
  if (!model || !out_stream) {
    return lap::fail(error, LAP_INVALID_ARGUMENT, "model or out_stream is NULL");
  }
  if (!model->tokenizer) {
    return lap::fail(error, LAP_UNAVAILABLE, "this program was compiled without a tokenizer: it has ids, no text");
  }
  size_t bytes = sizeof(lap_text_stream) + lap_stream_decoder_max_bytes(model->tokenizer);
  lap_text_stream *stream = static_cast<lap_text_stream *>(malloc(bytes));
  if (!stream) {
    return lap::fail(error, LAP_OUT_OF_MEMORY, "not enough memory for a text stream: %zu bytes needed", bytes);
  }
  lap_stream_decoder_init(&stream->decoder, model->tokenizer, 1);
  *out_stream = stream;
  return LAP_OK;
}

void lap_text_stream_free(lap_text_stream *stream) { free(stream); }

const char *lap_text_stream_push(lap_text_stream *stream, int32_t id, size_t *out_bytes) {
  *out_bytes = lap_stream_decoder_push(&stream->decoder, id, stream->text);
  return stream->text;
}

const char *lap_text_stream_finish(lap_text_stream *stream, size_t *out_bytes) {
  *out_bytes = lap_stream_decoder_finish(&stream->decoder, stream->text);
  return stream->text;
}
