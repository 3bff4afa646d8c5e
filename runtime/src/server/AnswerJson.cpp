//===- AnswerJson.cpp - the JSON of answers -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See AnswerJson.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/AnswerJson.h"

#include "runtime/src/tokenizer/Utf8.h"

#include <cmath>

namespace lap::server {

namespace {

/// The text, or U+FFFD for a part of a character; `bytes` of an entry says what it is.
std::string shown(const std::string &text) {
  int valid = 0;
  lap_utf8_replaced_bytes(text.data(), text.size(), &valid);
  return valid ? text : "\xEF\xBF\xBD";
}

/// JSON has no infinity: what cannot come has the log probability -9999, as OpenAI writes it.
double finite(float logprob) { return std::isfinite(logprob) ? double(logprob) : -9999.0; }

Json tokenJson(const lap_model &model, int32_t id, float logprob) {
  const std::string text = tokenText(model, id);
  Json bytes = Json::array();
  for (const char byte : text) {
    bytes.push_back(static_cast<unsigned char>(byte));
  }
  return {{"token", shown(text)}, {"logprob", finite(logprob)}, {"bytes", std::move(bytes)}};
}

Json chatLogprobs(const lap_model &model, const std::vector<Token> &tokens) {
  Json content = Json::array();
  for (const Token &token : tokens) {
    Json entry = tokenJson(model, token.id, token.logprob);
    Json top = Json::array();
    for (const TopToken &other : token.top) {
      top.push_back(tokenJson(model, other.id, other.logprob));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

/// The older form of /v1/completions.
Json textLogprobs(const lap_model &model, const std::vector<Token> &tokens) {
  Json texts = Json::array(), logprobs = Json::array(), tops = Json::array();
  for (const Token &token : tokens) {
    texts.push_back(shown(tokenText(model, token.id)));
    logprobs.push_back(finite(token.logprob));
    Json top = Json::object();
    for (const TopToken &other : token.top) {
      top[shown(tokenText(model, other.id))] = finite(other.logprob);
    }
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(texts)}, {"token_logprobs", std::move(logprobs)}, {"top_logprobs", std::move(tops)}};
}

Json logprobsJson(const lap_model &model, const AnswerShape &shape, const std::vector<Token> &tokens) {
  return !shape.logprobs ? Json() : shape.chat ? chatLogprobs(model, tokens) : textLogprobs(model, tokens);
}

Json callsJson(const std::vector<ChoiceText::Call> &calls, bool indexed) {
  Json list = Json::array();
  for (const ChoiceText::Call &call : calls) {
    Json entry = Json::object();
    if (indexed) {
      entry["index"] = call.index;
    }
    entry["id"] = call.id;
    entry["type"] = "function";
    entry["function"] = {{"name", call.name}, {"arguments", call.arguments}};
    list.push_back(std::move(entry));
  }
  return list;
}

} // namespace

Json answerJson(const AnswerShape &shape, Json choices) {
  const char *object = !shape.chat ? "text_completion" : shape.stream ? "chat.completion.chunk" : "chat.completion";
  return {{"id", shape.id},
          {"object", object},
          {"created", shape.created},
          {"model", shape.model},
          {"choices", std::move(choices)}};
}

Json deltaJson(const lap_model &model, const AnswerShape &shape, uint32_t index, const ChoiceText &delta,
               const char *finish, bool first) {
  Json choice = {{"index", index}};
  if (shape.chat) {
    Json &members = choice["delta"] = Json::object();
    if (first) {
      members["role"] = "assistant";
    }
    if (first || !delta.text.empty()) {
      members["content"] = delta.text;
    }
    if (!delta.thought.empty()) {
      members["reasoning_content"] = delta.thought;
    }
    if (!delta.calls.empty()) {
      members["tool_calls"] = callsJson(delta.calls, true);
    }
  } else {
    choice["text"] = delta.text;
  }
  choice["logprobs"] = delta.tokens.empty() ? Json() : logprobsJson(model, shape, delta.tokens);
  choice["finish_reason"] = finish ? Json(finish) : Json();
  return choice;
}

Json choiceJson(const lap_model &model, const AnswerShape &shape, uint32_t index, const ChoiceText &text,
                const std::string &finish) {
  Json choice = {{"index", index}};
  if (shape.chat) {
    Json &message = choice["message"] = {{"role", "assistant"}};
    message["content"] = text.text.empty() && !text.calls.empty() ? Json() : Json(text.text);
    if (!text.thought.empty()) {
      message["reasoning_content"] = text.thought;
    }
    if (!text.calls.empty()) {
      message["tool_calls"] = callsJson(text.calls, false);
    }
    message["refusal"] = nullptr;
  } else {
    choice["text"] = text.text;
  }
  choice["logprobs"] = logprobsJson(model, shape, text.tokens);
  choice["finish_reason"] = finish;
  return choice;
}

Json usageJson(const Usage &usage) {
  return {{"prompt_tokens", usage.prompt},
          {"completion_tokens", usage.generated},
          {"total_tokens", uint64_t(usage.prompt) + usage.generated},
          {"prompt_tokens_details", {{"cached_tokens", usage.reused}}}};
}

} // namespace lap::server
