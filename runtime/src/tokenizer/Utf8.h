//===- Utf8.h - UTF-8 as Python reads it ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text from files and pipes may hold invalid UTF-8. The reference tokenizers only ever see what Python's
// bytes.decode("utf-8", errors="replace") made of it: each maximal subpart of an ill-formed sequence (Unicode 3.9,
// "U+FFFD substitution of maximal subparts") becomes one U+FFFD. This header is that rule, once.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_TOKENIZER_UTF8_H
#define LAPIDARY_RUNTIME_TOKENIZER_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum lap_utf8_kind {
  LAP_UTF8_VALID,     /* one character */
  LAP_UTF8_INVALID,   /* an ill-formed maximal subpart */
  LAP_UTF8_INCOMPLETE /* the text ends inside a character that is well formed so far */
};

/* What starts at text[0] (bytes >= 1); *out_length is the number of bytes it covers, 1..4. */
static inline enum lap_utf8_kind lap_utf8_next(const char *text, size_t bytes, size_t *out_length) {
  const uint8_t *p = (const uint8_t *)text;
  *out_length = 1;
  if (p[0] < 0x80) {
    return LAP_UTF8_VALID;
  }
  size_t length = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
  if (length == 0) {
    return LAP_UTF8_INVALID;
  }
  /* The second byte also excludes overlong forms, surrogates and code points above U+10FFFF. */
  uint8_t low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
  uint8_t high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
  for (size_t i = 1; i < length; ++i) {
    if (i == bytes) {
      return LAP_UTF8_INCOMPLETE;
    }
    if (p[i] < low || p[i] > high) {
      return LAP_UTF8_INVALID;
    }
    *out_length = i + 1;
    low = 0x80;
    high = 0xBF;
  }
  return LAP_UTF8_VALID;
}

/* Size of the text after replacing ill-formed parts by U+FFFD (3 bytes each); equals bytes when the text is valid
 * or every ill-formed part is 3 bytes long, so *out_valid says which. At most 3 * bytes. */
static inline uint64_t lap_utf8_replaced_bytes(const char *text, size_t bytes, int *out_valid) {
  uint64_t total = 0;
  *out_valid = 1;
  for (size_t i = 0, length; i < bytes; i += length) {
    if (lap_utf8_next(text + i, bytes - i, &length) == LAP_UTF8_VALID) {
      total += length;
    } else {
      total += 3;
      *out_valid = 0;
    }
  }
  return total;
}

/* Writes the replaced text to out (lap_utf8_replaced_bytes long). */
static inline void lap_utf8_replace(const char *text, size_t bytes, char *out) {
  for (size_t i = 0, length; i < bytes; i += length) {
    int valid = lap_utf8_next(text + i, bytes - i, &length) == LAP_UTF8_VALID;
    const char *source = valid ? text + i : "\xEF\xBF\xBD";
    size_t count = valid ? length : 3;
    for (size_t k = 0; k < count; ++k) {
      *out++ = source[k];
    }
  }
}

#endif
