/* lapidary.h - the C API of a compiled model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For people who link a model into their own program (`lapidary compile --emit=library`); the emitted program's
 * command line uses nothing else. A model is the mapped weights plus the compiled code, a session is one token
 * sequence: KV caches, scratch memory, threads and the logits of its latest tokens.
 *
 *   lap_model *model; lap_session *session; lap_error error;
 *   if (lap_model_open(&model_options, &model, &error)) { fputs(error.message, stderr); ... }
 *   lap_session_create(model, &session_options, &session, &error);
 *   lap_session_prefill(session, ids, count, &error);
 *   for (;;) {
 *     lap_session_sample(session, &sampling, &id, &error);
 *     if (lap_model_is_eos(model, id)) break;
 *     lap_session_decode(session, id, &error);
 *   }
 *
 * Ownership   *_open and *_create hand an object to the caller, *_close and *_free take it back (NULL is fine). Close a
 *             model after its sessions. Pointers returned by getters belong to the object they came from.
 * Memory      everything is reserved by *_open and *_create. No session function allocates; lap_model_tokenize and
 *             lap_model_render_chat take scratch memory for the time of the call; chats and parsers grow with what is
 *             said.
 * Threads     a model may be used from any thread. A session is used by one thread at a time; different sessions
 *             may run at once. A session's results do not depend on its number of threads or its chunk.
 * Errors      every fallible function returns a lap_status and, if `error` is not NULL, writes the status and one
 *             line of text a user can act on. On failure the outputs and the session are left as they were.
 * Versions    option structs start with struct_size: set it to sizeof the struct, zero the rest, then fill in.
 */
#ifndef LAPIDARY_LAPIDARY_H
#define LAPIDARY_LAPIDARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lap_status {
  LAP_OK = 0,
  LAP_INVALID_ARGUMENT = 1, /* the caller's mistake: NULL, an id out of range, an unknown option value */
  LAP_CONTEXT_FULL = 2,     /* the tokens do not fit behind the session's position */
  LAP_BAD_FILE = 3,         /* truncated, damaged, or not made for this program */
  LAP_UNSUPPORTED_CPU = 4,  /* the CPU lacks instructions the program was compiled for */
  LAP_OUT_OF_MEMORY = 5,    /* the message names needed and available bytes */
  LAP_IO_ERROR = 6,         /* the operating system refused to open, read or map a file, or to start a thread */
  LAP_UNAVAILABLE = 7,      /* the program was compiled without this part (tokenizer, chat format) */
  LAP_BUFFER_TOO_SMALL = 8, /* out_count holds the needed size */
  LAP_NUMERIC_ERROR = 9,    /* no logit is a number: damaged weights, or a bug */
  LAP_NO_DEVICE = 10,       /* a GPU program found no GPU that it runs on, or no driver, or an old one */
  LAP_DEVICE_FAILED = 11    /* the GPU or its driver failed: the model's sessions are of no more use */
} lap_status;

/* A short English text for a status; never NULL. */
const char *lap_status_message(lap_status status);

typedef struct lap_error {
  lap_status status;
  char message[500]; /* one line, no newline, NUL-terminated, lower case */
} lap_error;

typedef struct lap_model lap_model;
typedef struct lap_session lap_session;

/* ---- Model */
typedef struct lap_model_options {
  size_t struct_size;
  const char *weights_path; /* file that ends with the weights; NULL: the running executable */
} lap_model_options;

/* Checks the CPU, opens and maps the weights (read-only, shared between processes). options may be NULL.
 * Errors: LAP_UNSUPPORTED_CPU, LAP_IO_ERROR, LAP_BAD_FILE, LAP_OUT_OF_MEMORY (address space limit). */
lap_status lap_model_open(const lap_model_options *options, lap_model **out_model, lap_error *error);
void lap_model_close(lap_model *model);

typedef struct lap_model_info {
  size_t struct_size;
  const char *name;                        /* UTF-8 */
  const char *target;                      /* what it was compiled for, e.g. x86_64-linux+znver4 */
  uint32_t vocab;                          /* ids are 0..vocab-1; a row of logits has this many floats */
  uint32_t context;                        /* most tokens in one sequence */
  uint32_t chunk;                          /* most tokens the program takes per call */
  uint32_t has_tokenizer, has_chat_format; /* 0 or 1; 0 too when only the official chat format was assumed */
  uint64_t weight_bytes;                   /* mapped */
  uint64_t weight_bytes_per_token;         /* read by one decode step */
  uint64_t session_bytes;                  /* memory of one session without score rows and checkpoints */
} lap_model_info;

