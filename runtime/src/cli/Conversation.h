//===- Conversation.h - a chat and the sequence that holds it ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Messages are kept as JSON, as the C API takes them. For every answer the whole conversation becomes a prompt and only
// what the session has not read yet is read: the ids in the session and the ids of the prompt are compared. So the
// prompt is always the template's, and an earlier turn is read again only when the template changed it (it drops past
// thoughts) and the caches cannot go back that far.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_CONVERSATION_H
#define LAPIDARY_RUNTIME_CLI_CONVERSATION_H

#include "runtime/src/chat/Buffer.h"
#include "runtime/src/cli/Program.h"
#include "runtime/src/cli/StopText.h"

namespace lap {

class Conversation {
public:
  Conversation(Program &program, Output &out);
  ~Conversation();
  Conversation(const Conversation &) = delete;
  Conversation &operator=(const Conversation &) = delete;

  /// Opens the session and reads --tools.
  ExitCode open();
  /// Replaces all messages by the JSON array in a file.
  ExitCode readMessages(const char *path);
  /// null: no system instruction.
  void setSystem(const char *text) { system = text; }
  void addUser(Text content) { addMessage("user", content); }
  void addToolResult(Text name, Text content);
  /// Forgets the messages; the system instruction stays.
  void reset() { messages.clear(); }
  /// Thinking: NotGiven is off, otherwise the most tokens of thought.
  void setThinking(uint64_t budget) { thinking = budget; }

  /// Lets the model speak: text goes to the output, thoughts to standard error. What it said is added to the messages.
  /// ExitInterrupted after Ctrl-C (what was said until then is kept).
  ExitCode answer();
  /// Takes the last user message back, for an answer that never began.
  void dropLast();
  /// Names of the tools called by the last answer, one after another, each ending with a newline.
  Text calledTools() const { return calls.text(); }
  uint32_t messageCount() const { return count; }
  size_t contextUsed() const { return lap_session_position(program.session); }

private:
  void addMessage(const char *role, Text content);
  void startMessage(const char *role);
  ExitCode render(char **text, size_t *bytes);
  ExitCode readNew(const IdList &prompt);
  ExitCode generate();
  static bool onToken(void *context, int32_t *id);
  bool take(int32_t *id);
  void takeEvent(const lap_chat_event &event);
  void showThought(Text text);
  void endThought();
  void showAnswer(Text text);
  void keepAnswer();

  Program &program;
  Output &out;
  lap_sampling sampling{};
  lap_chat_parser *parser = nullptr;
  StopText stop;
  TextInput tools;
  const char *system = nullptr;
  uint64_t thinking = NotGiven, thoughtTokens = 0;
  Buffer messages, answerText, thoughtText, callText, calls;
  uint32_t count = 0;
  size_t lastStart = 0;    // of the last message in `messages`
  int32_t *held = nullptr; // ids that the session has read, and those it is being given
  size_t next = 0;         // of `held`: where the next sampled id goes
  bool showsThought = false, ended = false, isTerminal = false;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_CONVERSATION_H
