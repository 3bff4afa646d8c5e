//===- Bench.cpp - tokens per second, latency, memory ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Like llama-bench: the prompt is read and the new tokens are decoded at the same depth; a warm-up first, then medians
// of the repetitions. Going back to the depth reads its tokens again only where the sliding-window caches have lost
// them. Ids are pseudo-random, so no cache or expert is favoured.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sampler.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Profile.h"
#include "runtime/src/cli/Program.h"

#include <stdlib.h>

namespace lap {

namespace {

constexpr uint64_t MostRepetitions = 100;

/// What is measured, from the options.
struct Plan {
  uint64_t prompt, tokens, depth, repetitions;

  explicit Plan(const Options &options)
      : prompt(options.promptTokens == NotGiven ? 512 : options.promptTokens),
        tokens(options.tokens == NotGiven ? 128 : options.tokens), depth(options.depth == NotGiven ? 0 : options.depth),
        repetitions(options.repetitions == NotGiven ? 3 : options.repetitions) {}

  uint64_t positions() const { return depth + (prompt > tokens ? prompt : tokens); }
};

struct Times {
  double prefillMs[MostRepetitions], decodeMs[MostRepetitions], firstMs[MostRepetitions];
};

int compareDoubles(const void *a, const void *b) {
  double x = *static_cast<const double *>(a), y = *static_cast<const double *>(b);
  return x < y ? -1 : x > y;
}

/// Sorts the first `count` values.
double median(double *values, uint64_t count) {
  qsort(values, count, sizeof(double), compareDoubles);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/// A sequence of exactly `depth` tokens.
lap_status restart(Program &program, const int32_t *ids, size_t depth, lap_error *error) {
  uint32_t position = lap_session_position(program.session);
  if (position >= depth && position - depth <= program.descriptor().chunk) {
    return lap_session_rewind(program.session, static_cast<uint32_t>(depth), error);
  }
  lap_status status = lap_session_rewind(program.session, 0, error);
  return status == LAP_OK ? lap_session_extend(program.session, ids, depth, error) : status;
}

/// What the lanes did in the repetitions, when --profile asks for it.
struct Profiles {
  TeamProfile prefill, decode;
};

/// Reading a prompt and choosing the token after it. Nothing is measured for a prompt of no tokens.
lap_status timePrefill(Program &program, const int32_t *ids, size_t depth, size_t prompt, double *prefillMs,
                       double *firstMs, TeamProfile *profile, lap_error *error) {
  if (prompt == 0) {
    return LAP_OK;
  }
  lap_status status = restart(program, ids, depth, error);
  const ProfiledTime profiled(program, profile);
  double start = nowMs();
  status = status == LAP_OK ? lap_session_prefill(program.session, ids + depth, prompt, error) : status;
  *prefillMs = nowMs() - start;
  int32_t id = 0;
  status = status == LAP_OK ? lap_session_sample(program.session, nullptr, &id, error) : status;
  *firstMs = nowMs() - start;
  return status;
}

lap_status timeDecode(Program &program, const int32_t *ids, size_t depth, size_t tokens, double *decodeMs,
                      TeamProfile *profile, lap_error *error) {
  lap_status status = restart(program, ids, depth, error);
  const ProfiledTime profiled(program, profile);
  double start = nowMs();
  for (size_t i = 0; i < tokens && status == LAP_OK && !interrupted(); ++i) {
    status = lap_session_decode(program.session, ids[depth + i], error);
  }
  *decodeMs = nowMs() - start;
  return status;
}

/// Warm-up, then the repetitions. The warm-up touches every weight, with the prompt or, without one, with a token.
lap_status measure(Program &program, const Plan &plan, const int32_t *ids, Times &times, Profiles &profiles,
                   lap_error *error) {
  double ignored, first;
  lap_status status = plan.prompt ? timePrefill(program, ids, 0, plan.prompt, &ignored, &first, nullptr, error)
                                  : timeDecode(program, ids, 0, 1, &ignored, nullptr, error);
  for (uint64_t i = 0; i < plan.repetitions && status == LAP_OK && !interrupted(); ++i) {
    status = timePrefill(program, ids, plan.depth, plan.prompt, &times.prefillMs[i], &times.firstMs[i],
                         &profiles.prefill, error);
    if (status == LAP_OK) {
      status = timeDecode(program, ids, plan.depth, plan.tokens, &times.decodeMs[i], &profiles.decode, error);
    }
  }
  return status;
}

/// Tokens per second; 0 when none were asked for.
double rate(uint64_t tokens, double ms) { return tokens ? static_cast<double>(tokens) * 1000 / ms : 0; }

void print(const Options &options, const Program &program, const Plan &plan, Times &times, Output &out) {
  double prefill = rate(plan.prompt, median(times.prefillMs, plan.repetitions));
  double decode = rate(plan.tokens, median(times.decodeMs, plan.repetitions));
  double first = median(times.firstMs, plan.repetitions);
  uint64_t bytes = program.descriptor().weight_bytes_per_token;
  uint32_t threads = lap_session_threads(program.session);
  const LayerRows rows = layerRows(program.descriptor(), plan.prompt, plan.prompt != 0);
  if (options.json) {
    JsonObject json(out);
    json.number("prefill_tok_s", prefill);
    json.number("decode_tok_s", decode);
    json.number("ttft_ms", first);
    json.number("load_ms", program.loadMs);
    json.integer("peak_rss_bytes", peakMemory());
    json.integer("weight_bytes_per_token", bytes);
    json.integer("prefill_layer_rows", rows.run);
    json.integer("prefill_layer_rows_unpruned", rows.total);
    json.integer("threads", threads);
    json.integer("depth", plan.depth);
    json.integer("repetitions", plan.repetitions);
    json.close();
    return;
  }
  out.format("prefill        %.2f tokens/s  (%llu tokens)\n", prefill, static_cast<unsigned long long>(plan.prompt));
  if (plan.prompt != 0) {
    char layers[160];
    describeLayers(program.descriptor(), plan.prompt, 1, layers, sizeof(layers));
    out.format("layers         %s\n", layers);
  }
  out.format("decode         %.2f tokens/s  (%llu tokens, %.1f GB/s of weights)\n", decode,
             static_cast<unsigned long long>(plan.tokens), decode * static_cast<double>(bytes) * 1e-9);
  out.format("first token    %.1f ms\nload           %.1f ms\n", first, program.loadMs);
  out.format("peak memory    %.1f MiB\nthreads        %u\ndepth          %llu\n",
             static_cast<double>(peakMemory()) / 1048576, threads, static_cast<unsigned long long>(plan.depth));
}

/// `count` pseudo-random ids, always the same; the caller frees them. Null: not enough memory.
int32_t *randomIds(uint64_t count, uint32_t vocab) {
  int32_t *ids = static_cast<int32_t *>(malloc(count * sizeof(int32_t)));
  Random random;
  random.seed(1);
  for (uint64_t i = 0; ids && i < count; ++i) {
    ids[i] = static_cast<int32_t>(random.next() % vocab);
  }
  return ids;
}

} // namespace

ExitCode runBench(const Options &options, Output &out) {
  const Plan plan(options);
  if (options.json && options.profile) {
    return complain(ExitInput, "--profile prints a table, --json does not; give one of them");
  }
  if (plan.prompt == 0 && plan.tokens == 0) {
    return complain(ExitInput, "nothing to measure: --prompt-tokens and --tokens are both 0");
  }
  Profiles profiles; // outlives the session: a lane adds its last wait when the others have long gone on
  Program program(options);
  ExitCode code = program.openSession();
  if (code != ExitOk || (code = program.requireRoom(plan.positions(), "the benchmark")) != ExitOk) {
    return code;
  }
  int32_t *ids = randomIds(plan.positions(), program.descriptor().vocab);
  if (!ids) {
    return complain(ExitMemory, "not enough memory for %llu ids", static_cast<unsigned long long>(plan.positions()));
  }
  Times times{};
  if (options.profile && !(profiles.prefill.open(program) && profiles.decode.open(program))) {
    free(ids);
    return complain(ExitMemory, "not enough memory for the profile");
  }
  lap_error error;
  lap_status status = measure(program, plan, ids, times, profiles, &error);
  free(ids);
  if (status != LAP_OK || interrupted()) {
    return status != LAP_OK ? report(error) : ExitInterrupted;
  }
  print(options, program, plan, times, out);
  profiles.prefill.print("prefill", plan.prompt * plan.repetitions, out);
  profiles.decode.print("decode", plan.tokens * plan.repetitions, out);
  return ExitOk;
}

} // namespace lap
