//===- Logprobs.h - how likely a token was --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Logarithms of the model's own probabilities, before temperature and the other choices of sampling.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_LOGPROBS_H
#define LAPIDARY_RUNTIME_SERVER_LOGPROBS_H

#include "runtime/src/server/Generation.h"

namespace lap::server {

/// Fills in token.logprob and the `count` likeliest tokens from logits[vocab]. Of equal ones the lower id comes first.
void findLogprobs(const float *logits, uint32_t vocab, uint32_t count, Token &token);

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_LOGPROBS_H
