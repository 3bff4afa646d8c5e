//===- Request.h - what a client asks for ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bodies of /v1/chat/completions and /v1/completions, checked and turned into what the scheduler needs. Members
// that OpenAI defines and we cannot honour are refused by name when they would change the answer; others are ignored.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_REQUEST_H
#define LAPIDARY_RUNTIME_SERVER_REQUEST_H

#include "runtime/src/server/AnswerFormat.h"
#include "runtime/src/server/Chat.h"
#include "runtime/src/server/Completion.h"
#include "runtime/src/server/Settings.h"

namespace lap::server {

struct TextRequest {
  AnswerShape shape; // id and created are not set
  std::vector<int32_t> ids;
  lap_sampling sampling{};
  uint64_t seed = 0; // random unless given
  uint32_t tokens = 0;
  uint32_t choices = 1;
  uint32_t topLogprobs = 0;
  bool ignoreEos = false; // as llama.cpp and vLLM have it
  Constraint constraint;  // null: any text
  Constraint call;        // see AnswerFormat
  int32_t callStart = -1;
};

/// Both throw ApiError. `context`: most tokens of a sequence.
TextRequest readChatRequest(const lap_model &model, const Settings &settings, uint32_t context,
                            const std::string &body);
TextRequest readCompletionRequest(const lap_model &model, const Settings &settings, uint32_t context,
                                  const std::string &body);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_REQUEST_H
