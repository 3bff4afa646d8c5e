//===- ChatFormat.h - turns to prompt text -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint's chat template is a program; at compile time Lapidary finds out what it puts around each turn
// (frontends/tokenizer/ChatTemplate.h) and stores the strings in the block described here (lap_program.chat_format).
// The runtime joins strings; it has no template language.
//
// A prompt is:  bos
//               [system_prefix SYSTEM system_suffix, with thinking its own prefix; or thinking_prelude when thinking
//                without a system text]
//               user_prefix USER user_suffix  model_prefix MODEL model_suffix  user_prefix USER user_suffix ..
//               generation (generation_thinking when thinking)
// The first user turn after a system text starts with user_after_system (templates that put the system text inside
// the user turn have it empty). Texts are trimmed as Python's str.strip() does when the template trims; thoughts
// (thought_open .. thought_close) are cut out of past model texts when the template does so.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_CHATFORMAT_H
#define LAPIDARY_RUNTIME_CHAT_CHATFORMAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAP_CHAT_MAGIC "LAPICHAT" /* 8 bytes, no NUL */

enum { LAP_CHAT_VERSION = 1, LAP_CHAT_ALIGN = 8 };

/* lap_chat_format.flags */
enum {
  LAP_CHAT_TRIM = 1,          /* texts lose white space at both ends */
  LAP_CHAT_THINKING = 2,      /* the template can switch thinking on */
  LAP_CHAT_SYSTEM = 4,        /* the template has a place for a system text */
  LAP_CHAT_STRIP_THOUGHTS = 8 /* past model texts lose their thoughts */
};

typedef enum lap_chat_string {
  LAP_CHAT_BOS,
  LAP_CHAT_SYSTEM_PREFIX,
  LAP_CHAT_SYSTEM_PREFIX_THINKING,
  LAP_CHAT_SYSTEM_SUFFIX,
  LAP_CHAT_THINKING_PRELUDE,
  LAP_CHAT_USER_PREFIX,
  LAP_CHAT_USER_AFTER_SYSTEM,
  LAP_CHAT_USER_SUFFIX,
  LAP_CHAT_MODEL_PREFIX,
  LAP_CHAT_MODEL_SUFFIX,
  LAP_CHAT_GENERATION,
  LAP_CHAT_GENERATION_THINKING,
  LAP_CHAT_THOUGHT_OPEN, /* what a thought in the model's output starts with, e.g. <|channel>; empty: none */
  LAP_CHAT_THOUGHT_CLOSE,
  LAP_CHAT_STRINGS
} lap_chat_string;

/* The header of the block; string s is bytes [offset[s], offset[s + 1]) of the block, UTF-8. */
typedef struct lap_chat_format {
  char magic[8];
  uint32_t version;
  uint32_t flags;
  uint32_t total_bytes;
  uint32_t offset[LAP_CHAT_STRINGS + 1];
} lap_chat_format;

typedef enum lap_chat_role { LAP_CHAT_ROLE_SYSTEM, LAP_CHAT_ROLE_USER, LAP_CHAT_ROLE_MODEL } lap_chat_role;

typedef struct lap_chat_turn {
  lap_chat_role role;
  const char *text; /* UTF-8, not NUL-terminated */
  size_t bytes;
} lap_chat_turn;

/* lap_chat_prompt options, or-ed */
enum {
  LAP_CHAT_ADD_GENERATION = 1, /* end with the generation prompt: the model speaks next */
  LAP_CHAT_THINK = 2,          /* with thinking; ignored when the format has none */
  LAP_CHAT_CONTINUE = 4        /* the turns follow a model text that was already read by the model: no bos and no
                                  system part, starts with model_suffix */
};

typedef enum lap_chat_status {
  LAP_CHAT_OK = 0,
  LAP_CHAT_NO_SYSTEM = 1, /* a system turn, and the format has no place for one */
  LAP_CHAT_BAD_ORDER = 2  /* system only first and followed by a user turn, then user and model in turn */
} lap_chat_status;

/* The format in `block` (bytes long, 8-byte aligned), or NULL when it is not one. */
const lap_chat_format *lap_chat_format_open(const void *block, uint64_t bytes);

/* A string of the format, its length in *out_bytes. */
const char *lap_chat_format_string(const lap_chat_format *format, lap_chat_string which, uint32_t *out_bytes);

/* Writes the prompt for turns[count] to out[capacity] as far as it fits; *out_bytes is its whole size, so a call with
 * capacity 0 measures. */
lap_chat_status lap_chat_prompt(const lap_chat_format *format, const lap_chat_turn *turns, size_t count,
                                uint32_t options, char *out, uint64_t capacity, uint64_t *out_bytes);

/* The part [*out_begin, *out_end) of a UTF-8 text that Python's str.strip() keeps. */
void lap_chat_trim(const char *text, size_t bytes, size_t *out_begin, size_t *out_end);

#ifdef __cplusplus
}
#endif
#endif