/* Fills in the first info->struct_size bytes. Errors: LAP_INVALID_ARGUMENT. */
lap_status lap_model_get_info(const lap_model *model, lap_model_info *info, lap_error *error);

/* 1 if `id` ends a sequence according to the model's generation config, else 0. */
int lap_model_is_eos(const lap_model *model, int32_t id);

/* ---- Text. text is UTF-8, `bytes` long, and may hold special tokens verbatim. */
enum { LAP_TOKENIZE_BOS = 1 /* start with the beginning-of-sequence token, as the model was trained */ };

/* Writes at most `capacity` ids; *out_count is the number needed even if it is larger.
 * Errors: LAP_UNAVAILABLE, LAP_BUFFER_TOO_SMALL, LAP_INVALID_ARGUMENT, LAP_OUT_OF_MEMORY. Thread-safe. */
lap_status lap_model_tokenize(const lap_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *ids,
                              size_t capacity, size_t *out_count, lap_error *error);

/* Ids back to text, one by one: what was written so far is always whole, valid UTF-8, so a character whose bytes are
 * spread over several tokens appears with the last of them. Special tokens are left out. */
typedef struct lap_text_stream lap_text_stream;
/* Errors: LAP_UNAVAILABLE, LAP_INVALID_ARGUMENT, LAP_OUT_OF_MEMORY. */
lap_status lap_text_stream_create(const lap_model *model, lap_text_stream **out_stream, lap_error *error);
void lap_text_stream_free(lap_text_stream *stream);
/* The text that became certain: *out_bytes bytes, not NUL-terminated, valid until the next call on the stream. */
const char *lap_text_stream_push(lap_text_stream *stream, int32_t id, size_t *out_bytes);
/* The ids have ended: the rest of the text. The stream is ready for new ids. */
const char *lap_text_stream_finish(lap_text_stream *stream, size_t *out_bytes);

/* ---- Chat: conversations to prompts, by the checkpoint's own chat template; and answers to text, thoughts and calls.
 *
 * A conversation is the JSON people know from the OpenAI API: an array of {"role": .., "content": ..}, roles "system",
 * "user", "assistant" and "tool"; content is a string, null or an array of parts; an assistant's "tool_calls" and a
 * tool's "tool_call_id" as there. A prompt holds its control tokens (<bos>, <|turn> ..) verbatim: tokenize it with
 * flags 0. The prompt is what `apply_chat_template` of Hugging Face transformers gives for the same messages. */
enum {
  LAP_CHAT_NO_GENERATION_PROMPT = 1, /* end after the last message instead of where the model is to speak */
  LAP_CHAT_THINK = 2,                /* enable_thinking = true */
  LAP_CHAT_NO_THINK = 4,             /* enable_thinking = false; neither: the template's default */
  LAP_CHAT_VERBATIM = 8              /* read the messages as transformers does; else arguments of tool calls that are a
                                        JSON text of an object become that object, and parts of type "image_url" and
                                        "input_audio" become "image" and "audio", as the templates expect */
};

typedef struct lap_chat_options {
  size_t struct_size;
  uint32_t flags;    /* LAP_CHAT_*, or-ed */
  uint32_t reserved; /* 0 */
  const char *tools; /* JSON array of tools, [{"type": "function", "function": {"name": .., ..}}]; NULL: none */
  size_t tools_bytes;
  const char *variables; /* JSON object of further variables of the template; NULL: none */
  size_t variables_bytes;
} lap_chat_options;

/* Writes the prompt for a JSON array of messages to memory of its own, *out_bytes long and NUL-terminated, that the
 * caller gives back with lap_text_free. options may be NULL. Thread-safe; time, memory and depth are bounded.
 * Errors: LAP_UNAVAILABLE, LAP_INVALID_ARGUMENT (not JSON, with the byte; or the template refuses the conversation,
 * with its words), LAP_OUT_OF_MEMORY. */
lap_status lap_model_render_chat(const lap_model *model, const char *messages, size_t messages_bytes,
                                 const lap_chat_options *options, char **out_text, size_t *out_bytes, lap_error *error);
void lap_text_free(char *text);

/* What the model writes, taken apart: ids in, events out. No control token ever appears in a text, whatever the ids;
 * every text is whole, valid UTF-8. Works without a chat format too: everything is text then. */
