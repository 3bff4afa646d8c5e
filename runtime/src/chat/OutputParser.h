//===- OutputParser.h - what a model writes, taken apart -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// lap_chat_parser of lapidary.h. Control tokens are recognised by their ids, never by text: they cannot leak, and text
// that only looks like one stays text. Between them ids go through the stream decoder, so texts are whole UTF-8.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_OUTPUTPARSER_H
#define LAPIDARY_RUNTIME_CHAT_OUTPUTPARSER_H

#include "runtime/src/Error.h"
#include "runtime/src/chat/Buffer.h"
#include "runtime/src/tokenizer/StreamDecoder.h"

namespace lap {

/// Ids of the tokens that structure an answer; -1: the tokenizer has none.
struct ControlTokens {
  int32_t channelOpen, channelClose, callOpen, callClose, quote, turnClose, toolResponse;
};

ControlTokens findControlTokens(const lap_tokenizer &tokenizer);

/// Whether the id never has a text of its own: special tokens, and added ones written <|..> or <..|>.
bool isControlToken(const lap_tokenizer &tokenizer, int32_t id);

class OutputParser {
public:
  /// `isEnd` says which ids end a turn besides <turn|> and <|tool_response>. `scratch` has room for one decoder call
  /// (lap_stream_decoder_max_bytes).
  OutputParser(const lap_tokenizer *tokenizer, bool (*isEnd)(const void *, int32_t), const void *context,
               char *scratch);

  bool push(int32_t id);
  bool finish();
  bool next(lap_chat_event *out);
  void reset();

  bool inThought() const { return state == State::Thought || state == State::ChannelName; }
  bool ended() const { return state == State::Ended; }
  const ControlTokens &tokens() const { return control; }

private:
  enum class State { Answer, ChannelName, Thought, Call, Ended };
  struct Pending {
    lap_chat_event_kind kind;
    size_t text, bytes, arguments, argumentBytes; // places in `texts`
  };

  void pushControl(int32_t id);
  void take(Text text);
  void emit(lap_chat_event_kind kind, Text text, Text arguments = {});
  void flush();
  void leave(State next);
  void endCall();

  const lap_tokenizer *tokenizer;
  bool (*isEnd)(const void *, int32_t);
  const void *context;
  char *scratch;
  ControlTokens control;
  lap_stream_decoder decoder;
  State state = State::Answer;
  Buffer call, json, texts, channel;
  Pending pending[8];
  unsigned count = 0, given = 0;
};

/// What a parser of the C API is inside, for the command line.
const OutputParser &outputParserOf(const lap_chat_parser *parser);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_OUTPUTPARSER_H
