//===- ChatApi.cpp - the chat part of the C API --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checks arguments and hands over to Render.h and OutputParser.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Model.h"
#include "runtime/src/chat/Conversation.h"
#include "runtime/src/chat/Render.h"

#include <new>
#include <time.h>

using lap::fail;

struct lap_chat_parser {
  lap::OutputParser parser;
};

struct lap_chat {
  lap::Conversation conversation;
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
    return lap::failMemory(bytes, "the prompt", error);
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
    return lap::failMemory(bytes, "a parser", error);
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
  return good ? LAP_OK : lap::failMemory(1 << 20, "what the model wrote", error);
}

lap_status lap_chat_parser_push(lap_chat_parser *parser, int32_t id, lap_error *error) {
  return statusOf(parser->parser.push(id), error);
}

lap_status lap_chat_parser_finish(lap_chat_parser *parser, lap_error *error) {
  return statusOf(parser->parser.finish(), error);
}

int lap_chat_parser_next(lap_chat_parser *parser, lap_chat_event *out_event) { return parser->parser.next(out_event); }

void lap_chat_parser_reset(lap_chat_parser *parser) { parser->parser.reset(); }

lap_status lap_chat_create(lap_session *session, const lap_chat_options *options, lap_chat **out_chat,
                           lap_error *error) {
  if (!session || !out_chat) {
    return fail(error, LAP_INVALID_ARGUMENT, "session or out_chat is NULL");
  }
  void *memory = malloc(sizeof(lap_chat));
  if (!memory) {
    return lap::failMemory(sizeof(lap_chat), "a conversation", error);
  }
  lap_chat *chat = new (memory) lap_chat{lap::Conversation(session)};
  lap_status status = chat->conversation.open(options, error);
  if (status != LAP_OK) {
    lap_chat_free(chat);
    return status;
  }
  *out_chat = chat;
  return LAP_OK;
}

void lap_chat_free(lap_chat *chat) {
  if (chat) {
    chat->~lap_chat();
    free(chat);
  }
}

lap_status lap_chat_set_options(lap_chat *chat, const lap_chat_options *options, lap_error *error) {
  return chat->conversation.setOptions(options, error);
}

lap_status lap_chat_add(lap_chat *chat, const char *role, const char *content, size_t bytes, lap_error *error) {
  if (!role || (!content && bytes)) {
    return fail(error, LAP_INVALID_ARGUMENT, "role or content is NULL");
  }
  return chat->conversation.add(role, {content, bytes}, error);
}

lap_status lap_chat_add_json(lap_chat *chat, const char *json, size_t bytes, lap_error *error) {
  return chat->conversation.addJson({json, json ? bytes : 0}, error);
}

void lap_chat_drop(lap_chat *chat) { chat->conversation.drop(); }
void lap_chat_clear(lap_chat *chat) { chat->conversation.clear(); }

const char *lap_chat_messages(lap_chat *chat, size_t *out_bytes) {
  lap::Text json = chat->conversation.allMessages();
  *out_bytes = json.bytes;
  return json.data;
}

lap_status lap_chat_answer(lap_chat *chat, const lap_answer_options *options, lap_error *error) {
  return chat->conversation.answer(options, error);
}

lap_status lap_chat_next(lap_chat *chat, lap_chat_event *out_event, lap_error *error) {
  return chat->conversation.next(out_event, error);
}

void lap_chat_cancel(lap_chat *chat) { chat->conversation.cancel(); }

lap_status lap_chat_get_usage(const lap_chat *chat, lap_chat_usage *out_usage, lap_error *error) {
  if (!chat || !out_usage || out_usage->struct_size < sizeof(*out_usage)) {
    return fail(error, LAP_INVALID_ARGUMENT, "chat or usage is NULL, or usage->struct_size is not set");
  }
  *out_usage = chat->conversation.usage();
  out_usage->struct_size = sizeof(*out_usage);
  return LAP_OK;
}
