//===- Bench.cpp - tokens per second, latency, memory ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Like llama-bench: the prompt is read and the new tokens are decoded at the same depth, each from a fresh sequence;
// three repetitions after a warm-up, medians. Ids are pseudo-random, so no cache or expert is favoured.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sampler.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <stdlib.h>

namespace lap {

namespace {

constexpr int Repetitions = 3;

struct Times {
  double prefillMs[Repetitions], decodeMs[Repetitions], firstMs[Repetitions];
};

double median(double (&values)[Repetitions]) {
  double a = values[0], b = values[1], c = values[2];
  double low = a < b ? a : b, high = a < b ? b : a;
  return c < low ? low : c > high ? high : c;
}

/// A fresh sequence with `depth` tokens in it.
lap_status restart(Program &program, const int32_t *ids, size_t depth, lap_error *error) {
  lap_status status = lap_session_rewind(program.session, 0, error);
  return status == LAP_OK ? lap_session_extend(program.session, ids, depth, error) : status;
}

lap_status timePrefill(Program &program, const int32_t *ids, size_t depth, size_t prompt, double *prefillMs,
                       double *firstMs, lap_error *error) {
  lap_status status = restart(program, ids, depth, error);
  double start = nowMs();
  status = status == LAP_OK ? lap_session_prefill(program.session, ids + depth, prompt, error) : status;
  *prefillMs = nowMs() - start;
  int32_t id = 0;
  status = status == LAP_OK ? lap_session_sample(program.session, nullptr, &id, error) : status;
  *firstMs = nowMs() - start;
  return status;
}

lap_status timeDecode(Program &program, const int32_t *ids, size_t depth, size_t tokens, double *decodeMs,
                      lap_error *error) {
  lap_status status = restart(program, ids, depth, error);
  double start = nowMs();
  for (size_t i = 0; i < tokens && status == LAP_OK && !interrupted(); ++i) {
    status = lap_session_decode(program.session, ids[depth + i], error);
  }
  *decodeMs = nowMs() - start;
  return status;
}

void print(const Options &options, const Program &program, Times &times, uint64_t prompt, uint64_t tokens,
           uint64_t depth, Output &out) {
  double prefill = static_cast<double>(prompt) * 1000 / median(times.prefillMs);
  double decode = tokens ? static_cast<double>(tokens) * 1000 / median(times.decodeMs) : 0;
  double first = median(times.firstMs);
  uint64_t bytes = program.descriptor().weight_bytes_per_token;
  uint32_t threads = lap_session_threads(program.session);
  if (options.json) {
    JsonObject json(out);
    json.number("prefill_tok_s", prefill);
    json.number("decode_tok_s", decode);
    json.number("ttft_ms", first);
    json.number("load_ms", program.loadMs);
    json.integer("peak_rss_bytes", peakMemory());
    json.integer("weight_bytes_per_token", bytes);
    json.integer("threads", threads);
    json.integer("depth", depth);
    json.close();
    return;
  }
  out.format("prefill        %.2f tokens/s  (%llu tokens)\n", prefill, static_cast<unsigned long long>(prompt));
  out.format("decode         %.2f tokens/s  (%llu tokens, %.1f GB/s of weights)\n", decode,
             static_cast<unsigned long long>(tokens), decode * static_cast<double>(bytes) * 1e-9);
  out.format("first token    %.1f ms\nload           %.1f ms\n", first, program.loadMs);
  out.format("peak memory    %.1f MiB\nthreads        %u\ndepth          %llu\n",
             static_cast<double>(peakMemory()) / 1048576, threads, static_cast<unsigned long long>(depth));
}

} // namespace

ExitCode runBench(const Options &options, Output &out) {
  Program program(options);
  ExitCode code = program.openSession();
  if (code != ExitOk) {
    return code;
  }
  uint64_t prompt = options.promptTokens == NotGiven ? 512 : options.promptTokens;
  uint64_t tokens = options.tokens == NotGiven ? 128 : options.tokens;
  uint64_t depth = options.depth == NotGiven ? 0 : options.depth;
  uint64_t most = depth + (prompt > tokens ? prompt : tokens);
  if ((code = program.requireRoom(most, "the benchmark")) != ExitOk) {
    return code;
  }
  int32_t *ids = static_cast<int32_t *>(malloc(most * sizeof(int32_t)));
  if (!ids) {
    return complain(ExitMemory, "not enough memory for %llu ids", static_cast<unsigned long long>(most));
  }
  Random random;
  random.seed(1);
  for (uint64_t i = 0; i < most; ++i) {
    ids[i] = static_cast<int32_t>(random.next() % program.descriptor().vocab);
  }
  Times times{};
  lap_error error;
  double ignored, first;
  lap_status status = timePrefill(program, ids, 0, prompt, &ignored, &first, &error); // warm-up: touches every weight
  for (int i = 0; i < Repetitions && status == LAP_OK && !interrupted(); ++i) {
    status = timePrefill(program, ids, depth, prompt, &times.prefillMs[i], &times.firstMs[i], &error);
    status = status == LAP_OK ? timeDecode(program, ids, depth, tokens, &times.decodeMs[i], &error) : status;
  }
  free(ids);
  if (status != LAP_OK || interrupted()) {
    return status != LAP_OK ? report(error) : ExitInterrupted;
  }
  print(options, program, times, prompt, tokens, depth, out);
  return ExitOk;
}

} // namespace lap
