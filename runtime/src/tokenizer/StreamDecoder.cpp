//===- StreamDecoder.cpp - text as the model writes it -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A run is in one of two states: valid so far (held back in full), or invalid (each byte is a U+FFFD, nothing is held
// back). It goes from the first to the second when an ill-formed sequence shows, and back at its end.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/StreamDecoder.h"

#include "runtime/src/tokenizer/Decoder.h"
#include "runtime/src/tokenizer/Utf8.h"

#include <string.h>

namespace {

/// Gives the held bytes out as U+FFFDs, one for each.
uint64_t flushInvalid(lap_stream_decoder *decoder, char *out) {
  for (uint32_t i = 0; i < decoder->run_bytes; ++i) {
    memcpy(out + 3 * i, "\xEF\xBF\xBD", 3);
  }
  uint64_t written = 3 * uint64_t(decoder->run_bytes);
  decoder->run_bytes = 0;
  return written;
}

/// Bytes of the held run that are complete characters; *outInvalid when what follows is ill-formed (not just cut off).
uint32_t completeBytes(const lap_stream_decoder *decoder, bool *outInvalid) {
  uint32_t i = 0;
  *outInvalid = false;
  while (i < decoder->run_bytes) {
    size_t length;
    lap_utf8_kind kind = lap_utf8_next(decoder->run + i, decoder->run_bytes - i, &length);
    if (kind != LAP_UTF8_VALID) {
      *outInvalid = kind == LAP_UTF8_INVALID;
      break;
    }
    i += uint32_t(length);
  }
  return i;
}

uint64_t pushByte(lap_stream_decoder *decoder, uint8_t byte, char *out) {
  decoder->run[decoder->run_bytes++] = char(byte);
  if (decoder->run_invalid) {
    return flushInvalid(decoder, out);
  }
  bool invalid;
  uint32_t complete = completeBytes(decoder, &invalid);
  if (invalid) {
    decoder->run_invalid = 1;
    return flushInvalid(decoder, out);
  }
  if (decoder->run_bytes < LAP_STREAM_RUN) {
    return 0;
  }
  memcpy(out, decoder->run, complete);
  decoder->run_bytes -= complete;
  memmove(decoder->run, decoder->run + complete, decoder->run_bytes);
  return complete;
}

} // namespace

void lap_stream_decoder_init(lap_stream_decoder *decoder, const lap_tokenizer *tokenizer, int skip_special) {
  decoder->tokenizer = tokenizer;
  decoder->skip_special = skip_special;
  decoder->run_invalid = 0;
  decoder->run_bytes = 0;
}

uint64_t lap_stream_decoder_max_bytes(const lap_tokenizer *tokenizer) {
  return 3 * uint64_t(LAP_STREAM_RUN) + tokenizer->max_piece_bytes;
}

uint64_t lap_stream_decoder_push(lap_stream_decoder *decoder, int32_t id, char *out) {
  lap_piece_kind kind = lap_decode_kind(decoder->tokenizer, id, decoder->skip_special);
  if (kind == LAP_PIECE_NOTHING) {
    return 0;
  }
  if (kind == LAP_PIECE_ONE_BYTE) {
    return pushByte(decoder, lap_decode_byte(decoder->tokenizer, id), out);
  }
  uint64_t written = lap_stream_decoder_finish(decoder, out);
  return written + lap_decode_piece(decoder->tokenizer, id, out + written);
}

uint64_t lap_stream_decoder_finish(lap_stream_decoder *decoder, char *out) {
  bool invalid;
  uint64_t written = completeBytes(decoder, &invalid);
  if (written == decoder->run_bytes) {
    memcpy(out, decoder->run, written);
    decoder->run_bytes = 0;
  } else {
    written = flushInvalid(decoder, out);
  }
  decoder->run_invalid = 0;
  return written;
}
