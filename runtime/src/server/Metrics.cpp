//===- Metrics.cpp - what /metrics tells ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names follow the conventions of Prometheus: base units, _total for counters.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Metrics.h"

#include <cstdio>

namespace lap::server {

namespace {

void add(std::string &out, const char *name, const char *type, const char *help, double value) {
  char line[512];
  snprintf(line, sizeof(line), "# HELP lapidary_%s %s\n# TYPE lapidary_%s %s\nlapidary_%s %.17g\n", name, help, name,
           type, name, value);
  out += line;
}

} // namespace

std::string Metrics::text() const {
  std::string out;
  const auto counter = [&](const char *name, const char *help, const std::atomic<uint64_t> &value) {
    add(out, name, "counter", help, static_cast<double>(value.load()));
  };
  const auto seconds = [&](const char *name, const char *help, const std::atomic<uint64_t> &microseconds) {
    add(out, name, "counter", help, static_cast<double>(microseconds.load()) * 1e-6);
  };
  const auto gauge = [&](const char *name, const char *help, const std::atomic<uint32_t> &value) {
    add(out, name, "gauge", help, value.load());
  };
  counter("requests_total", "Requests for text.", requests);
  counter("requests_refused_total", "Requests answered with an error.", refused);
  counter("requests_cancelled_total", "Sequences whose client went away.", cancelled);
  counter("requests_failed_total", "Sequences that failed inside.", failed);
  counter("prompt_tokens_total", "Tokens of prompts.", promptTokens);
  counter("prompt_tokens_reused_total", "Tokens of prompts that were not read again.", reusedTokens);
  counter("generated_tokens_total", "Tokens generated.", generatedTokens);
  counter("decode_steps_total", "Passes over the weights for generated tokens.", steps);
  counter("decode_rows_total", "Sequences in those passes.", stepRows);
  counter("draft_tokens_total", "Tokens guessed while one sequence ran alone (--drafts).", guesses);
  counter("draft_tokens_right_total", "Guesses that were then drawn.", rightGuesses);
  seconds("decode_seconds_total", "Time in those passes.", decodeMicroseconds);
  seconds("prompt_seconds_total", "Time reading prompts.", promptMicroseconds);
  counter("first_tokens_total", "Answers that began.", firstTokens);
  seconds("first_token_seconds_total", "Time from request to first token, all together.", firstTokenMicroseconds);
  gauge("requests_waiting", "Sequences that wait for a place.", waiting);
  gauge("requests_running", "Sequences being computed.", running);
  gauge("connections", "Open connections.", connections);
  return out;
}

} // namespace lap::server
