//===- Conversation.cpp - a chat and the sequence that holds it -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Conversation.h. Messages first, then reading a prompt, then the answer.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Conversation.h"
#include "runtime/src/chat/OutputParser.h"
#include "runtime/src/chat/Print.h"
#include "runtime/src/cli/Prompt.h"

#include <stdlib.h>
#include <unistd.h>

namespace lap {

namespace {

constexpr size_t MaxText = 64u << 20;
constexpr uint64_t DefaultAnswer = 256, DefaultChatAnswer = 4096;

} // namespace

Conversation::Conversation(Program &program, Output &out)
    : program(program), out(out), messages(MaxText), answerText(MaxText), thoughtText(MaxText), callText(MaxText),
      calls(MaxText) {}

Conversation::~Conversation() {
  lap_chat_parser_free(parser);
  free(held);
  free(tools.text);
}

ExitCode Conversation::open() {
  const Options &options = program.options;
  ExitCode code = options.tools ? readAll(options.tools, &tools) : ExitOk;
  if (code == ExitOk) {
    code = program.openSession();
  }
  lap_error error;
  if (code == ExitOk && lap_chat_parser_create(program.model, &parser, &error) != LAP_OK) {
    code = report(error);
  }
  if (code == ExitOk) {
    held = static_cast<int32_t *>(malloc((size_t(lap_session_context(program.session)) + 1) * sizeof(int32_t)));
    code = held ? program.chooseSampling(&sampling) : complain(ExitMemory, "not enough memory for a conversation");
  }
  system = options.system;
  thinking = options.think;
  stop.set(options.stops, options.stopCount);
  isTerminal = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
  return code;
}

void Conversation::startMessage(const char *role) {
  lastStart = messages.size();
  messages.put(count++ ? "," : "");
  messages.put("{\"role\":\"");
  messages.put(role);
  messages.put("\"");
}

void Conversation::addMessage(const char *role, Text content) {
  startMessage(role);
  messages.put(",\"content\":");
  printJsonString(content, messages);
  messages.put('}');
}

void Conversation::addToolResult(Text name, Text content) {
  startMessage("tool");
  messages.put(",\"name\":");
  printJsonString(name, messages);
  messages.put(",\"content\":");
  printJsonString(content, messages);
  messages.put('}');
}

void Conversation::dropLast() {
  messages.truncate(lastStart);
  count -= count != 0;
}

ExitCode Conversation::readMessages(const char *path) {
  TextInput input;
  ExitCode code = readAll(path, &input);
  if (code != ExitOk) {
    return code;
  }
  Text list = strip({input.text, input.bytes}, nullptr, true, true);
  if (!startsWith(list, {"[", 1}) || !endsWith(list, {"]", 1})) {
    code = complain(ExitInput,
                    "%s: not a JSON array of messages; expected [{\"role\": \"user\", \"content\": \"..\"}, ..]", path);
  } else {
    messages.clear();
    messages.put(strip(list.part(1, list.bytes - 1), nullptr, true, true));
    count = messages.size() != 0;
  }
  free(input.text);
  return code;
}

ExitCode Conversation::render(char **text, size_t *bytes) {
  Buffer json(MaxText);
  json.put('[');
  if (system) {
    json.put("{\"role\":\"system\",\"content\":");
    printJsonString(textOf(system), json);
    json.put(messages.size() ? "}," : "}");
  }
  json.put(messages.text());
  json.put(']');
  lap_chat_options options{};
  options.struct_size = sizeof(options);
  options.flags = thinking == NotGiven ? 0 : LAP_CHAT_THINK;
  options.tools = tools.text;
  options.tools_bytes = tools.bytes;
  lap_error error;
  lap_status status = lap_model_render_chat(program.model, json.data(), json.size(), &options, text, bytes, &error);
  return json.failed() || messages.failed() ? complain(ExitMemory, "the conversation is too long")
         : status == LAP_OK                 ? ExitOk
                                            : report(error);
}

/// Reads what of the prompt the session does not hold. At least one id is read, so that there are logits.
ExitCode Conversation::readNew(const IdList &prompt) {
  if (prompt.count > lap_session_context(program.session)) {
    return complain(ExitInput,
                    "the conversation has %zu tokens, but the context only %u; start again (/reset) or compile with a "
                    "larger --context",
                    prompt.count, lap_session_context(program.session));
  }
  uint32_t position = lap_session_position(program.session);
  size_t common = 0;
  while (common < position && common + 1 < prompt.count && held[common] == prompt.ids[common]) {
    ++common;
  }
  lap_error error;
  if (common < position && lap_session_rewind(program.session, static_cast<uint32_t>(common), &error) != LAP_OK) {
    common = 0; // the sliding windows have forgotten: all of it is read again
    lap_session_rewind(program.session, 0, &error);
  }
  memcpy(held + common, prompt.ids + common, (prompt.count - common) * sizeof(int32_t));
  next = prompt.count;
  return program.readPrompt({prompt.ids + common, prompt.count - common});
}

ExitCode Conversation::answer() {
  char *text = nullptr;
  TextInput prompt;
  IdList ids;
  ExitCode code = render(&text, &prompt.bytes);
  prompt.text = text;
  if (code == ExitOk) {
    code = tokenize(*program.model, prompt, 0, &ids); // the template writes its own <bos>
  }
  code = code == ExitOk ? readNew(ids) : code;
  lap_text_free(text);
  free(ids.ids);
  return code == ExitOk ? generate() : code;
}

ExitCode Conversation::generate() {
  const Options &options = program.options;
  lap_chat_parser_reset(parser);
  answerText.clear(), thoughtText.clear(), callText.clear(), calls.clear();
  ended = false;
  thoughtTokens = 0;
  uint64_t usual = isatty(STDIN_FILENO) ? DefaultChatAnswer : DefaultAnswer;
  Stop why = writeTokens(program, sampling, options.tokens == NotGiven ? usual : options.tokens, onToken, this);
  lap_error error;
  lap_chat_parser_finish(parser, &error);
  lap_chat_event event;
  while (lap_chat_parser_next(parser, &event)) {
    takeEvent(event);
  }
  endThought();
  Buffer rest(1 << 20);
  stop.finish(rest);
  showAnswer(ended ? Text() : rest.text());
  out.put("\n");
  out.put(callText.data(), callText.size());
  out.flush();
  keepAnswer();
  if (why == Stop::ContextFull && !options.quiet) {
    message("note: stopped because the context of %u tokens is full", lap_session_context(program.session));
  }
  return why == Stop::Failed ? ExitInternal : why == Stop::Interrupted ? ExitInterrupted : ExitOk;
}

bool Conversation::onToken(void *context, int32_t *id) { return static_cast<Conversation *>(context)->take(id); }

bool Conversation::take(int32_t *id) {
  const OutputParser &state = outputParserOf(parser);
  if (state.inThought() && state.tokens().channelClose >= 0 && ++thoughtTokens > thinking) {
    *id = state.tokens().channelClose; // the budget is spent
  }
  held[next] = *id; // the session holds it once it has been decoded: its position says so
  next += next < lap_session_context(program.session);
  lap_error error;
  if (lap_chat_parser_push(parser, *id, &error) != LAP_OK) {
    report(error);
    return false;
  }
  lap_chat_event event;
  while (!ended && lap_chat_parser_next(parser, &event)) {
    takeEvent(event);
  }
  out.flush();
  return !ended && out.good();
}

void Conversation::takeEvent(const lap_chat_event &event) {
  Text text = {event.text, event.bytes};
  Buffer certain(1 << 20);
  switch (event.kind) {
  case LAP_CHAT_TEXT:
    endThought();
    ended = stop.feed(text, certain) || ended;
    showAnswer(certain.text());
    break;
  case LAP_CHAT_THOUGHT:
    showThought(text);
    break;
  case LAP_CHAT_CALL:
    endThought();
    callText.put("{\"name\":");
    printJsonString(text, callText);
    callText.put(",\"arguments\":");
    callText.put({event.arguments, event.arguments_bytes});
    callText.put("}\n");
    calls.put(text);
    calls.put('\n');
    break;
  case LAP_CHAT_BAD_CALL:
    message("note: the model wrote a tool call that cannot be read: %s", event.text);
    break;
  case LAP_CHAT_END:
    break;
  }
}

void Conversation::showAnswer(Text text) {
  answerText.put(text);
  out.put(text.data, text.bytes);
}

/// Thoughts are dim on a terminal and stand apart in a log.
void Conversation::showThought(Text text) {
  thoughtText.put(text);
  if (program.options.quiet) {
    return;
  }
  Output errors(STDERR_FILENO);
  if (!showsThought) {
    errors.put(isTerminal ? "\033[2m" : "thought: ");
  }
  showsThought = true;
  errors.put(text.data, text.bytes);
  errors.flush();
}

void Conversation::endThought() {
  if (showsThought) {
    Output errors(STDERR_FILENO);
    errors.put(isTerminal ? "\033[0m\n" : "\n");
    errors.flush();
  }
  showsThought = false;
}

/// The answer as a message; the thought goes with it, and the template decides what becomes of it.
void Conversation::keepAnswer() {
  startMessage("assistant");
  messages.put(",\"content\":");
  printJsonString(answerText.text(), messages);
  if (thoughtText.size()) {
    messages.put(",\"reasoning_content\":");
    printJsonString(strip(thoughtText.text(), nullptr, true, true), messages);
  }
  Text rest = callText.text();
  for (bool first = true; rest.bytes; first = false) {
    size_t end = findText(rest, {"\n", 1});
    messages.put(first ? ",\"tool_calls\":[" : ",");
    messages.put("{\"type\":\"function\",\"function\":");
    messages.put(rest.part(0, end));
    messages.put('}');
    rest = rest.part(end + 1, rest.bytes);
  }
  messages.put(callText.size() ? "]}" : "}");
}

} // namespace lap
