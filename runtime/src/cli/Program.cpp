//===- Program.cpp - what the commands that compute have in common --------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Program.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Program.h"

#include "runtime/src/Session.h"
#include "runtime/src/cli/Constrain.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace lap {

namespace {

volatile sig_atomic_t interruptCount = 0;

void onInterrupt(int) {
  if (interruptCount != 0) {
    _exit(ExitInterrupted);
  }
  interruptCount = 1;
}

void onBusError(int) {
  static const char text[] = "error: the weights' file became shorter or unreadable while the program ran\n";
  ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
  (void)ignored;
  _exit(ExitIo);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr); // no SA_RESTART: a chat's read of the terminal must return
}

uint32_t orZero(uint64_t count) { return count == NotGiven ? 0 : static_cast<uint32_t>(count); }

double rate(uint64_t tokens, double ms) { return ms > 0 ? static_cast<double>(tokens) * 1000 / ms : 0; }

} // namespace

double nowMs() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

uint64_t peakMemory() {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<uint64_t>(usage.ru_maxrss) * 1024 : 0;
}

void installSignalHandlers() {
  handle(SIGINT, onInterrupt);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGBUS, onBusError);
}

bool interrupted() { return interruptCount != 0; }
void clearInterrupt() { interruptCount = 0; }

Program::~Program() {
  lap_session_free(session);
  lap_constraint_free(constraint);
  lap_model_close(model);
}

ExitCode Program::openModel() {
  double start = nowMs();
  lap_error error;
  lap_model_options modelOptions{sizeof(lap_model_options), options.weights};
  if (lap_model_open(&modelOptions, &model, &error) != LAP_OK) {
    return report(error);
  }
  loadMs += nowMs() - start;
  return ExitOk;
}

ExitCode Program::openSession(uint32_t scoreRows, uint32_t checkpoints) {
  ExitCode code = model ? ExitOk : openModel();
  if (code != ExitOk) {
    return code;
  }
  double start = nowMs();
  lap_error error;
  lap_session_options sessionOptions{};
  sessionOptions.struct_size = sizeof(sessionOptions);
  sessionOptions.threads = orZero(options.threads);
  sessionOptions.context = orZero(options.context);
  sessionOptions.chunk = orZero(options.chunk);
  sessionOptions.score_rows = scoreRows;
  sessionOptions.checkpoints = checkpoints;
  sessionOptions.drafts = orZero(options.drafts);
  if (lap_session_create(model, &sessionOptions, &session, &error) != LAP_OK) {
    return report(error);
  }
  loadMs += nowMs() - start;
  return openConstraint(options, model, &constraint);
}

ExitCode Program::requireRoom(size_t count, const char *what) const {
  if (count <= room()) {
    return ExitOk;
  }
  uint32_t position = lap_session_position(session), context = lap_session_context(session);
  return complain(ExitInput,
                  "%s has %zu tokens, but only %u of the context's %u are free; shorten it or compile with a "
                  "larger --context",
                  what, count, context - position, context);
}

ExitCode Program::readPrompt(const IdList &prompt) {
  ExitCode code = requireRoom(prompt.count, "the prompt");
  if (code != ExitOk) {
    return code;
  }
  double start = nowMs();
  lap_error error;
  uint32_t chunk = options.chunk == NotGiven ? descriptor().chunk : orZero(options.chunk);
  size_t done = 0;
  while (prompt.count - done > chunk && !interrupted()) {
    if (lap_session_extend(session, prompt.ids + done, chunk, &error) != LAP_OK) {
      return report(error);
    }
    done += chunk;
  }
  if (interrupted()) {
    return ExitInterrupted;
  }
  if (lap_session_prefill(session, prompt.ids + done, prompt.count - done, &error) != LAP_OK) {
    return report(error);
  }
  promptMs += nowMs() - start;
  promptTokens += prompt.count;
  ++prompts;
  return ExitOk;
}

