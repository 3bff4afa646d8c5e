//===- RunText.cpp - a prompt in, text out --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The default command. An instruction model answers: the prompt from -p, -f or a pipe is one user message, --messages a
// whole conversation, and none of them on a terminal is a chat. A base model, or --raw, continues the text itself.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/StopText.h"
#include "runtime/src/cli/Chat.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Prompt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace lap {

namespace {

/// Text of new tokens to standard output, until a stop text.
struct Continuation {
  Program &program;
  Output &out;
  lap_text_stream *stream;
  StopText stop;

  bool write(const char *text, size_t bytes) {
    Buffer certain(1 << 20);
    bool ends = stop.feed({text, bytes}, certain);
    out.put(certain.data(), certain.size());
    out.flush();
    return !ends && out.good();
  }
};

bool writePiece(void *context, int32_t id) {
  Continuation &continuation = *static_cast<Continuation *>(context);
  if (lap_model_is_eos(continuation.program.model, id)) {
    return continuation.out.good();
  }
  size_t bytes = 0;
  const char *text = lap_text_stream_push(continuation.stream, id, &bytes);
  return continuation.write(text, bytes);
}

ExitCode continueTokens(Program &program, const lap_sampling &sampling, Output &out) {
  const Options &options = program.options;
  Continuation continuation{program, out, nullptr, {}};
  continuation.stop.set(options.stops, options.stopCount);
  lap_error error;
  if (lap_text_stream_create(program.model, &continuation.stream, &error) != LAP_OK) {
    return report(error);
  }
  Stop why =
      writeTokens(program, sampling, options.tokens == NotGiven ? 256 : options.tokens, writePiece, &continuation);
  size_t bytes = 0;
  const char *rest = lap_text_stream_finish(continuation.stream, &bytes);
  if (why != Stop::SinkClosed) {
    Buffer certain(1 << 20);
    if (continuation.write(rest, bytes)) {
      continuation.stop.finish(certain);
    }
    out.put(certain.data(), certain.size());
  }
  lap_text_stream_free(continuation.stream);
  out.put("\n");
  out.flush();
  if (why == Stop::ContextFull && !options.quiet) {
    message("note: stopped because the context of %u tokens is full", lap_session_context(program.session));
  }
  return exitCodeOf(why);
}

ExitCode continueText(Program &program, const TextInput &text, Output &out) {
  lap_sampling sampling{};
  IdList ids;
  ExitCode code = program.openSession();
  if (code == ExitOk && (code = program.chooseSampling(&sampling)) == ExitOk &&
      (code = tokenize(*program.model, text, LAP_TOKENIZE_BOS, &ids)) == ExitOk) {
    code = ids.count ? program.readPrompt(ids) : complain(ExitInput, "the prompt is empty");
    code = code == ExitOk ? continueTokens(program, sampling, out) : code;
  }
  free(ids.ids);
  return code;
}

ExitCode answerOnce(Program &program, const TextInput &text, Output &out) {
  Answerer answerer(program, out);
  ExitCode code = answerer.open();
  if (code == ExitOk) {
    code = program.options.messages ? answerer.addFile(program.options.messages)
                                    : answerer.add("user", {text.text, text.bytes});
  }
  return code == ExitOk ? answerer.answer() : code;
}

/// What was asked for must be something the chat template reads, or it would be silently ignored.
ExitCode checkChat(const Program &program, bool chat) {
  const Options &options = program.options;
  bool asked = options.messages || options.tools || options.system || options.think != NotGiven;
  if (!chat && asked) {
    return complain(ExitInput, "--messages, --system, --tools and --think need a chat format, which %s",
                    options.raw ? "--raw switches off" : "this program was compiled without");
  }
  uint32_t flags = chat ? program.model->chat->flags : 0;
  if (options.tools && !(flags & LAP_TEMPLATE_KNOWS_TOOLS)) {
    return complain(ExitInput, "--tools: this model's chat format has no place for tools");
  }
  if (options.think != NotGiven && !(flags & LAP_TEMPLATE_KNOWS_THINKING)) {
    return complain(ExitInput, "--think: this model's chat format has no thinking");
  }
  return ExitOk;
}

/// Whether to put a chat format around the text: the checkpoint has one, or what only a chat has was asked for.
bool wantsChat(const Program &program, bool terminal) {
  const Options &options = program.options;
  const lap_template *chat = program.model->chat;
  bool asked = terminal || options.messages || options.tools || options.system || options.think != NotGiven;
  return chat && !options.raw && (asked || !(chat->flags & LAP_TEMPLATE_ASSUMED));
}

} // namespace

ExitCode runText(const Options &options, Output &out) {
  TextInput text;
  bool terminal = !options.prompt && !options.file && !options.messages && isatty(STDIN_FILENO);
  ExitCode code = ExitOk;
  if (options.prompt) {
    text.bytes = strlen(options.prompt);
    text.text = const_cast<char *>(options.prompt); // only read
  } else if (!terminal && !options.messages) {
    code = readAll(options.file ? options.file : "-", &text);
  }
  Program program(options);
  if (code != ExitOk || (code = program.openModel()) != ExitOk) {
    return code;
  }
  bool chat = wantsChat(program, terminal);
  if ((code = checkChat(program, chat)) != ExitOk) {
    return code;
  }
  code = terminal && chat ? chatOnTerminal(program, out)
         : chat           ? answerOnce(program, text, out)
         : terminal       ? complain(ExitInput, "nothing to continue: give a text with -p, -f or a pipe")
                          : continueText(program, text, out);
  program.printStats();
  return code;
}

} // namespace lap
