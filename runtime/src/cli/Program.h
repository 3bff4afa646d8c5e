//===- Program.h - what the commands that compute have in common ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens model and session from the options, reads a prompt, writes tokens until something ends it, keeps the times
// that --stats prints. Ctrl-C sets a flag that is read between tokens; a second one ends the process at once.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_PROGRAM_H
#define LAPIDARY_RUNTIME_CLI_PROGRAM_H

#include "runtime/src/Model.h"
#include "runtime/src/cli/Input.h"
#include "runtime/src/cli/Options.h"

namespace lap {

/// Milliseconds of a clock that only moves forward.
double nowMs();

/// Most resident memory this process had, in bytes.
uint64_t peakMemory();

/// SIGINT as described above; SIGPIPE ignored (writes report it); SIGBUS (the file shrank while running) ends in a
/// message and exit code 5.
void installSignalHandlers();
bool interrupted();
/// Forgets one Ctrl-C: a chat stops the answer, not the program.
void clearInterrupt();

struct Program {
  explicit Program(const Options &options) : options(options) {}
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  ExitCode openModel();
  /// Opens the model too, and what --json-schema and --grammar ask for. scoreRows as in lap_session_options.
  ExitCode openSession(uint32_t scoreRows = 0, uint32_t checkpoints = 0);

  const lap_program &descriptor() const { return *model->program; }
  /// Tokens that still fit.
  uint32_t room() const { return lap_session_context(session) - lap_session_position(session); }

  /// Complains with both numbers if `count` more tokens cannot fit.
  ExitCode requireRoom(size_t count, const char *what) const;
  /// Appends the prompt, looking for Ctrl-C between chunks. ExitInterrupted if there was one.
  ExitCode readPrompt(const IdList &prompt);
  /// Temperature, top_k, top_p from options over the model's defaults; seeds the session.
  ExitCode chooseSampling(lap_sampling *out);
  /// What --stats asks for, at the end.
  void printStats() const;
  /// Tokens and speeds so far.
  void printTimes() const;

  const Options &options;
  lap_model *model = nullptr;
  lap_session *session = nullptr;
  lap_constraint *constraint = nullptr; // of every text that is written; null: none
  double loadMs = 0, promptMs = 0, decodeMs = 0;
  uint64_t promptTokens = 0, decodeTokens = 0;
  uint64_t prompts = 0; // read by readPrompt: dead positions were pruned
};

/// What pruning left of the layers times tokens of some prompts: all but the last token of each run prompt_layers.
struct LayerRows {
  uint64_t run, total;
};
LayerRows layerRows(const lap_program &program, uint64_t tokens, uint64_t prompts);

/// "12 of 35 ran whole for 511 of 512 prompt tokens (38.2 % of all)"; at most `bytes` with the NUL.
void describeLayers(const lap_program &program, uint64_t tokens, uint64_t prompts, char *text, size_t bytes);

/// Called with each new id (the end-of-sequence id included); false stops.
using TokenSink = bool(void *context, int32_t id);

/// Why writeTokens stopped.
enum class Stop { EndOfSequence, Whole, Limit, ContextFull, Interrupted, SinkClosed, NotWhole, Failed };

/// What the process returns when it ends this way.
ExitCode exitCodeOf(Stop stop);

/// Samples up to `limit` tokens after readPrompt. The last id handed out is not yet part of the sequence. With a
/// constraint, the text ends when it is whole and nothing can follow (Whole), or complains that it is NotWhole.
Stop writeTokens(Program &program, const lap_sampling &sampling, uint64_t limit, TokenSink *sink, void *context);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_PROGRAM_H
