//===- Decoder.cpp - token ids to text -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Skipped ids are invisible: a byte run continues across them, because the reference removes them before it decodes.
// A run is written optimistically as bytes; if it turns out invalid it is overwritten by U+FFFDs, so one pass and no
// scratch are enough.
//===----------------------------------------------------------------------===//
#include "runtime/src/tokenizer/Decoder.h"

#include "runtime/src/tokenizer/Utf8.h"

#include <string.h>

lap_piece_kind lap_decode_kind(const lap_tokenizer *tokenizer, int32_t id, int skip_special) {
  if (id < 0 || uint32_t(id) >= tokenizer->pieces) {
    return LAP_PIECE_NOTHING;
  }
  uint8_t flags = reinterpret_cast<const uint8_t *>(tokenizer)[tokenizer->piece_flags + uint32_t(id)];
  if (skip_special && (flags & LAP_PIECE_SPECIAL)) {
    return LAP_PIECE_NOTHING;
  }
  return flags & LAP_PIECE_BYTE ? LAP_PIECE_ONE_BYTE : LAP_PIECE_TEXT;
}

static uint8_t hexDigit(char c) { return uint8_t(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

uint8_t lap_decode_byte(const lap_tokenizer *tokenizer, int32_t id) {
  uint32_t bytes;
  const char *piece = lap_tokenizer_piece(tokenizer, uint32_t(id), &bytes); // "<0xXX>"
  return uint8_t(hexDigit(piece[3]) * 16 + hexDigit(piece[4]));
}

uint32_t lap_decode_piece(const lap_tokenizer *tokenizer, int32_t id, char *out) {
  uint32_t bytes, written = 0;
  const char *piece = lap_tokenizer_piece(tokenizer, uint32_t(id), &bytes);
  for (uint32_t i = 0; i < bytes; ++i) {
    if (bytes - i >= 3 && memcmp(piece + i, "\xE2\x96\x81", 3) == 0) {
      out[written++] = ' ';
      i += 2;
    } else {
      out[written++] = piece[i];
    }
  }
  return written;
}

uint64_t lap_decode_max_bytes(const lap_tokenizer *tokenizer, uint64_t count) {
  uint64_t piece = tokenizer->max_piece_bytes > 3 ? tokenizer->max_piece_bytes : 3;
  return count * piece;
}

/// Turns the bytes [start, end) of a finished run into U+FFFDs unless they are valid; returns the new end.
static uint64_t endRun(char *out, uint64_t start, uint64_t end) {
  int valid;
  lap_utf8_replaced_bytes(out + start, end - start, &valid);
  if (valid) {
    return end;
  }
  uint64_t bytes = end - start;
  for (uint64_t i = 0; i < bytes; ++i) {
    memcpy(out + start + 3 * i, "\xEF\xBF\xBD", 3);
  }
  return start + 3 * bytes;
}

uint64_t lap_decode(const lap_tokenizer *tokenizer, const int32_t *ids, uint64_t count, int skip_special, char *out) {
  uint64_t size = 0, run = 0; // out[run, size) is the open byte run
  for (uint64_t i = 0; i < count; ++i) {
    lap_piece_kind kind = lap_decode_kind(tokenizer, ids[i], skip_special);
    if (kind == LAP_PIECE_ONE_BYTE) {
      out[size++] = char(lap_decode_byte(tokenizer, ids[i]));
    } else if (kind == LAP_PIECE_TEXT) {
      size = endRun(out, run, size);
      size += lap_decode_piece(tokenizer, ids[i], out + size);
      run = size;
    }
  }
  return endRun(out, run, size);
}
