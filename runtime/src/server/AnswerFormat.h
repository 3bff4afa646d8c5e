//===- AnswerFormat.h - what an answer must look like ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// response_format and tool_choice of a chat request become a constraint that the scheduler samples under, so that an
// answer is what was asked for by construction.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_ANSWERFORMAT_H
#define LAPIDARY_RUNTIME_SERVER_ANSWERFORMAT_H

#include "lapidary/lapidary.h"
#include "runtime/src/server/Json.h"

#include <memory>
#include <vector>

namespace lap::server {

using Constraint = std::shared_ptr<lap_constraint>;

struct AnswerFormat {
  Json tools;                 // that the prompt offers; null: none
  Constraint constraint;      // null: any text
  std::vector<int32_t> start; // the answer's first ids, which are read with the prompt
  Constraint call;            // of every call that the model begins by itself; null: none, or not expressible
  int32_t callStart = -1;     // the token that begins one
};

/// The format that a chat request asks for. Throws ApiError with the field.
AnswerFormat readAnswerFormat(const lap_model &model, const Json &body);

/// The same constraint for another sequence; null for null. Throws std::bad_alloc.
Constraint cloned(const Constraint &constraint);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_ANSWERFORMAT_H
