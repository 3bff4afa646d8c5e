//===- Conversation.cpp - messages and the session that holds them --------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Conversation.h. Messages and prompts; answers are in Answering.cpp.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Conversation.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Session.h"
#include "runtime/src/chat/Print.h"
#include "runtime/src/tokenizer/Encoder.h"

#include <stdlib.h>

namespace lap {

namespace {

constexpr size_t MaxText = 64u << 20;

} // namespace

Conversation::Conversation(lap_session *session)
    : session(session), model(session->model), messages(MaxText), tools(MaxText), variables(MaxText), shown(MaxText),
      text(MaxText), thought(MaxText), calls(MaxText) {}

Conversation::~Conversation() {
  lap_chat_parser_free(parser);
  free(prompt);
}

lap_status Conversation::open(const lap_chat_options *options, lap_error *error) {
  if (!model->chat) {
    return lap::fail(error, LAP_UNAVAILABLE, "this program was compiled without a chat format");
  }
  lap_status status = lap_chat_parser_create(model, &parser, error);
  prompt = static_cast<int32_t *>(malloc(size_t(session->context) * sizeof(int32_t)));
  if (status == LAP_OK && !prompt) {
    status = failMemory(uint64_t(session->context) * sizeof(int32_t), "the tokens of a conversation", error);
  }
  return status == LAP_OK ? setOptions(options, error) : status;
}

lap_status Conversation::setOptions(const lap_chat_options *options, lap_error *error) {
  tools.clear(), variables.clear();
  flags = 0;
  if (options && options->struct_size >= sizeof(*options)) {
    flags = options->flags;
    tools.put({options->tools, options->tools ? options->tools_bytes : 0});
    variables.put({options->variables, options->variables ? options->variables_bytes : 0});
  }
  return tools.failed() || variables.failed() ? failMemory(options->tools_bytes, "the tools", error) : LAP_OK;
}

/// Begins a message; the latest addition can be taken back.
void Conversation::start(const char *role) {
  lastStart = messages.size();
  lastCount = messageCount;
  messages.put(messageCount++ ? ",{\"role\":" : "{\"role\":");
  printJsonString(textOf(role), messages);
  messages.put(",\"content\":");
}

lap_status Conversation::checkMessages(lap_error *error) {
  return messages.failed() ? failMemory(2 * messages.size(), "the messages", error) : LAP_OK;
}

lap_status Conversation::add(const char *role, Text content, lap_error *error) {
  start(role);
  printJsonString(content, messages);
  messages.put('}');
  return checkMessages(error);
}

lap_status Conversation::addJson(Text json, lap_error *error) {
  json = strip(json, nullptr, true, true);
  bool list = startsWith(json, {"[", 1}) && endsWith(json, {"]", 1}) && json.bytes > 1;
  if (!list && !(startsWith(json, {"{", 1}) && endsWith(json, {"}", 1}))) {
    return lap::fail(error, LAP_INVALID_ARGUMENT,
                     "not a message in JSON; expected {\"role\": .., \"content\": ..} or [..]");
  }
  json = list ? strip(json.part(1, json.bytes - 1), nullptr, true, true) : json;
  if (json.bytes == 0) {
    return LAP_OK;
  }
  lastStart = messages.size();
  lastCount = messageCount;
  messages.put(messageCount++ ? "," : "");
  messages.put(json);
  return checkMessages(error);
}

void Conversation::drop() {
  messages.truncate(lastStart);
  messageCount = lastCount;
}

void Conversation::clear() {
  messages.clear();
  messageCount = lastCount = lastStart = 0;
}

Text Conversation::allMessages() {
  shown.clear();
  shown.put('[');
  shown.put(messages.text());
  shown.put(']');
  const char *json = shown.terminated();
  return json ? shown.text() : Text();
}

/// Renders, tokenizes and lays the ids into `prompt`.
lap_status Conversation::writePrompt(lap_error *error) {
  lap_chat_options options{sizeof(lap_chat_options), flags,           0, tools.data(), tools.size(),
                           variables.data(),         variables.size()};
  Text json = allMessages();
  char *rendered = nullptr;
  size_t bytes = 0, count = 0;
  lap_status status = lap_model_render_chat(model, json.data, json.bytes, &options, &rendered, &bytes, error);
  if (status != LAP_OK) {
    return status;
  }
  size_t capacity = lap_encode_max_ids(bytes);
  int32_t *ids = static_cast<int32_t *>(malloc(capacity * sizeof(int32_t)));
  status = ids ? lap_model_tokenize(model, rendered, bytes, 0, ids, capacity, &count, error) // it writes its own <bos>
               : failMemory(capacity * sizeof(int32_t), "the prompt's tokens", error);
  lap_text_free(rendered);
  status = status == LAP_OK ? reuse(ids, count, error) : status;
  free(ids);
  return status;
}

/// Goes back to where the prompt's ids leave those the session has read. At least one is read, so that there are
/// logits.
lap_status Conversation::reuse(const int32_t *ids, size_t count, lap_error *error) {
  if (count == 0 || count > session->context) {
    return count == 0
               ? lap::fail(error, LAP_INVALID_ARGUMENT, "the prompt is empty")
               : lap::fail(error, LAP_CONTEXT_FULL,
                           "the conversation has %zu tokens, but the context only %u; start a new one or compile "
                           "with a larger --context",
                           count, session->context);
  }
  uint32_t common = lap_session_reusable(session, ids, count);
  lap_status status = common < lap_session_position(session) ? lap_session_rewind(session, common, error) : LAP_OK;
  if (status != LAP_OK) {
    return status;
  }
  memcpy(prompt, ids, count * sizeof(int32_t));
  promptCount = count;
  counts.prompt_tokens = static_cast<uint32_t>(count);
  counts.read_tokens = static_cast<uint32_t>(count - common);
  return LAP_OK;
}

} // namespace lap
