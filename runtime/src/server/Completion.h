//===- Completion.h - one request's answer in the making ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Turns the tokens of one or more sequences (`n` choices) into the JSON of the OpenAI API, whole or as server-sent
// events. Runs on the scheduler's thread.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_COMPLETION_H
#define LAPIDARY_RUNTIME_SERVER_COMPLETION_H

#include "runtime/src/server/Chat.h"
#include "runtime/src/server/Generation.h"
#include "runtime/src/server/Http.h"
#include "runtime/src/server/StopText.h"

namespace lap::server {

/// What an answer looks like.
struct AnswerShape {
  std::string id, model;
  uint64_t created = 0; // seconds since 1970
  bool chat = true;     // else /v1/completions
  bool stream = false, streamUsage = false, logprobs = false;
  std::vector<std::string> stops;
  std::vector<int32_t> start; // ids at the end of the prompt that the answer begins with
};

/// One choice as far as it is known, or since the last event.
struct ChoiceText {
  struct Call {
    uint32_t index;
    std::string id, name, arguments;
  };
  std::string text, thought;
  std::vector<Call> calls;
  std::vector<Token> tokens; // of the text, when log probabilities were asked for
  bool empty() const { return text.empty() && thought.empty() && calls.empty() && tokens.empty(); }
};

class Completion : public std::enable_shared_from_this<Completion> {
public:
  Completion(const lap_model &model, AnswerShape shape, std::shared_ptr<Exchange> exchange, uint32_t choices);

  /// The consumer of a choice's tokens; keeps the completion alive.
  std::shared_ptr<Consumer> choice(uint32_t index);

private:
  class Choice;

  void sendDelta(uint32_t index, const ChoiceText &delta, const char *finish);
  void sendUsage();
  void sendEvent(const std::string &json);
  void choiceEnded();
  void respondWhole();

  const lap_model &model;
  AnswerShape shape;
  std::shared_ptr<Exchange> exchange;
  struct Result {
    ChoiceText text;
    std::string finish;
    bool begun = false; // an event was sent
  };
  std::vector<Result> results;
  Usage usage;
  std::string failure;
  uint32_t left; // choices that have not ended
  bool begun = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_COMPLETION_H
