//===- Logprobs.cpp - how likely a token was ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Logprobs.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Logprobs.h"

#include <algorithm>
#include <cmath>

namespace lap::server {

void findLogprobs(const float *logits, uint32_t vocab, uint32_t count, Token &token) {
  const float most = *std::max_element(logits, logits + vocab);
  double sum = 0;
  for (uint32_t i = 0; i < vocab; ++i) {
    sum += std::exp(logits[i] - most);
  }
  const float shift = most + static_cast<float>(std::log(sum));
  token.logprob = logits[token.id] - shift;
  token.top.clear();
  const auto likelier = [](const TopToken &a, const TopToken &b) {
    return a.logprob > b.logprob || (a.logprob == b.logprob && a.id < b.id);
  };
  for (uint32_t i = 0; i < vocab && count != 0; ++i) { // a heap whose front is the least likely
    const TopToken candidate{static_cast<int32_t>(i), logits[i]};
    if (token.top.size() == count && !likelier(candidate, token.top.front())) {
      continue;
    }
    if (token.top.size() == count) {
      std::pop_heap(token.top.begin(), token.top.end(), likelier);
      token.top.pop_back();
    }
    token.top.push_back(candidate);
    std::push_heap(token.top.begin(), token.top.end(), likelier);
  }
  std::sort_heap(token.top.begin(), token.top.end(), likelier);
  for (TopToken &top : token.top) {
    top.logprob -= shift;
  }
}

} // namespace lap::server
