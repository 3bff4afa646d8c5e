//===- ChatProbe.cpp - find out what a chat template puts around turns ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Renders the template on conversations whose texts are unmistakable marks and reads off what stands between the
// marks. A format found this way is only believed after the runtime's own code, fed with it, has reproduced the
// template on conversations it was not derived from.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatFormatData.h"
#include "frontends/tokenizer/JinjaAst.h"

#include <algorithm>

using namespace lapidary;
using jinja::Value;

namespace {

struct Message {
  lap_chat_role role;
  std::string text;
};
using Conversation = std::vector<Message>;

const std::string systemMark = "lapidary probe system", userMark = "lapidary probe user one",
                  modelMark = "lapidary probe model", secondMark = "lapidary probe user two";
const Message systemTurn = {LAP_CHAT_ROLE_SYSTEM, systemMark}, userTurn = {LAP_CHAT_ROLE_USER, userMark},
              modelTurn = {LAP_CHAT_ROLE_MODEL, modelMark}, secondTurn = {LAP_CHAT_ROLE_USER, secondMark};

bool startsWith(const std::string &text, const std::string &start) { return text.compare(0, start.size(), start) == 0; }
bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

class Prober {
public:
  Prober(const jinja::Template &parsed, const std::string &bos, std::string &error)
      : parsed(parsed), bos(bos), error(error) {}

  bool probe(const std::string &source) {
    return probeTurns() && probeGeneration() && probeTrim() && probeThoughts(source) && probeSystem() &&
           probeThinking() && verify();
  }
  ChatFormatData data;

private:
  bool probeTurns();
  bool probeGeneration();
  bool probeTrim();
  bool probeThoughts(const std::string &source);
  bool probeSystem();
  bool probeThinking();
  bool verify();
  bool verifyOne(const Conversation &conversation, uint32_t options, const lap_chat_format *format);

  std::optional<std::string> print(const Conversation &conversation, bool generation = false, bool think = false);
  /// Prints the conversation and cuts the result at the marks of its messages: one part more than messages.
  std::optional<std::vector<std::string>> around(const Conversation &conversation, bool generation = false,
                                                 bool think = false);
  std::string &at(lap_chat_string which) { return data.strings[which]; }
  bool fail(const std::string &message) {
    error = message;
    return false;
  }

