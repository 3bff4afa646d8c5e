//===- Conversation.cpp - messages and the session that holds them --------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Conversation.h. Messages first, then the prompt, then the answer.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Conversation.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Session.h"
#include "runtime/src/chat/Print.h"
#include "runtime/src/tokenizer/Encoder.h"

#include <stdio.h>
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
  free(held);
}

lap_status Conversation::open(const lap_chat_options *options, lap_error *error) {
  if (!model->chat) {
    return lap::fail(error, LAP_UNAVAILABLE, "this program was compiled without a chat format");
  }
  lap_status status = lap_chat_parser_create(model, &parser, error);
  held = static_cast<int32_t *>(malloc((size_t(session->context) + 1) * sizeof(int32_t)));
  if (status == LAP_OK && !held) {
    status = failMemory((uint64_t(session->context) + 1) * sizeof(int32_t), "the tokens of a conversation", error);
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

/// Renders, tokenizes and lays the ids into `held`.
lap_status Conversation::writePrompt(lap_error *error) {
  lap_chat_options options{sizeof(lap_chat_options), flags,           0, tools.data(), tools.size(),
                           variables.data(),         variables.size()};
  Text json = allMessages();
  char *prompt = nullptr;
  size_t bytes = 0, count = 0;
  lap_status status = lap_model_render_chat(model, json.data, json.bytes, &options, &prompt, &bytes, error);
  if (status != LAP_OK) {
    return status;
  }
  size_t capacity = lap_encode_max_ids(bytes);
  int32_t *ids = static_cast<int32_t *>(malloc(capacity * sizeof(int32_t)));
  status = ids ? lap_model_tokenize(model, prompt, bytes, 0, ids, capacity, &count, error) // it writes its own <bos>
               : failMemory(capacity * sizeof(int32_t), "the prompt's tokens", error);
  lap_text_free(prompt);
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
  uint32_t position = lap_session_position(session);
  size_t common = 0;
  while (common < position && common + 1 < count && held[common] == ids[common]) {
    ++common;
  }
  if (common < position && lap_session_rewind(session, static_cast<uint32_t>(common), error) != LAP_OK) {
    common = 0; // the sliding windows have forgotten: all of it is read again
    lap_session_rewind(session, 0, error);
  }
  memcpy(held + common, ids + common, (count - common) * sizeof(int32_t));
  promptCount = count;
  counts.prompt_tokens = static_cast<uint32_t>(count);
  counts.read_tokens = static_cast<uint32_t>(count - common);
  return LAP_OK;
}

lap_status Conversation::answer(const lap_answer_options *options, lap_error *error) {
  if (phase != Phase::Idle) {
    cancel();
    lap_chat_event ignored;
    while (phase != Phase::Idle && next(&ignored, error) == LAP_OK) {
    }
  }
  bool given = options && options->struct_size >= sizeof(*options);
  if (given && options->stop_count > MaxStops) {
    return lap::fail(error, LAP_INVALID_ARGUMENT, "%u stop texts, at most %u are allowed", options->stop_count,
                     MaxStops);
  }
  stop.reset();
  stop.set(given ? options->stops : nullptr, given ? options->stop_count : 0);
  maxTokens = given && options->max_tokens ? options->max_tokens : UINT32_MAX;
  thoughtLimit = given && options->thought_tokens ? options->thought_tokens : UINT32_MAX;
  modelSampling = !given || !options->sampling;
  if (!modelSampling) {
    sampling = *options->sampling;
  }
  counts = {};
  lap_status status = writePrompt(error);
  if (status != LAP_OK) {
    return status;
  }
  lap_chat_parser_reset(parser);
  text.clear(), thought.clear(), calls.clear();
  stopped = false;
  undecoded = -1;
  why = "stop";
  phase = Phase::Reading;
  return LAP_OK;
}

lap_status Conversation::fail(lap_status status) {
  phase = Phase::Idle;
  keep();
  return status;
}

lap_status Conversation::readChunk(lap_error *error) {
  size_t done = lap_session_position(session), left = promptCount - done;
  bool last = left <= session->chunk;
  lap_status status = last ? lap_session_prefill(session, held + done, left, error)
                           : lap_session_extend(session, held + done, session->chunk, error);
  phase = last ? Phase::Writing : Phase::Reading;
  return status;
}

/// Samples a token and hands it to the parser; the one before goes into the session first.
lap_status Conversation::writeToken(lap_error *error) {
  if (undecoded >= 0) {
    size_t position = lap_session_position(session);
    if (position == session->context) {
      finish("context");
      return LAP_OK;
    }
    held[position] = undecoded;
    lap_status status = lap_session_decode(session, undecoded, error);
    if (status != LAP_OK) {
      return status;
    }
  }
  lap_status status = lap_session_sample(session, modelSampling ? nullptr : &sampling, &undecoded, error);
  if (status != LAP_OK) {
    return status;
  }
  const OutputParser &state = outputParserOf(parser);
  if (state.inThought() && ++counts.thought_tokens > thoughtLimit && state.tokens().channelClose >= 0) {
    undecoded = state.tokens().channelClose; // enough thought: the model must answer
  }
  ++counts.answer_tokens;
  status = lap_chat_parser_push(parser, undecoded, error);
  if (status == LAP_OK && counts.answer_tokens >= maxTokens && !state.ended()) {
    finish("length");
  }
  return status;
}

void Conversation::finish(const char *reason) {
  why = reason;
  phase = Phase::Finishing;
}

void Conversation::cancel() {
  if (phase == Phase::Reading || phase == Phase::Writing) {
    finish("cancelled");
  }
}

/// Keeps what an event says for the answer's message and shows it to the caller; false when there is nothing to show.
bool Conversation::takeEvent(const lap_chat_event &event, lap_chat_event *out) {
  Text words = {event.text, event.bytes};
  *out = event;
  switch (event.kind) {
  case LAP_CHAT_TEXT: {
    if (stopped) {
      return false;
    }
    shown.clear();
    stopped = stop.feed(words, shown);
    if (stopped) {
      finish("stop");
    }
    text.put(shown.text());
    out->text = shown.terminated();
    out->bytes = shown.size();
    return out->text && out->bytes != 0;
  }
  case LAP_CHAT_THOUGHT:
    thought.put(words);
    return true;
  case LAP_CHAT_CALL:
    calls.put("{\"name\":");
    printJsonString(words, calls);
    calls.put(",\"arguments\":");
    calls.put({event.arguments, event.arguments_bytes});
    calls.put("}\n");
    return true;
  case LAP_CHAT_END:
    if (phase == Phase::Writing) {
      finish(calls.size() ? "calls" : "stop");
    }
    return false;
  default:
    return true;
  }
}

lap_status Conversation::next(lap_chat_event *out, lap_error *error) {
  if (phase == Phase::Idle) {
    return lap::fail(error, LAP_INVALID_ARGUMENT, "there is no answer in progress; begin one with lap_chat_answer");
  }
  for (;;) {
    lap_chat_event event;
    while (lap_chat_parser_next(parser, &event)) {
      if (takeEvent(event, out)) {
        return LAP_OK;
      }
    }
    lap_status status = LAP_OK;
    switch (phase) {
    case Phase::Reading:
      status = readChunk(error);
      if (status == LAP_OK && phase == Phase::Reading) {
        *out = {LAP_CHAT_PROMPT, "", 0, "", 0};
        return LAP_OK;
      }
      break;
    case Phase::Writing:
      status = writeToken(error);
      break;
    case Phase::Finishing: // what the parser held back, then what the stop texts held back, then the end
      phase = Phase::Flushing;
      status = lap_chat_parser_finish(parser, error);
      break;
    case Phase::Flushing:
    case Phase::Idle:
      shown.clear();
      if (!stopped) {
        stop.finish(shown);
        stopped = true;
      }
      text.put(shown.text());
      if (shown.size() && shown.terminated()) {
        *out = {LAP_CHAT_TEXT, shown.data(), shown.size(), "", 0};
        return LAP_OK;
      }
      phase = Phase::Idle;
      keep();
      *out = {LAP_CHAT_END, why, strlen(why), "", 0};
      return LAP_OK;
    }
    if (status != LAP_OK) {
      return fail(status);
    }
  }
}

/// The answer becomes a message, unless it was cancelled before it began; its thought goes with it, and the template
/// decides what becomes of that.
void Conversation::keep() {
  if (counts.answer_tokens == 0) {
    return;
  }
  start("assistant");
  printJsonString(text.text(), messages);
  if (thought.size()) {
    messages.put(",\"reasoning_content\":");
    printJsonString(strip(thought.text(), nullptr, true, true), messages);
  }
  Text rest = calls.text();
  for (size_t number = 0; rest.bytes; ++number) {
    size_t end = findText(rest, {"\n", 1});
    char id[64];
    snprintf(id, sizeof(id),
             "%s{\"id\":\"call_%zu_%zu\",\"type\":\"function\",\"function\":", number ? "," : ",\"tool_calls\":[",
             messageCount, number);
    messages.put(id);
    messages.put(rest.part(0, end));
    messages.put('}');
    rest = rest.part(end + 1, rest.bytes);
  }
  messages.put(calls.size() ? "]}" : "}");
}

} // namespace lap
