//===- RunText.cpp - a prompt in, text out; a chat on a terminal ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The default command. Prompt from -p, -f or a pipe: one answer. None of them and a terminal: a chat whose turns share
// one sequence, so an earlier turn is never read again.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"
#include "runtime/src/cli/Prompt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace lap {

namespace {

/// One conversation: the program, where the text goes, and the token that was shown but not yet read by the model.
struct Conversation {
  Program &program;
  Output &out;
  lap_sampling sampling{};
  lap_text_stream *stream = nullptr;
  int32_t lastId = -1;

  Conversation(Program &program, Output &out) : program(program), out(out) {}
  ~Conversation() { lap_text_stream_free(stream); }
  ExitCode open();
  ExitCode answer(const TextInput &text, bool first);
};

bool writePiece(void *context, int32_t id) {
  Conversation &conversation = *static_cast<Conversation *>(context);
  conversation.lastId = id;
  if (!lap_model_is_eos(conversation.program.model, id)) {
    size_t bytes = 0;
    const char *text = lap_text_stream_push(conversation.stream, id, &bytes);
    conversation.out.put(text, bytes);
    conversation.out.flush();
  }
  return conversation.out.good();
}

ExitCode Conversation::open() {
  ExitCode code = program.openSession();
  lap_error error;
  if (code == ExitOk && lap_text_stream_create(program.model, &stream, &error) != LAP_OK) {
    code = report(error);
  }
  return code == ExitOk ? program.chooseSampling(&sampling) : code;
}

ExitCode Conversation::answer(const TextInput &text, bool first) {
  const Options &options = program.options;
  bool chat = program.model->chat && !options.raw;
  if (options.system && !chat) {
    return complain(ExitInput, "--system needs a chat format: this is a base model, or --raw was given");
  }
  IdList prompt;
  ExitCode code = chat ? chatTurn(*program.model, options.system, text, first, &prompt)
                       : tokenize(*program.model, text, first ? LAP_TOKENIZE_BOS : 0, &prompt);
  if (code == ExitOk && prompt.count == 0) {
    code = complain(ExitInput, "the prompt is empty");
  }
  if (code == ExitOk && lastId >= 0 && !lap_model_is_eos(program.model, lastId)) {
    code = program.readPrompt({&lastId, 1}); // an answer that was cut off; the chat format closes it
  }
  code = code == ExitOk ? program.readPrompt(prompt) : code;
  free(prompt.ids);
  if (code != ExitOk) {
    return code;
  }
  Stop stop = writeTokens(program, sampling, options.tokens == NotGiven ? 256 : options.tokens, writePiece, this);
  size_t bytes = 0;
  const char *rest = lap_text_stream_finish(stream, &bytes);
  out.put(rest, bytes);
  out.put("\n");
  out.flush();
  if (stop == Stop::ContextFull && !options.quiet) {
    message("note: stopped because the context of %u tokens is full", lap_session_context(program.session));
  }
  return exitCodeOf(stop);
}

/// Reads one line; false at the end of input, on an error or on Ctrl-C.
bool readLine(TextInput *line) {
  static char buffer[65536];
  line->text = buffer;
  line->bytes = 0;
  while (line->bytes < sizeof(buffer)) {
    ssize_t got = read(STDIN_FILENO, buffer + line->bytes, 1);
    if (got <= 0) {
      return got == 0 && line->bytes != 0;
    }
    if (buffer[line->bytes] == '\n') {
      return true;
    }
    ++line->bytes;
  }
  return true;
}

ExitCode chatLoop(Conversation &conversation) {
  const Options &options = conversation.program.options;
  if (!options.quiet) {
    message("Ctrl-D ends the chat, Ctrl-C stops an answer");
  }
  for (bool first = true;;) {
    Output prompt(STDERR_FILENO);
    prompt.put("> ");
    prompt.flush();
    TextInput line;
    if (!readLine(&line)) {
      message("%s", "");
      return interrupted() ? ExitInterrupted : ExitOk;
    }
    if (line.bytes == 0) {
      continue;
    }
    uint32_t before = lap_session_position(conversation.program.session);
    ExitCode code = conversation.answer(line, first);
    first = first && lap_session_position(conversation.program.session) == before;
    if (code == ExitInterrupted) {
      clearInterrupt();
    } else if (code != ExitOk || !conversation.out.good()) {
      return code;
    }
  }
}

} // namespace

ExitCode runText(const Options &options, Output &out) {
  TextInput text;
  bool terminal = !options.prompt && !options.file && isatty(STDIN_FILENO);
  ExitCode code = ExitOk;
  if (options.prompt) {
    text.bytes = strlen(options.prompt);
    text.text = const_cast<char *>(options.prompt); // only read
  } else if (!terminal) {
    code = readAll(options.file ? options.file : "-", &text);
  }
  if (code != ExitOk) {
    return code;
  }
  Program program(options);
  Conversation conversation(program, out);
  if ((code = conversation.open()) != ExitOk) {
    return code;
  }
  code = terminal ? chatLoop(conversation) : conversation.answer(text, true);
  program.printStats();
  return code;
}

} // namespace lap
