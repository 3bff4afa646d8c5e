//===- Answer.cpp - a conversation on standard output ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Answer.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Answer.h"
#include "runtime/src/chat/Json.h"
#include "runtime/src/chat/Print.h"
#include "runtime/src/cli/Constrain.h"

#include <stdlib.h>
#include <unistd.h>

namespace lap {

namespace {

constexpr size_t MaxText = 16u << 20;
constexpr uint32_t Checkpoints = 2; // behind the latest prompts
constexpr uint32_t DefaultTokens = 256, DefaultChatTokens = 4096;

constexpr size_t MaxPath = 4096;

/// The two files of a saved conversation: its messages, and the session's caches.
bool makePaths(Text path, char (&file)[MaxPath], char (&sessionFile)[MaxPath]) {
  if (path.bytes == 0 || path.bytes + sizeof(".session") > MaxPath) {
    complain(ExitInput, path.bytes ? "the path is too long" : "name a file");
    return false;
  }
  memcpy(file, path.data, path.bytes);
  file[path.bytes] = 0;
  memcpy(sessionFile, file, path.bytes);
  memcpy(sessionFile + path.bytes, ".session", sizeof(".session"));
  return true;
}

} // namespace

Answerer::Answerer(Program &program, Output &out)
    : program(program), out(out), system(program.options.system), thinking(program.options.think), calls(MaxText),
      called(MaxText) {}

Answerer::~Answerer() {
  lap_chat_free(chat);
  free(tools.text);
}

ExitCode Answerer::open() {
  ExitCode code = program.options.tools ? readAll(program.options.tools, &tools) : ExitOk;
  if (code != ExitOk || (code = program.openSession(0, Checkpoints)) != ExitOk ||
      (code = program.chooseSampling(&sampling)) != ExitOk) {
    return code;
  }
  lap_error error;
  if (lap_chat_create(program.session, nullptr, &chat, &error) != LAP_OK) {
    return report(error);
  }
  color = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
  setThinking(thinking);
  reset();
  return ExitOk;
}

void Answerer::setThinking(uint64_t budget) {
  thinking = budget;
  uint32_t flags = thinking == NotGiven ? 0 : LAP_CHAT_THINK;
  lap_chat_options options{sizeof(lap_chat_options), flags, 0, tools.text, tools.bytes, nullptr, 0};
  lap_error error;
  if (lap_chat_set_options(chat, &options, &error) != LAP_OK) {
    report(error);
  }
}

void Answerer::reset() {
  lap_chat_clear(chat);
  if (system) {
    add("system", textOf(system));
  }
}

ExitCode Answerer::add(const char *role, Text content) {
  lap_error error;
  return lap_chat_add(chat, role, content.data, content.bytes, &error) == LAP_OK ? ExitOk : report(error);
}

ExitCode Answerer::addFile(const char *path) {
  TextInput input;
  ExitCode code = readAll(path, &input);
  lap_error error;
  if (code == ExitOk && lap_chat_add_json(chat, input.text, input.bytes, &error) != LAP_OK) {
    code = complain(exitCodeOf(error.status), "%s: %s", path, error.message);
  }
  free(input.text);
  return code;
}

ExitCode Answerer::addResult(Text tool, Text content) {
  Buffer json(MaxText);
  json.put("{\"role\":\"tool\",\"name\":");
  printJsonString(tool, json);
  json.put(",\"content\":");
  printJsonString(content, json);
  json.put('}');
  lap_error error;
  return lap_chat_add_json(chat, json.data(), json.size(), &error) == LAP_OK ? ExitOk : report(error);
}

ExitCode Answerer::answer() {
  const Options &options = program.options;
  uint32_t usual = isatty(STDIN_FILENO) ? DefaultChatTokens : DefaultTokens;
  lap_answer_options how{};
  how.struct_size = sizeof(how);
  how.sampling = &sampling;
  how.stops = options.stops;
  how.stop_count = options.stopCount;
  how.max_tokens = options.tokens == NotGiven ? usual : static_cast<uint32_t>(options.tokens);
  how.thought_tokens = thinking < UINT32_MAX ? static_cast<uint32_t>(thinking) : 0;
  how.constraint = program.constraint;
  calls.clear(), called.clear();
  lap_error error;
  if (options.tokens == 0) {
    return ExitOk;
  }
  startText(program, how.max_tokens);
  return lap_chat_answer(chat, &how, &error) == LAP_OK ? run() : report(error);
}

ExitCode Answerer::run() {
  double start = nowMs(), firstToken = 0;
  lap_error error;
  lap_chat_event event{};
  bool cancelled = false;
  do {
    if (lap_chat_next(chat, &event, &error) != LAP_OK) {
      endThought();
      return report(error);
    }
    firstToken = event.kind != LAP_CHAT_PROMPT && firstToken == 0 ? nowMs() : firstToken;
    show(event);
    if (!cancelled && (interrupted() || !out.good())) {
      cancelled = true;
      lap_chat_cancel(chat);
    }
  } while (event.kind != LAP_CHAT_END);
  endThought();
  out.put("\n");
  out.put(calls.data(), calls.size());
  out.flush();
  count(start, firstToken);
  if (strcmp(event.text, "context") == 0 && !program.options.quiet) {
    message("note: stopped because the context of %u tokens is full", lap_session_context(program.session));
  }
  Stop why = strcmp(event.text, "context") == 0  ? Stop::ContextFull
             : strcmp(event.text, "length") == 0 ? Stop::Limit
                                                 : Stop::EndOfSequence;
  return interrupted() ? ExitInterrupted : exitCodeOf(checkWhole(program, why));
}

/// The messages go to the file, as JSON that --messages reads too; what the session has read of them beside it.
ExitCode Answerer::save(Text path) {
  char file[MaxPath], sessionFile[MaxPath];
  if (!makePaths(path, file, sessionFile)) {
    return ExitInput;
  }
  size_t bytes = 0;
  const char *json = lap_chat_messages(chat, &bytes);
  AtomicFile out;
  ExitCode code = out.open(file);
  code = code == ExitOk ? out.write(json, bytes) : code;
  code = code == ExitOk ? out.commit() : code;
  lap_error error;
  if (code == ExitOk && lap_session_save(program.session, sessionFile, &error) != LAP_OK) {
    code = report(error);
  }
  return code;
}

/// A session file that is missing or does not fit costs time only: the messages are read again by the model.
ExitCode Answerer::load(Text path) {
  char file[MaxPath], sessionFile[MaxPath];
  if (!makePaths(path, file, sessionFile)) {
    return ExitInput;
  }
  TextInput input;
  ExitCode code = readAll(file, &input);
  lap_error error;
  Arena arena(16 * MaxText);
  Value messages;
  if (code == ExitOk && readJson({input.text, input.bytes}, file, arena, &messages, &error) != LAP_OK) {
    code = report(error);
  } else if (code == ExitOk && !messages.is(Value::ListKind)) {
    code = complain(ExitInput, "%s: not a conversation; expected a JSON array of messages", file);
  }
  if (code == ExitOk) {
    lap_chat_clear(chat);
    code = lap_chat_add_json(chat, input.text, input.bytes, &error) == LAP_OK ? ExitOk : report(error);
  }
  free(input.text);
  if (code == ExitOk && lap_session_load(program.session, sessionFile, &error) != LAP_OK) {
    message("note: %s; the conversation will be read again", error.message);
  }
  return code;
}

void Answerer::count(double start, double firstToken) {
  lap_chat_usage usage{};
  usage.struct_size = sizeof(usage);
  lap_error error;
  lap_chat_get_usage(chat, &usage, &error);
  program.promptTokens += usage.read_tokens;
  program.decodeTokens += usage.answer_tokens;
  ++program.prompts;
  program.promptMs += firstToken - start;
  program.decodeMs += nowMs() - firstToken;
}

void Answerer::show(const lap_chat_event &event) {
  Text text = {event.text, event.bytes};
  switch (event.kind) {
  case LAP_CHAT_TEXT:
    endThought();
    out.put(text.data, text.bytes);
    out.flush();
    break;
  case LAP_CHAT_THOUGHT:
    if (!program.options.quiet) { // dim on a terminal, apart in a log
      Output errors(STDERR_FILENO);
      errors.put(inThought ? "" : color ? "\033[2m" : "thought: ");
      errors.put(text.data, text.bytes);
      errors.flush();
      inThought = true;
    }
    break;
  case LAP_CHAT_CALL:
    endThought();
    calls.put("{\"name\":");
    printJsonString(text, calls);
    calls.put(",\"arguments\":");
    calls.put({event.arguments, event.arguments_bytes});
    calls.put("}\n");
    called.put(text);
    called.put('\n');
    break;
  case LAP_CHAT_BAD_CALL:
    endThought();
    message("note: the model wrote a tool call that cannot be read: %s", event.text);
    break;
  case LAP_CHAT_END:
  case LAP_CHAT_PROMPT:
    break;
  }
}

void Answerer::endThought() {
  if (inThought) {
    Output errors(STDERR_FILENO);
    errors.put(color ? "\033[0m\n" : "\n");
    errors.flush();
  }
  inThought = false;
}

} // namespace lap