typedef enum lap_chat_event_kind {
  LAP_CHAT_TEXT = 0,     /* a piece of the answer */
  LAP_CHAT_THOUGHT = 1,  /* a piece of a thought, to be shown apart or not at all */
  LAP_CHAT_CALL = 2,     /* a whole tool call */
  LAP_CHAT_BAD_CALL = 3, /* a tool call that cannot be read, or that was cut off: text is what was written */
  LAP_CHAT_END = 4,      /* the model has ended its turn; further ids give nothing until lap_chat_parser_reset */
  LAP_CHAT_PROMPT = 5    /* from lap_chat_next only: a part of the prompt has been read */
} lap_chat_event_kind;

typedef struct lap_chat_event {
  lap_chat_event_kind kind;
  const char *text; /* TEXT, THOUGHT, BAD_CALL: the text; CALL: the tool's name. NUL-terminated */
  size_t bytes;
  const char *arguments; /* CALL: a JSON object, NUL-terminated; else "" */
  size_t arguments_bytes;
} lap_chat_event;

typedef struct lap_chat_parser lap_chat_parser;
/* Errors: LAP_UNAVAILABLE (no tokenizer), LAP_INVALID_ARGUMENT, LAP_OUT_OF_MEMORY. */
lap_status lap_chat_parser_create(const lap_model *model, lap_chat_parser **out_parser, lap_error *error);
void lap_chat_parser_free(lap_chat_parser *parser);
/* Adds an id (end-of-sequence ids too), or the end of the ids: then what was held back comes out. Call
 * lap_chat_parser_next until it returns 0 after each. Errors: LAP_OUT_OF_MEMORY (a call longer than 1 MiB included). */
lap_status lap_chat_parser_push(lap_chat_parser *parser, int32_t id, lap_error *error);
lap_status lap_chat_parser_finish(lap_chat_parser *parser, lap_error *error);
/* 1 and the next event, or 0. Its texts are valid until the next call of push, finish or reset. */
int lap_chat_parser_next(lap_chat_parser *parser, lap_chat_event *out_event);
/* Ready for the next answer. */
void lap_chat_parser_reset(lap_chat_parser *parser);

/* ---- Session */
typedef struct lap_session_options {
  size_t struct_size;
  uint32_t threads;     /* 0: one per CPU this process may use, at most 64 */
  uint32_t context;     /* tokens, 0: the compiled context; never larger than it */
  uint32_t chunk;       /* most tokens per call of the program, 0: the compiled chunk */
  uint32_t score_rows;  /* rows of logits lap_session_score may return; 0: none, one row is kept for sampling */
  uint32_t checkpoints; /* earlier positions that the session can return to, see lap_session_checkpoint; 0: none */
  uint32_t drafts; /* tokens that lap_session_decode may guess and read with the one it is given, at most 15; 0: none.
                      They come from the sequence itself: answers that repeat parts of it are made in less time.
                      On a CPU all results keep their bits; each guess takes a row of logits in memory */
  lap_session *share; /* NULL, or a session whose threads and scratch memory this one uses too (threads is ignored).
                         Sessions that share form a group: one thread at a time uses the group. Free `share` last. */
} lap_session_options;

/* Reserves all memory and starts threads - 1 threads (a GPU program needs none, whatever is asked for). The first
 * session of a GPU program's model opens the GPU and uploads the weights. options may be NULL.
 * Errors: LAP_INVALID_ARGUMENT, LAP_OUT_OF_MEMORY, LAP_IO_ERROR; LAP_NO_DEVICE, LAP_DEVICE_FAILED. */
lap_status lap_session_create(lap_model *model, const lap_session_options *options, lap_session **out_session,
                              lap_error *error);
void lap_session_free(lap_session *session);

/* Tokens in the sequence so far, and how many it can hold. */
uint32_t lap_session_position(const lap_session *session);
uint32_t lap_session_context(const lap_session *session);
uint32_t lap_session_threads(const lap_session *session);

/* Appends `count` tokens and computes no logits: all of a long prompt but its end. count may be 0.
 * Errors: LAP_INVALID_ARGUMENT (an id is not 0..vocab-1), LAP_CONTEXT_FULL; of this and of all functions below that
 * compute or copy, LAP_DEVICE_FAILED. */
lap_status lap_session_extend(lap_session *session, const int32_t *ids, size_t count, lap_error *error);

/* Appends `count` >= 1 tokens in chunks; afterwards lap_session_logits holds the row of the last one. */
lap_status lap_session_prefill(lap_session *session, const int32_t *ids, size_t count, lap_error *error);

