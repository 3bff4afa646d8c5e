//===- Perplexity.cpp - how well the model predicts given ids -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Windows without overlap, each a fresh sequence whose first token is not scored. exp of the mean negative
// log-probability, log-softmax in double.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <math.h>

namespace lap {

namespace {

constexpr uint32_t RowsAtOnce = 32; // of logits; 32 MiB at Gemma's vocabulary

/// -log softmax(logits)[target].
double surprise(const float *logits, uint32_t vocab, int32_t target) {
  double largest = -INFINITY, sum = 0;
  for (uint32_t i = 0; i < vocab; ++i) {
    largest = fmax(largest, static_cast<double>(logits[i]));
  }
  for (uint32_t i = 0; i < vocab; ++i) {
    sum += exp(static_cast<double>(logits[i]) - largest);
  }
  return log(sum) + largest - static_cast<double>(logits[target]);
}

/// Adds the surprise of ids[1..count) to *sum.
ExitCode scoreWindow(Program &program, const int32_t *ids, size_t count, uint32_t rows, double *sum) {
  lap_error error;
  lap_session_rewind(program.session, 0, &error);
  for (size_t done = 0; done + 1 < count; done += rows) { // the last id predicts nothing that is scored
    size_t part = count - 1 - done < rows ? count - 1 - done : rows;
    if (interrupted()) {
      return ExitInterrupted;
    }
    if (lap_session_score(program.session, ids + done, part, &error) != LAP_OK) {
      return report(error);
    }
    for (size_t row = 0; row < part; ++row) {
      *sum += surprise(lap_session_logits(program.session, row), program.descriptor().vocab, ids[done + row + 1]);
    }
  }
  return ExitOk;
}

} // namespace

ExitCode runPerplexity(const Options &options, Output &out) {
  Program program(options);
  IdList ids;
  uint32_t rows = options.chunk == NotGiven ? RowsAtOnce : static_cast<uint32_t>(options.chunk);
  ExitCode code = program.openSession(rows);
  if (code != ExitOk || (code = readIds(options.ids, program.descriptor().vocab, &ids)) != ExitOk) {
    return code;
  }
  size_t window = options.window == NotGiven ? 512 : options.window;
  if ((code = program.requireRoom(window < ids.count ? window : ids.count, "the window")) != ExitOk) {
    return code;
  }
  uint32_t context = lap_session_context(program.session);
  rows = rows < context ? rows : context; // what the session made of it
  double start = nowMs(), sum = 0;
  uint64_t scored = 0;
  for (size_t done = 0; done + 1 < ids.count; done += window) {
    size_t count = ids.count - done < window ? ids.count - done : window;
    if ((code = scoreWindow(program, ids.ids + done, count, rows, &sum)) != ExitOk) {
      return code;
    }
    scored += count - 1;
  }
  if (scored == 0) {
    return complain(ExitInput, "one token has no perplexity; give at least 2");
  }
  program.promptTokens = ids.count;
  program.promptMs = nowMs() - start;
  out.format("perplexity     %.6f\ntokens         %llu\n", exp(sum / static_cast<double>(scored)),
             static_cast<unsigned long long>(scored));
  program.printStats();
  return ExitOk;
}

} // namespace lap
