//===- Answering.cpp - a conversation's answers ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An answer is pulled event by event: first the prompt is read chunk by chunk, then tokens are written one by one, then
// what parser and stop texts held back comes out. Between two events the caller may cancel.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "runtime/src/chat/Conversation.h"
#include "runtime/src/chat/Print.h"

#include <stdio.h>

namespace lap {

/// Brings an answer in progress to its end.
void Conversation::endAnswer() {
  cancel();
  lap_chat_event ignored;
  lap_error error;
  while (phase != Phase::Idle && next(&ignored, &error) == LAP_OK) {
  }
}

lap_status Conversation::answer(const lap_answer_options *options, lap_error *error) {
  endAnswer();
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
  constraint = given ? options->constraint : nullptr;
  if (constraint) {
    lap_constraint_reset(constraint);
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
  lap_status status = last ? lap_session_prefill(session, prompt + done, left, error)
                           : lap_session_extend(session, prompt + done, session->chunk, error);
  phase = last ? Phase::Writing : Phase::Reading;
  if (status == LAP_OK && last && session->checkpointCount != 0) {
    status = lap_session_checkpoint(session, error); // the next prompt may leave this one's answer out
  }
  return status;
}

/// Whether a thought must end instead of going on with `id`: its tokens are spent, or the text that a constraint asks
/// for would not come (whole) any more.
bool Conversation::mustAnswer(int32_t id, uint32_t left) {
  bool spent = ++counts.thought_tokens > thoughtLimit;
  return spent || (constraint && (lap_model_is_eos(model, id) || id == outputParserOf(parser).tokens().turnClose ||
                                  left <= lap_constraint_tokens_to_finish(constraint) + 1));
}

/// Samples the next token. The constraint is for the text: a thought is free, and comes first when thinking is on.
lap_status Conversation::chooseToken(lap_error *error) {
  const OutputParser &state = outputParserOf(parser);
  const ControlTokens &tokens = state.tokens();
  if (constraint && counts.answer_tokens == 0 && (flags & LAP_CHAT_THINK) && tokens.channelOpen >= 0) {
    undecoded = tokens.channelOpen;
    return LAP_OK;
  }
  bool thinks = state.inThought() && tokens.channelClose >= 0;
  uint32_t room = session->context - lap_session_position(session) + 1; // the last one is written but not read again
  uint32_t left = maxTokens - counts.answer_tokens;
  left = left < room ? left : room;
  lap_status status = lap_session_sample_constrained(session, modelSampling ? nullptr : &sampling,
                                                     thinks ? nullptr : constraint, left, &undecoded, error);
  if (status == LAP_OK && thinks && mustAnswer(undecoded, left)) {
    undecoded = tokens.channelClose;
  }
  if (status == LAP_OK && !thinks && constraint && !lap_model_is_eos(model, undecoded)) {
    status = lap_constraint_accept(constraint, undecoded, error);
  }
  return status;
}

/// Samples a token and hands it to the parser; the one before goes into the session first.
lap_status Conversation::writeToken(lap_error *error) {
  if (undecoded >= 0) {
    if (lap_session_position(session) == session->context) {
      finish("context");
      return LAP_OK;
    }
    lap_status status = lap_session_decode(session, undecoded, error);
    if (status != LAP_OK) {
      return status;
    }
  }
  lap_status status = chooseToken(error);
  if (status != LAP_OK) {
    return status;
  }
  ++counts.answer_tokens;
  status = lap_chat_parser_push(parser, undecoded, error);
  if (status != LAP_OK || outputParserOf(parser).ended()) {
    return status;
  }
  if (constraint && lap_constraint_is_finished(constraint)) {
    finish("stop");
  } else if (counts.answer_tokens >= maxTokens) {
    finish("length");
  }
  return LAP_OK;
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

/// One step of the answer: reads a chunk, writes a token, or lets go of what was held back.
lap_status Conversation::step(lap_error *error) {
  switch (phase) {
  case Phase::Reading:
    return readChunk(error);
  case Phase::Writing:
    return writeToken(error);
  default: // Finishing
    phase = Phase::Flushing;
    return lap_chat_parser_finish(parser, error);
  }
}

/// The last events: what the stop texts held back, then the end.
void Conversation::flush(lap_chat_event *out) {
  shown.clear();
  if (!stopped) {
    stop.finish(shown);
    stopped = true;
  }
  text.put(shown.text());
  if (shown.size() && shown.terminated()) {
    *out = {LAP_CHAT_TEXT, shown.data(), shown.size(), "", 0};
    return;
  }
  phase = Phase::Idle;
  keep();
  *out = {LAP_CHAT_END, why, strlen(why), "", 0};
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
    if (phase == Phase::Flushing) {
      flush(out);
      return LAP_OK;
    }
    lap_status status = step(error);
    if (status != LAP_OK) {
      return fail(status);
    }
    if (phase == Phase::Reading) {
      *out = {LAP_CHAT_PROMPT, "", 0, "", 0};
      return LAP_OK;
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
