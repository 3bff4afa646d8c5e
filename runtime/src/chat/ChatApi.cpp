//===- ChatApi.cpp - the chat part of the C API --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checks arguments and hands over to Render.h and OutputParser.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/Model.h"
#include "runtime/src/chat/OutputParser.h"
#include "runtime/src/chat/Render.h"

#include <new>
#include <time.h>

using lap::fail;

struct lap_chat_parser {
  lap::OutputParser parser;
};

const lap::OutputParser &lap::outputParserOf(const lap_chat_parser *parser) { return parser->parser; }

static bool endsTurn(const void *model, int32_t id) {
  return lap_model_is_eos(static_cast<const lap_model *>(model), id);
}

lap_status lap_model_render_chat(const lap_model *model, const char *messages, size_t messages_bytes,
                                 const lap_chat_options *options, char **out_text, size_t *out_bytes,
                                 lap_error *error) {
  if (!model || (!messages && messages_bytes) || !out_text || !out_bytes) {
    return fail(error, LAP_INVALID_ARGUMENT, "model, messages, out_text or out_bytes is NULL");
  }
  if (!model->chat) {
    return fail(error, LAP_UNAVAILABLE, "this program was compiled without a chat format; give it plain text");
  }
  lap::RenderInput input;
  input.messages = {messages, messages_bytes};
  input.now = time(nullptr);
  if (options && options->struct_size >= sizeof(lap_chat_options)) {
    input.flags = options->flags;
    input.tools = {options->tools, options->tools ? options->tools_bytes : 0};
    input.variables = {options->variables, options->variables ? options->variables_bytes : 0};
  }
  lap::Buffer out(lap::MaxPromptBytes);
  lap_status status = lap::renderChat(*model->chat, input, out, error);
  if (status != LAP_OK) {
    return status;
  }
  size_t bytes = out.size();
  char *text = out.release();
  if (!text) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for a prompt of %zu bytes", bytes);
  }
  *out_text = text;
  *out_bytes = bytes;
  return LAP_OK;
}

void lap_text_free(char *text) { free(text); }

lap_status lap_chat_parser_create(const lap_model *model, lap_chat_parser **out_parser, lap_error *error) {
  if (!model || !out_parser) {
    return fail(error, LAP_INVALID_ARGUMENT, "model or out_parser is NULL");
  }
  if (!model->tokenizer) {
    return fail(error, LAP_UNAVAILABLE, "this program was compiled without a tokenizer: it has ids, no text");
  }
  size_t bytes = sizeof(lap_chat_parser) + lap_stream_decoder_max_bytes(model->tokenizer);
  void *memory = malloc(bytes);
  if (!memory) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for a parser: %zu bytes needed", bytes);
  }
  char *scratch = static_cast<char *>(memory) + sizeof(lap_chat_parser);
  *out_parser = new (memory) lap_chat_parser{lap::OutputParser(model->tokenizer, endsTurn, model, scratch)};
  return LAP_OK;
}

void lap_chat_parser_free(lap_chat_parser *parser) {
  if (parser) {
    parser->~lap_chat_parser();
    free(parser);
  }
}

static lap_status statusOf(bool good, lap_error *error) {
  return good ? LAP_OK : fail(error, LAP_OUT_OF_MEMORY, "not enough memory for what the model wrote");
}

lap_status lap_chat_parser_push(lap_chat_parser *parser, int32_t id, lap_error *error) {
  return statusOf(parser->parser.push(id), error);
}

lap_status lap_chat_parser_finish(lap_chat_parser *parser, lap_error *error) {
  return statusOf(parser->parser.finish(), error);
}

int lap_chat_parser_next(lap_chat_parser *parser, lap_chat_event *out_event) { return parser->parser.next(out_event); }

void lap_chat_parser_reset(lap_chat_parser *parser) { parser->parser.reset(); }