  const jinja::Template &parsed;
  const std::string &bos;
  std::string &error;
};

std::optional<std::string> Prober::print(const Conversation &conversation, bool generation, bool think) {
  static const char *const roles[] = {"system", "user", "assistant"};
  Value::List messages;
  for (const Message &message : conversation) {
    messages.push_back(
        Value::mapOf({{"role", Value::string(roles[message.role])}, {"content", Value::string(message.text)}}));
  }
  Value variables = Value::mapOf({{"messages", Value::listOf(std::move(messages))},
                                  {"bos_token", Value::string(bos)},
                                  {"tools", Value::none()},
                                  {"add_generation_prompt", Value::boolean(generation)}});
  if (think) { // left undefined otherwise, as transformers does
    variables.setMember("enable_thinking", Value::boolean(true));
  }
  return jinja::render(parsed, variables, error);
}

std::optional<std::vector<std::string>> Prober::around(const Conversation &conversation, bool generation, bool think) {
  std::optional<std::string> text = print(conversation, generation, think);
  if (!text) {
    return std::nullopt;
  }
  std::vector<std::string> parts;
  size_t start = 0;
  for (const Message &message : conversation) {
    size_t found = text->find(message.text, start);
    if (found == std::string::npos) {
      fail("a message's text does not appear in order");
      return std::nullopt;
    }
    parts.push_back(text->substr(start, found - start));
    start = found + message.text.size();
  }
  parts.push_back(text->substr(start));
  return parts;
}

bool Prober::probeTurns() {
  auto one = around({userTurn}), two = around({userTurn, modelTurn, secondTurn});
  if (!one || !two) {
    return false;
  }
  const std::string &before = (*one)[0], &after = (*one)[1], &toModel = (*two)[1], &toUser = (*two)[2];
  at(LAP_CHAT_BOS) = !bos.empty() && startsWith(before, bos) ? bos : "";
  at(LAP_CHAT_USER_PREFIX) = before.substr(at(LAP_CHAT_BOS).size());
  at(LAP_CHAT_USER_SUFFIX) = after;
  const std::string &prefix = at(LAP_CHAT_USER_PREFIX);
  if ((*two)[0] != before || (*two)[3] != after || !startsWith(toModel, after) || !endsWith(toUser, prefix)) {
    return fail("a turn looks different depending on its neighbours");
  }
  at(LAP_CHAT_MODEL_PREFIX) = toModel.substr(after.size());
  at(LAP_CHAT_MODEL_SUFFIX) = toUser.substr(0, toUser.size() - prefix.size());
  return true;
}

bool Prober::probeGeneration() {
  auto parts = around({userTurn}, true);
  if (!parts || !startsWith((*parts)[1], at(LAP_CHAT_USER_SUFFIX))) {
    return parts && fail("the generation prompt changes the turn before it");
  }
  at(LAP_CHAT_GENERATION) = (*parts)[1].substr(at(LAP_CHAT_USER_SUFFIX).size());
  return true;
}

bool Prober::probeTrim() {
  auto plain = print({userTurn}), padded = print({{LAP_CHAT_ROLE_USER, " \n\t" + userMark + "\n "}});
  if (plain && padded && *plain == *padded) {
    data.flags |= LAP_CHAT_TRIM;
  }
  return plain && padded;
}

/// Thoughts are recognised by Gemma 4's channel tokens, when the template mentions them.
bool Prober::probeThoughts(const std::string &source) {
  const std::string open = "<|channel>", close = "<channel|>";
  if (source.find(open) == std::string::npos || source.find(close) == std::string::npos) {
    return true;
  }
  at(LAP_CHAT_THOUGHT_OPEN) = open;
  at(LAP_CHAT_THOUGHT_CLOSE) = close;
  auto plain = print({userTurn, modelTurn, secondTurn});
  auto thoughtful = print({userTurn, {LAP_CHAT_ROLE_MODEL, open + "thought\nhm" + close + modelMark}, secondTurn});
  if (plain && thoughtful && *plain == *thoughtful) {
    data.flags |= LAP_CHAT_STRIP_THOUGHTS;
  }
  return plain && thoughtful;
}

bool Prober::probeSystem() {
  auto parts = around({systemTurn, userTurn});
  if (!parts) { // the template refuses system texts: a format without them
    return true;
  }
  if (!startsWith((*parts)[0], at(LAP_CHAT_BOS)) || (*parts)[2] != at(LAP_CHAT_USER_SUFFIX)) {
    return fail("a system text changes the turns after it");
  }
  const std::string &between = (*parts)[1], &prefix = at(LAP_CHAT_USER_PREFIX);
  bool ownTurn = endsWith(between, prefix); // else the system text is the beginning of the user turn
  data.flags |= LAP_CHAT_SYSTEM;
  at(LAP_CHAT_SYSTEM_PREFIX) = (*parts)[0].substr(at(LAP_CHAT_BOS).size());
  at(LAP_CHAT_SYSTEM_PREFIX_THINKING) = at(LAP_CHAT_SYSTEM_PREFIX);
  at(LAP_CHAT_SYSTEM_SUFFIX) = between.substr(0, between.size() - (ownTurn ? prefix.size() : 0));
  at(LAP_CHAT_USER_AFTER_SYSTEM) = ownTurn ? prefix : "";
  return true;
}

bool Prober::probeThinking() {
  auto plain = around({userTurn}, true), thinking = around({userTurn}, true, true);
  if (!plain || !thinking || *plain == *thinking) {
    return plain && thinking;
  }
  const std::string &bosText = at(LAP_CHAT_BOS), &prefix = at(LAP_CHAT_USER_PREFIX), &suffix = at(LAP_CHAT_USER_SUFFIX);
  const std::string &before = (*thinking)[0], &after = (*thinking)[1];
  if (!startsWith(before, bosText) || !endsWith(before, prefix) || before.size() < bosText.size() + prefix.size() ||
      !startsWith(after, suffix)) {
    return fail("thinking changes the turns themselves");
  }
  data.flags |= LAP_CHAT_THINKING;
  at(LAP_CHAT_THINKING_PRELUDE) = before.substr(bosText.size(), before.size() - bosText.size() - prefix.size());
  at(LAP_CHAT_GENERATION_THINKING) = after.substr(suffix.size());
  if (data.flags & LAP_CHAT_SYSTEM) {
    auto system = around({systemTurn, userTurn}, true, true);
    if (!system || !startsWith((*system)[0], bosText)) {
      return system && fail("thinking changes what stands before the system text");
    }
    at(LAP_CHAT_SYSTEM_PREFIX_THINKING) = (*system)[0].substr(bosText.size());
  }
  return true;
}

/// The runtime must print this conversation as the template does.
bool Prober::verifyOne(const Conversation &conversation, uint32_t options, const lap_chat_format *format) {
  std::vector<lap_chat_turn> turns;
  for (const Message &message : conversation) {
    turns.push_back({message.role, message.text.data(), message.text.size()});
  }
  uint64_t size = 0;
  lap_chat_prompt(format, turns.data(), turns.size(), options, nullptr, 0, &size);
  std::string prompt(size, '\0');
  lap_chat_status status = lap_chat_prompt(format, turns.data(), turns.size(), options, prompt.data(), size, &size);
  auto expected = print(conversation, options & LAP_CHAT_ADD_GENERATION, options & LAP_CHAT_THINK);
  return expected && ((status == LAP_CHAT_OK && *expected == prompt) ||
                      fail("its prompts cannot be put together from fixed strings"));
}

bool Prober::verify() {
  std::vector<char> block = writeChatFormat(data);
  const lap_chat_format *format = lap_chat_format_open(block.data(), block.size());
  const Message padded = {LAP_CHAT_ROLE_USER, " \t a {{ b }}\n\n {% c \xE2\x80\x83\n"},
                empty = {LAP_CHAT_ROLE_USER, ""};
  const Message thought = {LAP_CHAT_ROLE_MODEL, " <|channel>thought\nx\n<channel|> y <|channel>z<channel|> w \n"};
  std::vector<Conversation> conversations = {{padded}, {empty}, {userTurn, thought, padded, modelTurn, secondTurn}};
  if (data.flags & LAP_CHAT_SYSTEM) {
    conversations.push_back({{LAP_CHAT_ROLE_SYSTEM, "\n be brief\n"}, padded, thought, secondTurn});
  }
  for (const Conversation &conversation : conversations) {
    for (uint32_t options :
         {0u, unsigned(LAP_CHAT_ADD_GENERATION), unsigned(LAP_CHAT_ADD_GENERATION | LAP_CHAT_THINK)}) {
      if (!format || !verifyOne(conversation, options, format)) {
        return false;
      }
    }
  }
  return true;
}

} // namespace

std::optional<ChatFormatData> lapidary::probeChatTemplate(const std::string &source, const std::string &bos,
                                                          std::string &error) {
  std::optional<jinja::Template> parsed = jinja::parseTemplate(source, error);
  if (!parsed) {
    return std::nullopt;
  }
  Prober prober(*parsed, bos, error);
  if (!prober.probe(source)) {
    return std::nullopt;
  }
  return std::move(prober.data);
}
