//===- Request.cpp - what a client asks for -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Request.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Request.h"

#include "runtime/src/Model.h"

#include <algorithm>
#include <sys/random.h>

namespace lap::server {

namespace {

uint64_t randomSeed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed))) {
    seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  return seed;
}

lap_sampling readSampling(const lap_model &model, const Json &body) {
  lap_sampling sampling{};
  sampling.struct_size = sizeof(sampling);
  lap_model_get_sampling(&model, &sampling, nullptr);
  const bool asked = find(body, "top_p") || find(body, "top_k");
  if (asked && sampling.temperature == 0) {
    sampling.temperature = 1; // a model that is greedy by default, but sampling was asked for
  }
  sampling.temperature = static_cast<float>(numberOr(body, "temperature", double(sampling.temperature), 0, 100));
  sampling.top_p = static_cast<float>(numberOr(body, "top_p", double(sampling.top_p), 0, 1));
  sampling.top_p = std::max(sampling.top_p, 1e-9f); // 0: the likeliest token only
  sampling.top_k = static_cast<uint32_t>(wholeOr(body, "top_k", sampling.top_k, 0, UINT32_MAX));
  return sampling;
}

std::vector<std::string> readStops(const Json &body) {
  std::vector<std::string> stops;
  const Json *given = find(body, "stop");
  const auto add = [&](const Json &stop) {
    const std::string text = stop.is_string() ? stop.get<std::string>() : std::string();
    if (text.empty() || text.size() > MostStopBytes) {
      throw badField("stop", "must be a text, or a list of texts, of 1 to " + std::to_string(MostStopBytes) + " bytes");
    }
    stops.push_back(text);
  };
  if (given && given->is_array()) {
    if (given->size() > MostStops) {
      throw badField("stop", "has " + std::to_string(given->size()) + " texts, at most " + std::to_string(MostStops));
    }
    for (const Json &stop : *given) {
      add(stop);
    }
  } else if (given) {
    add(*given);
  }
  return stops;
}

void refuseWhatWouldChangeTheAnswer(const Json &body) {
  for (const char *name : {"presence_penalty", "frequency_penalty"}) {
    if (numberOr(body, name, 0, -2, 2) != 0) {
      throw badField(name, "is not supported; leave it out");
    }
  }
  const Json *bias = find(body, "logit_bias");
  if (bias && !(bias->is_object() && bias->empty())) {
    throw badField("logit_bias", "is not supported; leave it out");
  }
}

/// What both kinds of request have in common.
void readCommon(const lap_model &model, const Json &body, TextRequest &request) {
  refuseWhatWouldChangeTheAnswer(body);
  request.sampling = readSampling(model, body);
  request.seed = find(body, "seed") ? wholeOr(body, "seed", 0, 0, UINT64_MAX) : randomSeed();
  request.choices = static_cast<uint32_t>(wholeOr(body, "n", 1, 1, MostChoices));
  request.shape.model = blobString(*model.program, model.program->model_name);
  request.shape.stream = flagOr(body, "stream", false);
  request.shape.stops = readStops(body);
  request.ignoreEos = flagOr(body, "ignore_eos", false);
  textOr(body, "model", ""); // there is one
  const Json *options = find(body, "stream_options");
  if (options && !options->is_object()) {
    throw badField("stream_options", "must be an object");
  }
  request.shape.streamUsage = options && request.shape.stream && flagOr(*options, "include_usage", false);
}

/// Sets how many tokens may be generated. `asked`: by the client, UINT32_MAX if it does not say.
void limitTokens(const Settings &settings, uint32_t context, uint64_t asked, TextRequest &request) {
  if (request.ids.empty()) {
    throw ApiError(400, "invalid_request_error", "the prompt is empty");
  }
  if (request.ids.size() >= context) {
    throw ApiError(400, "invalid_request_error",
                   "the prompt has " + std::to_string(request.ids.size()) + " tokens, the context has " +
                       std::to_string(context) + "; shorten it or compile with a larger --context");
  }
  const uint64_t room = context - request.ids.size() + 1; // the last token need not be read
  request.tokens = static_cast<uint32_t>(std::min({asked, room, uint64_t(settings.tokens)}));
}

