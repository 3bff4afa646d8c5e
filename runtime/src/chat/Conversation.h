//===- Conversation.h - messages and the session that holds them ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// lap_chat of lapidary.h. Messages are kept as JSON, as the template takes them. For every answer the whole
// conversation becomes a prompt, and its ids are compared with those the session has read. So the prompt is always the
// template's, and an earlier turn is read again only when the template changed it (it drops past thoughts) and the
// caches cannot go back that far.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_CONVERSATION_H
#define LAPIDARY_RUNTIME_CHAT_CONVERSATION_H

#include "runtime/src/chat/OutputParser.h"
#include "runtime/src/chat/StopText.h"

namespace lap {

class Conversation {
public:
  explicit Conversation(lap_session *session);
  ~Conversation();
  Conversation(const Conversation &) = delete;
  Conversation &operator=(const Conversation &) = delete;

  lap_status open(const lap_chat_options *options, lap_error *error);
  lap_status setOptions(const lap_chat_options *options, lap_error *error);
  lap_status add(const char *role, Text content, lap_error *error);
  lap_status addJson(Text json, lap_error *error);
  void drop();
  void clear();
  Text allMessages();

  lap_status answer(const lap_answer_options *options, lap_error *error);
  lap_status next(lap_chat_event *out, lap_error *error);
  void cancel();
  const lap_chat_usage &usage() const { return counts; }

private:
  enum class Phase { Idle, Reading, Writing, Finishing, Flushing };

  void start(const char *role);
  lap_status checkMessages(lap_error *error);
  lap_status writePrompt(lap_error *error);
  lap_status reuse(const int32_t *ids, size_t count, lap_error *error);
  void endAnswer();
  lap_status step(lap_error *error);
  void flush(lap_chat_event *out);
  lap_status readChunk(lap_error *error);
  lap_status writeToken(lap_error *error);
  lap_status chooseToken(lap_error *error);
  bool mustAnswer(int32_t id, uint32_t left);
  bool takeEvent(const lap_chat_event &event, lap_chat_event *out);
  void finish(const char *why);
  lap_status fail(lap_status status);
  void keep();

  lap_session *session;
  const lap_model *model;
  lap_chat_parser *parser = nullptr;
  Buffer messages, tools, variables;
  Buffer shown, text, thought, calls; // what the caller sees next; the answer so far; calls as JSON, one a line
  StopText stop;
  uint32_t flags = 0, maxTokens = 0, thoughtLimit = 0;
  bool modelSampling = true;
  lap_constraint *constraint = nullptr; // borrowed for an answer; null: any text
  lap_sampling sampling{};
  size_t messageCount = 0, lastStart = 0, lastCount = 0; // before the latest addition
  int32_t *prompt = nullptr;                             // ids of the latest one; room for the context
  size_t promptCount = 0;
  int32_t undecoded = -1; // sampled and given out, not yet in the session
  Phase phase = Phase::Idle;
  bool stopped = false; // by a stop text: the rest of the text is dropped
  const char *why = "";
  lap_chat_usage counts{};
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_CONVERSATION_H