/* Appends one token: lap_session_prefill with count 1. */
lap_status lap_session_decode(lap_session *session, int32_t id, lap_error *error);

/* Appends 1..score_rows tokens and keeps the logits of every one of them. */
lap_status lap_session_score(lap_session *session, const int32_t *ids, size_t count, lap_error *error);

/* Appends one token to each of `count` sessions of one group (see lap_session_options.share), in as few passes over the
 * weights as possible. Every session's results are the bits that lap_session_decode would give. `count` is at most the
 * score_rows of the session that lends (or 1). All rows of logits of the group from earlier calls become invalid.
 * Errors: LAP_INVALID_ARGUMENT (another group, a session twice, an id), LAP_CONTEXT_FULL; no session has changed then.
 */
lap_status lap_session_decode_many(lap_session *const *sessions, const int32_t *ids, size_t count, lap_error *error);

/* Row `row` of the latest prefill, decode, decode_many (row 0 only) or score: vocab floats, valid until the session's
 * next call and the group's next decode_many. NULL if there is no such row. A GPU program copies the row when it is
 * first asked for, NULL too if that fails; sampling does not need it. */
const float *lap_session_logits(const lap_session *session, size_t row);

/* The ids of the sequence, lap_session_position of them; valid until the next call. */
const int32_t *lap_session_ids(const lap_session *session);

/* Shortens the sequence to its first `position` tokens; the next call must come before sampling again. Sliding-window
 * caches forget: positions up to the compiled chunk behind the longest the sequence has been (guesses included, see
 * lap_session_options.drafts) can be reached, those at or just behind a checkpoint, and 0. Errors:
 * LAP_INVALID_ARGUMENT. */
lap_status lap_session_rewind(lap_session *session, uint32_t position, lap_error *error);

/* Keeps what the session needs to return to its position, or up to 16 tokens before it, whatever is appended later.
 * When lap_session_options.checkpoints are in use, the one least recently used is given up. Reading other tokens in
 * place of those that a checkpoint was made behind ends it. Costs a copy of the sliding-window caches; nothing for a
 * model without. Errors: LAP_INVALID_ARGUMENT (created without checkpoints). */
lap_status lap_session_checkpoint(lap_session *session, lap_error *error);

/* Tokens of ids[count] that the session need not read again: how far the sequence and ids agree, as far as it can be
 * returned to, and at most count - 1. */
uint32_t lap_session_reusable(const lap_session *session, const int32_t *ids, size_t count);

/* Makes `to` a copy of the first `position` tokens of `from` (sequence and caches, not logits or checkpoints), which
 * stays as it is; both are of one model. position is one that `from` could be rewound to.
 * Errors: LAP_INVALID_ARGUMENT, LAP_CONTEXT_FULL (`to` holds fewer tokens). */
lap_status lap_session_copy(lap_session *to, const lap_session *from, uint32_t position, lap_error *error);

/* Writes sequence, caches and the state of the random numbers to a file, which appears whole or not at all.
 * Errors: LAP_IO_ERROR, LAP_INVALID_ARGUMENT. */
lap_status lap_session_save(const lap_session *session, const char *path, lap_error *error);

/* Continues from a file that lap_session_save wrote: the same program, or one of the same weights, cache format and
 * compiled context and chunk. Errors: LAP_IO_ERROR, LAP_BAD_FILE (damaged, or of another model: what was found and
 * expected), LAP_CONTEXT_FULL. The session is unchanged then, or empty if the file changed while it was read. */
lap_status lap_session_load(lap_session *session, const char *path, lap_error *error);

/* ---- Sampling, in the order of Hugging Face transformers: suppressed ids, temperature, top_k, top_p. */
typedef struct lap_sampling {
  size_t struct_size;
  float temperature; /* 0: greedy (the lowest id wins ties) */
  float top_p;       /* (0, 1]; 1: off */
  uint32_t top_k;    /* 0: off; ties with the last kept token are kept, as transformers does */
} lap_sampling;

/* The model's own defaults, from its generation_config.json. Errors: LAP_INVALID_ARGUMENT. */
lap_status lap_model_get_sampling(const lap_model *model, lap_sampling *out_sampling, lap_error *error);

/* Restarts the session's random numbers; the same seed and tokens give the same text. Starts as seed 0. */
void lap_session_seed(lap_session *session, uint64_t seed);

/* Draws the next token from the last row of logits; sampling may be NULL (model defaults). Does not append it.
 * Errors: LAP_INVALID_ARGUMENT (no logits yet, or a value out of range), LAP_NUMERIC_ERROR. */