Thinking readThinking(const Json &body) {
  const Json *variables = find(body, "chat_template_kwargs");
  const Json *enabled = variables && variables->is_object() ? find(*variables, "enable_thinking") : nullptr;
  if (enabled) {
    return flagOr(*variables, "enable_thinking", false) ? Thinking::On : Thinking::Off;
  }
  const std::string effort = textOr(body, "reasoning_effort", "");
  return effort.empty() ? Thinking::Default : effort == "none" ? Thinking::Off : Thinking::On;
}

/// Token ids given as such.
std::vector<int32_t> readIds(const lap_model &model, const Json &list) {
  std::vector<int32_t> ids;
  for (const Json &id : list) {
    if (!id.is_number_integer() || id.get<uint64_t>() >= model.program->vocab) { // a negative one is huge
      throw badField("prompt", "has a token that is not 0.." + std::to_string(model.program->vocab - 1) + ": " +
                                   written(id).substr(0, 100));
    }
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

std::vector<int32_t> readPrompt(const lap_model &model, const Json &body) {
  const Json *prompt = find(body, "prompt");
  if (prompt && prompt->is_array() && prompt->size() == 1 && !prompt->front().is_number()) {
    prompt = &prompt->front(); // a list of one prompt
  }
  if (prompt && prompt->is_string()) {
    return tokenize(model, prompt->get<std::string>(), true);
  }
  if (prompt && prompt->is_array() && !prompt->empty() && prompt->front().is_number()) {
    return readIds(model, *prompt);
  }
  throw badField("prompt", "must be a text or a list of token ids; several prompts are several requests");
}

} // namespace

TextRequest readChatRequest(const lap_model &model, const Settings &settings, uint32_t context,
                            const std::string &text) {
  const Json body = parseJson(text);
  TextRequest request;
  readCommon(model, body, request);
  const Json *messages = find(body, "messages");
  if (!messages || !messages->is_array() || messages->empty()) {
    throw badField("messages", "must be a list of at least one message");
  }
  AnswerFormat format = readAnswerFormat(model, body);
  request.shape.logprobs = flagOr(body, "logprobs", false);
  request.topLogprobs = static_cast<uint32_t>(wholeOr(body, "top_logprobs", 0, 0, MostTopLogprobs));
  if (request.topLogprobs != 0 && !request.shape.logprobs) {
    throw badField("top_logprobs", "needs 'logprobs': true");
  }
  const uint64_t older = wholeOr(body, "max_tokens", UINT32_MAX, 1, UINT32_MAX);
  const uint64_t asked = wholeOr(body, "max_completion_tokens", older, 1, UINT32_MAX);
  const Json *tools = format.tools.is_null() ? nullptr : &format.tools;
  request.ids = tokenize(model, renderChat(model, *messages, tools, readThinking(body)), false);
  request.ids.insert(request.ids.end(), format.start.begin(), format.start.end());
  request.shape.start = std::move(format.start);
  request.constraint = std::move(format.constraint);
  request.call = std::move(format.call);
  request.callStart = format.callStart;
  limitTokens(settings, context, asked, request);
  return request;
}

TextRequest readCompletionRequest(const lap_model &model, const Settings &settings, uint32_t context,
                                  const std::string &text) {
  const Json body = parseJson(text);
  TextRequest request;
  request.shape.chat = false;
  readCommon(model, body, request);
  if (flagOr(body, "echo", false) || find(body, "suffix")) {
    throw badField(find(body, "suffix") ? "suffix" : "echo", "is not supported; leave it out");
  }
  request.shape.logprobs = find(body, "logprobs") != nullptr;
  request.topLogprobs = static_cast<uint32_t>(wholeOr(body, "logprobs", 0, 0, MostTopLogprobs));
  request.ids = readPrompt(model, body);
  limitTokens(settings, context, wholeOr(body, "max_tokens", 16, 1, UINT32_MAX), request);
  return request;
}

} // namespace lap::server
