//===- OutputParser.cpp - what a model writes, taken apart ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One state per place a text can belong to; a control token moves between them. Anything the model does out of order
// has a meaning too: an opening token closes what was open, a stray closing one is dropped.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/OutputParser.h"
#include "runtime/src/chat/CallMarkup.h"

namespace lap {

namespace {

constexpr size_t MaxCallBytes = 1 << 20, MaxChannelName = 64;

int32_t findToken(const lap_tokenizer &tokenizer, const char *text) {
  size_t bytes = strlen(text);
  uint32_t id = lap_tokenizer_find(&tokenizer, text, bytes);
  for (uint32_t i = 0; id == LAP_NO_ID && i < tokenizer.pieces; ++i) { // added tokens need not be in the vocabulary
    uint32_t pieceBytes = 0;
    const char *piece = lap_tokenizer_piece(&tokenizer, i, &pieceBytes);
    id = pieceBytes == bytes && memcmp(piece, text, bytes) == 0 ? i : id;
  }
  return id == LAP_NO_ID ? -1 : static_cast<int32_t>(id);
}

} // namespace

ControlTokens findControlTokens(const lap_tokenizer &tokenizer) {
  return {findToken(tokenizer, "<|channel>"),      findToken(tokenizer, "<channel|>"),
          findToken(tokenizer, "<|tool_call>"),    findToken(tokenizer, "<tool_call|>"),
          findToken(tokenizer, "<|\"|>"),          findToken(tokenizer, "<turn|>"),
          findToken(tokenizer, "<|tool_response>")};
}

bool isControlToken(const lap_tokenizer &tokenizer, int32_t id) {
  if (id < 0 || static_cast<uint32_t>(id) >= tokenizer.pieces) {
    return true;
  }
  uint8_t flags = reinterpret_cast<const uint8_t *>(&tokenizer)[tokenizer.piece_flags + static_cast<uint32_t>(id)];
  uint32_t bytes = 0;
  const char *piece = lap_tokenizer_piece(&tokenizer, static_cast<uint32_t>(id), &bytes);
  bool marked =
      bytes >= 4 && piece[0] == '<' && piece[bytes - 1] == '>' && (piece[1] == '|' || piece[bytes - 2] == '|');
  return (flags & LAP_PIECE_SPECIAL) || ((flags & LAP_PIECE_ADDED) && marked);
}

OutputParser::OutputParser(const lap_tokenizer *tokenizer, bool (*isEnd)(const void *, int32_t), const void *context,
                           char *scratch)
    : tokenizer(tokenizer), isEnd(isEnd), context(context), scratch(scratch), control(findControlTokens(*tokenizer)),
      call(MaxCallBytes), json(6 * MaxCallBytes), texts(8 * MaxCallBytes), channel(MaxChannelName + 1) {
  lap_stream_decoder_init(&decoder, tokenizer, 1);
}

void OutputParser::reset() {
  lap_stream_decoder_finish(&decoder, scratch);
  state = State::Answer;
  call.clear(), json.clear(), texts.clear(), channel.clear();
  count = given = 0;
}

void OutputParser::emit(lap_chat_event_kind kind, Text text, Text arguments) {
  if (count == sizeof(pending) / sizeof(pending[0]) || (text.bytes == 0 && kind <= LAP_CHAT_THOUGHT)) {
    return;
  }
  Pending &event = pending[count++];
  event = {kind, texts.size(), text.bytes, 0, arguments.bytes};
  texts.put(text);
  texts.put("\0", 1);
  event.arguments = texts.size();
  texts.put(arguments);
  texts.put("\0", 1);
}

bool OutputParser::next(lap_chat_event *out) {
  if (given == count || texts.failed()) {
    return false;
  }
  const Pending &event = pending[given++];
  *out = {event.kind, texts.data() + event.text, event.bytes, texts.data() + event.arguments, event.argumentBytes};
  return true;
}

/// A text goes where the state says.
void OutputParser::take(Text text) {
  if (text.bytes == 0) {
    return;
  }
  switch (state) {
  case State::Answer:
    emit(LAP_CHAT_TEXT, text);
    break;
  case State::Thought:
    emit(LAP_CHAT_THOUGHT, text);
    break;
  case State::Call:
    call.put(text);
    break;
  case State::ChannelName: { // the first line
    size_t line = findText(text, {"\n", 1});
    Text name = text.part(0, line == NotFound ? text.bytes : line);
    bool fits = channel.size() + name.bytes <= MaxChannelName;
    if (line != NotFound || !fits) {
      state = State::Thought;
      emit(LAP_CHAT_THOUGHT, fits ? text.part(line + 1, text.bytes) : text);
    } else {
      channel.put(name);
    }
    break;
  }
  case State::Ended:
    break;
  }
}

void OutputParser::flush() {
  uint64_t bytes = lap_stream_decoder_finish(&decoder, scratch);
  take({scratch, static_cast<size_t>(bytes)});
}

/// Ends what is open and goes on in another state.
void OutputParser::leave(State next) {
  flush();
  if (state == State::Call) {
    endCall();
  }
  bool named = channel.text().equals({"thought", 7});
  if (state == State::ChannelName && !named) { // a thought without a name
    emit(LAP_CHAT_THOUGHT, channel.text());
  }
  channel.clear();
  state = next;
}

void OutputParser::endCall() {
  Text name, markup = call.text();
  if (readCall(markup, &name, json)) {
    emit(LAP_CHAT_CALL, name, json.text());
  } else {
    size_t start = texts.size();
    emit(LAP_CHAT_BAD_CALL, markup);
    char *copy = const_cast<char *>(texts.data()) + start;
    for (size_t i = 0; i < markup.bytes && !texts.failed(); ++i) {
      copy[i] = copy[i] == CallQuote ? '"' : copy[i];
    }
  }
  call.clear();
  state = State::Answer;
}

void OutputParser::pushControl(int32_t id) {
  if (id == control.turnClose || id == control.toolResponse || isEnd(context, id)) {
    leave(State::Ended);
    emit(LAP_CHAT_END, {});
  } else if (id == control.channelOpen) {
    leave(State::ChannelName);
  } else if (id == control.channelClose) {
    leave(State::Answer);
  } else if (id == control.callOpen) {
    leave(State::Call);
  } else if (id == control.callClose && state == State::Call) {
    flush();
    endCall();
  } else if (id == control.quote && state == State::Call) {
    flush();
    call.put(CallQuote);
  }
}

bool OutputParser::push(int32_t id) {
  texts.clear();
  count = given = 0;
  if (state == State::Ended) {
    return true;
  }
  if (isEnd(context, id) || isControlToken(*tokenizer, id)) {
    pushControl(id);
  } else {
    uint64_t bytes = lap_stream_decoder_push(&decoder, id, scratch);
    take({scratch, static_cast<size_t>(bytes)});
  }
  return !call.failed() && !texts.failed();
}

bool OutputParser::finish() {
  texts.clear();
  count = given = 0;
  if (state != State::Ended) {
    leave(State::Ended);
  }
  return !texts.failed();
}

} // namespace lap