lap_status lap_session_sample(lap_session *session, const lap_sampling *sampling, int32_t *out_id, lap_error *error);

/* ---- Constraints: text that follows a JSON schema or a grammar by construction (docs/structured-output.md).
 *
 *   lap_constraint_create_json_schema(model, schema, strlen(schema), LAP_NOTATION_JSON, &constraint, &error);
 *   for (left = 200; left != 0; --left) {
 *     lap_session_sample_constrained(session, &sampling, constraint, left, &id, &error);
 *     if (lap_model_is_eos(model, id)) break;
 *     lap_constraint_accept(constraint, id, &error);
 *     if (lap_constraint_is_finished(constraint)) break;
 *     lap_session_decode(session, id, &error);
 *   }
 *
 * A constraint is the state of one text: it knows which tokens may come next. The compiled grammar and the masks found
 * so far are shared by its clones; clones may be used from different threads, each by one thread at a time. Free
 * constraints before their model. They allocate memory as they go. End-of-sequence ids are allowed when the text is
 * whole, and are never accepted. */
typedef struct lap_constraint lap_constraint;

/* How the values of a schema are written. */
typedef enum lap_notation {
  LAP_NOTATION_JSON = 0,
  LAP_NOTATION_TOOL_CALL =
      1 /* Gemma 4: {key:value}, bare keys in order, strings between the <|"|> tokens, no escapes */
} lap_notation;

/* Compiles a JSON schema (UTF-8). Errors: LAP_INVALID_ARGUMENT (no JSON: line and column; a keyword that is not
 * supported or contradictory: its JSON pointer), LAP_UNAVAILABLE (no tokenizer, or one without byte tokens),
 * LAP_OUT_OF_MEMORY. */
lap_status lap_constraint_create_json_schema(const lap_model *model, const char *schema, size_t bytes,
                                             lap_notation notation, lap_constraint **out_constraint, lap_error *error);

/* Compiles a grammar in llama.cpp's GBNF (UTF-8); the text is what its rule `root` describes. Errors: as above. */
lap_status lap_constraint_create_grammar(const lap_model *model, const char *grammar, size_t bytes,
                                         lap_constraint **out_constraint, lap_error *error);

/* One call of one of `tools` (an OpenAI-style JSON array of functions), as it follows the <|tool_call> token:
 * call:NAME{...}, the closing <tool_call|> token included. Errors: as above. */
lap_status lap_constraint_create_tool_call(const lap_model *model, const char *tools, size_t bytes,
                                           lap_constraint **out_constraint, lap_error *error);

/* A second text in the same state. Errors: LAP_OUT_OF_MEMORY. */
lap_status lap_constraint_clone(const lap_constraint *constraint, lap_constraint **out_constraint, lap_error *error);
void lap_constraint_free(lap_constraint *constraint);

/* Back to the empty text. */
void lap_constraint_reset(lap_constraint *constraint);
/* Appends a token. Errors: LAP_INVALID_ARGUMENT (the token cannot come here; the state is unchanged),
 * LAP_OUT_OF_MEMORY. */
lap_status lap_constraint_accept(lap_constraint *constraint, int32_t id, lap_error *error);
/* Takes back the last `tokens` accepted tokens, at most LAP_CONSTRAINT_HISTORY. Errors: LAP_INVALID_ARGUMENT. */
enum { LAP_CONSTRAINT_HISTORY = 64 };
lap_status lap_constraint_rewind(lap_constraint *constraint, uint32_t tokens, lap_error *error);

/* 1 if the text so far is whole: it may end here. */
int lap_constraint_is_complete(const lap_constraint *constraint);
/* 1 if it is whole and nothing can follow. */
int lap_constraint_is_finished(const lap_constraint *constraint);
/* Tokens of a short way to a whole text, 0 if it is whole: literal text in the fewest tokens, else one per character.
 */
uint32_t lap_constraint_tokens_to_finish(lap_constraint *constraint);

/* The tokens that may come next: bit id % 64 of word id / 64, (vocab + 63) / 64 words that belong to the constraint and
 * are valid until its next call. With `tokens_left` (this one included; UINT32_MAX: no limit) only tokens after which
 * the text can still be finished within them are allowed; if it cannot be, the shortest way is. Errors:
 * LAP_INVALID_ARGUMENT (the grammar is too ambiguous here), LAP_OUT_OF_MEMORY. */
