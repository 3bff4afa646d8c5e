//===- Chat.cpp - a chat on a terminal ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One table of commands, which /help prints. When the model calls tools, their results are asked for and the model goes
// on with them.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Chat.h"
#include "runtime/src/cli/LineEditor.h"
#include "runtime/src/cli/Nearest.h"

#include <stdlib.h>
#include <unistd.h>

namespace lap {

namespace {

class Chat {
public:
  Chat(Program &program, Output &out) : program(program), answerer(program, out), system(64 << 10) {}
  ExitCode run();

  ExitCode reset(Text);
  ExitCode setSystem(Text text);
  ExitCode think(Text text);
  ExitCode save(Text path);
  ExitCode load(Text path);
  ExitCode stats(Text);
  ExitCode help(Text);
  ExitCode quit(Text);

private:
  ExitCode command(Text line);
  ExitCode say();
  ExitCode askResults();

  Program &program;
  Answerer answerer;
  LineEditor editor;
  Buffer system;
  bool over = false;
};

struct CommandRow {
  const char *name, *value, *help;
  ExitCode (Chat::*run)(Text);
};

constexpr CommandRow Commands[] = {
    {"reset", "", "forget the conversation; the system instruction stays", &Chat::reset},
    {"system", "TEXT", "new system instruction (none without TEXT); forgets the conversation", &Chat::setSystem},
    {"think", "[N|off]", "let the model think before it answers, for at most N tokens", &Chat::think},
    {"save", "FILE", "write the conversation to FILE and what the model has read to FILE.session", &Chat::save},
    {"load", "FILE", "go on with a saved conversation", &Chat::load},
    {"stats", "", "tokens read and written, speed, room left", &Chat::stats},
    {"help", "", "this list", &Chat::help},
    {"quit", "", "end the chat, as Ctrl-D does", &Chat::quit},
};

ExitCode Chat::reset(Text) {
  answerer.reset();
  message("the conversation is forgotten");
  return ExitOk;
}

ExitCode Chat::setSystem(Text text) {
  system.clear();
  system.put(text);
  answerer.setSystem(text.bytes ? system.terminated() : nullptr);
  return reset({});
}

ExitCode Chat::think(Text text) {
  const lap_template *chat = program.model->chat;
  if (!(chat->flags & LAP_TEMPLATE_KNOWS_THINKING)) {
    message("this model's chat format has no thinking");
    return ExitOk;
  }
  uint64_t budget = NotGiven - 1;
  if (text.equals({"off", 3})) {
    budget = NotGiven;
  } else if (text.bytes) {
    budget = 0;
    bool digits = text.bytes < 10;
    for (size_t i = 0; i < text.bytes; ++i) {
      digits = digits && text.data[i] >= '0' && text.data[i] <= '9';
      budget = digits ? budget * 10 + static_cast<uint64_t>(text.data[i] - '0') : 0;
    }
    if (!digits) {
      message("/think takes a number of tokens, 'off' or nothing");
      return ExitOk;
    }
  }
  answerer.setThinking(budget);
  message(budget == NotGiven ? "thinking is off" : "thinking is on");
  return ExitOk;
}

/// What went wrong has been said; the chat goes on.
ExitCode Chat::save(Text path) {
  if (answerer.save(path) == ExitOk) {
    message("saved");
  }
  return ExitOk;
}

ExitCode Chat::load(Text path) {
  if (answerer.load(path) == ExitOk) {
    message("loaded: %u tokens have been read", lap_session_position(program.session));
  }
  return ExitOk;
}

ExitCode Chat::stats(Text) {
  message("context        %u of %u tokens", lap_session_position(program.session),
          lap_session_context(program.session));
  program.printTimes();
  return ExitOk;
}

ExitCode Chat::help(Text) {
  for (const CommandRow &row : Commands) {
    message("/%-7s%-9s %s", row.name, row.value, row.help);
  }
  message("Ctrl-C stops an answer, Ctrl-D ends the chat; a line ending with \\ goes on in the next");
  return ExitOk;
}

ExitCode Chat::quit(Text) {
  over = true;
  return ExitOk;
}

ExitCode Chat::command(Text line) {
  size_t space = findText(line, {" ", 1});
  Text name = line.part(1, space == NotFound ? line.bytes : space);
  Text value = space == NotFound ? Text() : strip(line.part(space, line.bytes), nullptr, true, true);
  char word[32] = "";
  const char *names[sizeof(Commands) / sizeof(Commands[0])];
  size_t count = 0;
  for (const CommandRow &row : Commands) {
    if (name.equals(textOf(row.name))) {
      return (this->*row.run)(value);
    }
    names[count++] = row.name;
  }
  memcpy(word, name.data, name.bytes < sizeof(word) - 1 ? name.bytes : sizeof(word) - 1);
  const char *near = nearest(word, names, count);
  message("unknown command /%s%s%s%s; /help lists them", word, near ? "; did you mean /" : "", near ? near : "",
          near ? "?" : "");
  return ExitOk;
}

/// Asks for the result of every call of the last answer; then the model goes on. An empty end of input leaves it.
ExitCode Chat::askResults() {
  Buffer names(1 << 20);
  names.put(answerer.calledTools());
  Text rest = names.text();
  while (rest.bytes) {
    size_t end = findText(rest, {"\n", 1});
    Text name = rest.part(0, end), line;
    rest = rest.part(end + 1, rest.bytes);
    Buffer prompt(4096);
    prompt.put("result of ");
    prompt.put(name);
    prompt.put("> ");
    const char *shown = prompt.terminated();
    if (editor.read(shown ? shown : "result> ", &line) != LineEditor::Line) {
      return ExitOk;
    }
    answerer.addResult(name, line);
  }
  return say();
}

/// Lets the model speak about what has been said. What it refuses, or has no room for, is taken back.
ExitCode Chat::say() {
  ExitCode code = answerer.answer();
  if (code == ExitInterrupted) {
    clearInterrupt();
    return ExitOk;
  }
  if (code == ExitInput) {
    answerer.drop();
    return ExitOk;
  }
  return code == ExitOk && answerer.calledTools().bytes ? askResults() : code;
}

ExitCode Chat::run() {
  ExitCode code = answerer.open();
  if (code == ExitOk && !program.options.quiet) {
    message("Ctrl-D ends the chat, Ctrl-C stops an answer, /help lists commands");
  }
  while (code == ExitOk && !over) {
    Text line;
    LineEditor::Result result = editor.read("> ", &line);
    if (result != LineEditor::Line) {
      return result == LineEditor::Interrupted ? ExitInterrupted : ExitOk;
    }
    Text words = strip(line, nullptr, true, true);
    if (words.bytes) {
      bool isCommand = words.data[0] == '/';
      code = isCommand ? command(words) : answerer.add("user", line);
      code = isCommand || code != ExitOk ? code : say();
    }
  }
  return code;
}

} // namespace

ExitCode chatOnTerminal(Program &program, Output &out) {
  Chat chat(program, out);
  return chat.run();
}

} // namespace lap
