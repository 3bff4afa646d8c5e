//===- Answer.h - a conversation on standard output -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// lap_chat of the C API with the command line's options: text goes to standard output as it comes, tool calls follow as
// JSON, one a line, thoughts go to standard error. Ctrl-C ends an answer; what was said stays said.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_ANSWER_H
#define LAPIDARY_RUNTIME_CLI_ANSWER_H

#include "runtime/src/chat/Buffer.h"
#include "runtime/src/cli/Program.h"

namespace lap {

class Answerer {
public:
  Answerer(Program &program, Output &out);
  ~Answerer();
  Answerer(const Answerer &) = delete;
  Answerer &operator=(const Answerer &) = delete;

  /// Opens the session, reads --tools, begins with --system.
  ExitCode open();
  ExitCode add(const char *role, Text content);
  /// Adds the JSON messages of a file.
  ExitCode addFile(const char *path);
  ExitCode addResult(Text tool, Text content);
  /// Takes the latest message back.
  void drop() { lap_chat_drop(chat); }
  /// Forgets all messages but the system instruction.
  void reset();
  /// The system instruction from the next reset on; null: none. Borrowed.
  void setSystem(const char *text) { system = text; }
  /// Thinking: NotGiven is off, else the most tokens of thought.
  void setThinking(uint64_t budget);

  /// Writes the conversation to a file and its caches to FILE.session; reads them back. A file that is no conversation
  /// is refused and changes nothing.
  ExitCode save(Text path);
  ExitCode load(Text path);

  /// Lets the model speak. ExitInput: the prompt does not fit, or the template refuses the conversation.
  ExitCode answer();
  /// Names of the tools called by the last answer, each followed by a newline.
  Text calledTools() const { return called.text(); }

private:
  ExitCode run();
  void show(const lap_chat_event &event);
  void endThought();
  void count(double start, double firstToken);

  Program &program;
  Output &out;
  lap_chat *chat = nullptr;
  lap_sampling sampling{};
  TextInput tools;
  const char *system;
  uint64_t thinking;
  Buffer calls, called;
  bool inThought = false, color = false;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_ANSWER_H