lap_status lap_constraint_mask(lap_constraint *constraint, uint32_t tokens_left, const uint64_t **out_words,
                               lap_error *error);

/* lap_session_sample among the tokens that lap_constraint_mask allows; the mask comes before temperature, top_k and
 * top_p. Neither accepts nor appends the token. constraint may be NULL. */
lap_status lap_session_sample_constrained(lap_session *session, const lap_sampling *sampling,
                                          lap_constraint *constraint, uint32_t tokens_left, int32_t *out_id,
                                          lap_error *error);

/* ---- Conversations: messages and a session that holds them. The caller adds messages and pulls what the model
 * answers; every prompt is the whole conversation as the template writes it, of which only what the session has not
 * read yet is read. Used by one thread at a time, and the session by nobody else until lap_chat_free.
 *
 *   lap_chat_create(session, NULL, &chat, &error);
 *   lap_chat_add(chat, "user", text, strlen(text), &error);
 *   lap_chat_answer(chat, NULL, &error);
 *   while (!lap_chat_next(chat, &event, &error) && event.kind != LAP_CHAT_END)
 *     if (event.kind == LAP_CHAT_TEXT) fputs(event.text, stdout);
 */
typedef struct lap_chat lap_chat;

/* options may be NULL; its texts are copied. Errors: LAP_UNAVAILABLE, LAP_INVALID_ARGUMENT, LAP_OUT_OF_MEMORY. */
lap_status lap_chat_create(lap_session *session, const lap_chat_options *options, lap_chat **out_chat,
                           lap_error *error);
void lap_chat_free(lap_chat *chat);
/* Other tools, flags and variables from the next answer on. */
lap_status lap_chat_set_options(lap_chat *chat, const lap_chat_options *options, lap_error *error);

/* Adds a message: a role and its text; or one JSON object, or an array of them, as described at lap_model_render_chat
 * (checked when the prompt is written). lap_chat_drop takes the latest call's back. Errors: LAP_OUT_OF_MEMORY,
 * LAP_INVALID_ARGUMENT. */
lap_status lap_chat_add(lap_chat *chat, const char *role, const char *content, size_t bytes, lap_error *error);
lap_status lap_chat_add_json(lap_chat *chat, const char *json, size_t bytes, lap_error *error);
void lap_chat_drop(lap_chat *chat);
/* Forgets all messages. */
void lap_chat_clear(lap_chat *chat);
/* All messages as a JSON array, answers included, valid until the chat is used again. */
const char *lap_chat_messages(lap_chat *chat, size_t *out_bytes);

typedef struct lap_answer_options {
  size_t struct_size;
  const lap_sampling *sampling; /* NULL: the model's defaults */
  const char *const *stops;     /* texts that end the answer and are no part of it, at most 8; valid until the end */
  uint32_t stop_count;
  uint32_t max_tokens;        /* 0: until the context is full */
  uint32_t thought_tokens;    /* most tokens of thought, then the model must answer; 0: no limit */
  lap_constraint *constraint; /* NULL, or what the text must follow; reset at the start, used until the end. Thoughts
                                 are free: with LAP_CHAT_THINK the model thinks first, and ends in time */
} lap_answer_options;

/* Writes the prompt and begins an answer; an answer in progress is ended first. options may be NULL. Errors: those of
 * lap_model_render_chat, LAP_CONTEXT_FULL. */
lap_status lap_chat_answer(lap_chat *chat, const lap_answer_options *options, lap_error *error);
/* Runs the model until the next event; its texts are valid until the next call. The text of LAP_CHAT_END is why:
 * "stop", "calls", "length", "context", "cancelled"; by then the answer is among the messages. After it, and without
 * lap_chat_answer, LAP_INVALID_ARGUMENT. Errors end the answer. */
lap_status lap_chat_next(lap_chat *chat, lap_chat_event *out_event, lap_error *error);
/* Ends the answer: lap_chat_next gives what is left and LAP_CHAT_END. */
void lap_chat_cancel(lap_chat *chat);

typedef struct lap_chat_usage {
  size_t struct_size;
  uint32_t prompt_tokens; /* of the latest prompt */
  uint32_t read_tokens;   /* of those, the ones the session had not read yet */
  uint32_t answer_tokens; /* thoughts and control tokens included */
  uint32_t thought_tokens;
} lap_chat_usage;
lap_status lap_chat_get_usage(const lap_chat *chat, lap_chat_usage *out_usage, lap_error *error);

#ifdef __cplusplus
}
#endif
#endif
