//===- Logits.cpp - write the logits of token ids -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The file is little-endian float32 [tokens][vocab] without padding; --last writes the one row that decoding would
// use, computed the way decoding does it (dead positions pruned).
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <bit>

namespace lap {

static_assert(std::endian::native == std::endian::little, "the file format is little-endian");

namespace {

constexpr uint64_t ScoreBytes = 64u << 20; // of logits at once: a row of 262144 floats has 1 MiB

uint32_t scoreRows(const Options &options, const lap_program &program) {
  uint64_t rows = ScoreBytes / (program.vocab_padded * sizeof(float));
  rows = rows < 1 ? 1 : rows < program.chunk ? rows : program.chunk;
  return options.chunk == NotGiven ? static_cast<uint32_t>(rows) : static_cast<uint32_t>(options.chunk);
}

ExitCode writeRow(const Program &program, size_t row, AtomicFile &file) {
  return file.write(lap_session_logits(program.session, row), program.descriptor().vocab * sizeof(float));
}

ExitCode writeEveryRow(Program &program, const IdList &ids, uint32_t rows, AtomicFile &file) {
  double start = nowMs();
  lap_error error;
  for (size_t done = 0; done < ids.count; done += rows) {
    size_t count = ids.count - done < rows ? ids.count - done : rows;
    if (interrupted()) {
      return ExitInterrupted;
    }
    if (lap_session_score(program.session, ids.ids + done, count, &error) != LAP_OK) {
      return report(error);
    }
    for (size_t row = 0; row < count; ++row) {
      ExitCode code = writeRow(program, row, file);
      if (code != ExitOk) {
        return code;
      }
    }
  }
  program.promptTokens = ids.count;
  program.promptMs = nowMs() - start;
  return ExitOk;
}

} // namespace

ExitCode runLogits(const Options &options, Output &out) {
  if (!options.out) {
    return complain(ExitInput, "no output file given; use --out FILE");
  }
  Program program(options);
  IdList ids;
  ExitCode code = program.openModel();
  if (code != ExitOk || (code = readIds(options.ids, program.descriptor().vocab, &ids)) != ExitOk) {
    return code;
  }
  uint32_t rows = options.last ? 0 : scoreRows(options, program.descriptor());
  AtomicFile file;
  if ((code = program.openSession(rows)) != ExitOk || (code = program.requireRoom(ids.count, "the input")) != ExitOk ||
      (code = file.open(options.out)) != ExitOk) {
    return code;
  }
  if (options.last) {
    code = program.readPrompt(ids);
    code = code == ExitOk ? writeRow(program, 0, file) : code;
  } else {
    code = writeEveryRow(program, ids, rows, file);
  }
  if (code == ExitOk) {
    code = file.commit();
  }
  program.printStats();
  return code;
}

} // namespace lap
