//===- AnswerJson.h - the JSON of answers ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The objects of the OpenAI API: chat.completion, chat.completion.chunk, text_completion, and their parts.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_ANSWERJSON_H
#define LAPIDARY_RUNTIME_SERVER_ANSWERJSON_H

#include "runtime/src/server/Completion.h"

namespace lap::server {

/// id, object, created, model and the choices.
Json answerJson(const AnswerShape &shape, Json choices);

/// A choice of a chunk: what came since the last one. finish: null while it goes on. `first`: names the role too.
Json deltaJson(const lap_model &model, const AnswerShape &shape, uint32_t index, const ChoiceText &delta,
               const char *finish, bool first);

/// A whole choice.
Json choiceJson(const lap_model &model, const AnswerShape &shape, uint32_t index, const ChoiceText &text,
                const std::string &finish);

Json usageJson(const Usage &usage);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_ANSWERJSON_H