ExitCode Program::chooseSampling(lap_sampling *out) {
  out->struct_size = sizeof(*out);
  lap_error error;
  if (lap_model_get_sampling(model, out, &error) != LAP_OK) {
    return report(error);
  }
  bool asked = options.temperature >= 0 || options.topP > 0 || options.topK != NotGiven;
  if (asked && out->temperature == 0) {
    out->temperature = 1; // a model that is greedy by default, but sampling was asked for
  }
  if (options.temperature >= 0) {
    out->temperature = static_cast<float>(options.temperature);
  }
  if (options.topP > 0) {
    out->top_p = static_cast<float>(options.topP);
  }
  if (options.topK != NotGiven) {
    out->top_k = static_cast<uint32_t>(options.topK);
  }
  if (options.greedy) {
    out->temperature = 0;
  }
  uint64_t seed = options.seed;
  if (seed == NotGiven && getrandom(&seed, sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed))) {
    seed = static_cast<uint64_t>(nowMs() * 1e6);
  }
  lap_session_seed(session, seed);
  if (options.stats && out->temperature > 0) {
    message("seed           %llu", static_cast<unsigned long long>(seed));
  }
  return ExitOk;
}

void Program::printStats() const {
  if (options.stats) {
    printTimes();
  }
}

void Program::printTimes() const {
  message("load           %.1f ms", loadMs);
  message("prompt         %llu tokens, %.2f tokens/s", static_cast<unsigned long long>(promptTokens),
          rate(promptTokens, promptMs));
  if (prompts != 0) {
    char text[160];
    describeLayers(descriptor(), promptTokens, prompts, text, sizeof(text));
    message("layers         %s", text);
  }
  message("decode         %llu tokens, %.2f tokens/s", static_cast<unsigned long long>(decodeTokens),
          rate(decodeTokens, decodeMs));
  if (options.drafts != NotGiven) {
    const Drafts &drafts = session->drafts;
    message("drafts         %llu of %llu guesses were right", static_cast<unsigned long long>(drafts.allRight()),
            static_cast<unsigned long long>(drafts.allGuessed()));
  }
  message("peak memory    %.1f MiB", static_cast<double>(peakMemory()) / 1048576);
}

LayerRows layerRows(const lap_program &program, uint64_t tokens, uint64_t prompts) {
  const uint64_t onlyLast = program.layers - program.prompt_layers;
  return {program.prompt_layers * tokens + onlyLast * prompts, program.layers * tokens};
}

void describeLayers(const lap_program &program, uint64_t tokens, uint64_t prompts, char *text, size_t bytes) {
  const LayerRows rows = layerRows(program, tokens, prompts);
  snprintf(text, bytes, "%u of %u ran whole for %llu of %llu prompt tokens (%.1f %% of all)", program.prompt_layers,
           program.layers, static_cast<unsigned long long>(tokens - prompts), static_cast<unsigned long long>(tokens),
           100 * static_cast<double>(rows.run) / static_cast<double>(rows.total));
}

ExitCode exitCodeOf(Stop stop) {
  switch (stop) {
  case Stop::Failed:
    return ExitInternal;
  case Stop::Interrupted:
    return ExitInterrupted;
  case Stop::NotWhole:
    return ExitInput;
  default:
    return ExitOk;
  }
}

Stop writeTokens(Program &program, const lap_sampling &sampling, uint64_t limit, TokenSink *sink, void *context) {
  double start = nowMs();
  lap_error error;
  Stop stop = Stop::Limit;
  startText(program, limit);
  for (uint64_t written = 0; written < limit; ++written) {
    int32_t id = 0;
    if (sampleToken(program, sampling, limit - written, &id, &error) != LAP_OK) {
      report(error);
      stop = Stop::Failed;
      break;
    }
    ++program.decodeTokens;
    bool open = sink(context, id);
    bool ended = lap_model_is_eos(program.model, id);
    if (ended || !open || interrupted()) {
      stop = ended ? Stop::EndOfSequence : !open ? Stop::SinkClosed : Stop::Interrupted;
      break;
    }
    bool failed = false;
    if (endsText(program, id, &error, &failed)) {
      stop = Stop::Whole;
      break;
    }
    if (written + 1 == limit) {
      break;
    }
    if (program.room() == 0) {
      stop = Stop::ContextFull;
      break;
    }
    if (failed || lap_session_decode(program.session, id, &error) != LAP_OK) {
      report(error);
      stop = Stop::Failed;
      break;
    }
  }
  program.decodeMs += nowMs() - start;
  return checkWhole(program, stop);
}

} // namespace lap
