//===- Generation.h - one sequence to be continued ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the API asks of the scheduler, and how the answer comes back. A consumer is called on the scheduler's thread, so
// it must be quick and never block. If it throws, its sequence ends as Failed and others go on.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_GENERATION_H
#define LAPIDARY_RUNTIME_SERVER_GENERATION_H

#include "lapidary/lapidary.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lap::server {

struct TopToken {
  int32_t id;
  float logprob; // natural logarithm
};

struct Token {
  int32_t id = 0;
  float logprob = 0;         // of the model's distribution, before temperature
  std::vector<TopToken> top; // the likeliest, in order; empty unless asked for
};

enum class Finish { Stop, Length, Cancelled, Failed };

/// Tokens of one generation.
struct Usage {
  uint32_t prompt = 0, reused = 0, generated = 0; // reused: of the prompt, not read again
};

class Consumer {
public:
  virtual ~Consumer() = default;
  /// A token, end-of-sequence ids included. False: the answer is complete.
  virtual bool token(const Token &token) = 0;
  /// Once, last. `error` says why for Failed.
  virtual void end(Finish finish, const Usage &usage, const std::string &error) = 0;
  /// True when nobody waits for the answer any more.
  virtual bool cancelled() const = 0;
};

struct Generation {
  std::vector<int32_t> ids; // at least one
  lap_sampling sampling{};
  uint64_t seed = 0;
  uint32_t tokens = 0; // most to generate
  bool logprobs = false;
  bool ignoreEos = false; // go on after the model has ended its text; for measurements
  uint32_t topLogprobs = 0;
  std::shared_ptr<lap_constraint> constraint; // null: any text; else of this sequence alone
  std::shared_ptr<lap_constraint> call;       // holds from each `callStart` until it is finished; null: none
  int32_t callStart = -1;
  std::chrono::steady_clock::time_point deadline;
  std::shared_ptr<Consumer> consumer;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_GENERATION_H
