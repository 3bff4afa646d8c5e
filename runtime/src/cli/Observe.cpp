//===- Observe.cpp - second moments of the products' inputs ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads token ids in windows without overlap, each a fresh sequence, and writes a safetensors file with one float32
// tensor "w.<offset of the weight in the segment>" per weight (ProgramAbi.h has the layout). Only the compiler that
// made the program knows the weights' names, so it reads this file and not people.
//===----------------------------------------------------------------------===//
#include "runtime/src/cpu/Observe.h"
#include "runtime/src/Session.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <bit>
#include <stdio.h>
#include <stdlib.h>

namespace lap {

static_assert(std::endian::native == std::endian::little, "the file format is little-endian");

namespace {

constexpr uint32_t RowsAtOnce = 64;  // of logits, which are not kept; 64 MiB at Gemma's vocabulary
constexpr uint64_t EntryBytes = 160; // of header per tensor, more than the format below can take

ExitCode readWindow(Program &program, const int32_t *ids, size_t count, uint32_t rows) {
  lap_error error;
  lap_session_rewind(program.session, 0, &error);
  for (size_t done = 0; done < count; done += rows) {
    if (interrupted()) {
      return ExitInterrupted;
    }
    if (lap_session_score(program.session, ids + done, count - done < rows ? count - done : rows, &error) != LAP_OK) {
      return report(error);
    }
  }
  return ExitOk;
}

/// The safetensors header, padded with spaces to 8 bytes.
ExitCode writeHeader(const lap_observer &observer, AtomicFile &file) {
  const uint64_t capacity = (observer.count + 1) * EntryBytes;
  char *text = static_cast<char *>(malloc(capacity));
  if (!text) {
    return complain(ExitMemory, "not enough memory for the file's header");
  }
  uint64_t used = static_cast<uint64_t>(snprintf(text, capacity, "{")), offset = 0;
  for (uint32_t i = 0; i < observer.count; ++i) {
    const Moments &moments = *observer.entries[i];
    const uint64_t end = offset + momentBytes(moments.columns);
    used += static_cast<uint64_t>(
        snprintf(text + used, capacity - used,
                 "%s\"w.%llu\":{\"dtype\":\"F32\",\"shape\":[%u,%u],\"data_offsets\":[%llu,%llu]}", i ? "," : "",
                 static_cast<unsigned long long>(moments.weight), moments.columns, lap_moment_stride(moments.columns),
                 static_cast<unsigned long long>(offset), static_cast<unsigned long long>(end)));
    offset = end;
  }
  text[used++] = '}';
  for (; used % 8 != 0; ++used) {
    text[used] = ' ';
  }
  ExitCode code = file.write(&used, sizeof(used));
  code = code == ExitOk ? file.write(text, used) : code;
  free(text);
  return code;
}

ExitCode writeMoments(const lap_observer &observer, AtomicFile &file) {
  if (observer.missing) {
    return complain(ExitMemory, "not enough memory for the moments: %llu more bytes needed",
                    static_cast<unsigned long long>(observer.missing));
  }
  ExitCode code = writeHeader(observer, file);
  for (uint32_t i = 0; i < observer.count && code == ExitOk; ++i) {
    finishMoments(*observer.entries[i]);
    code = file.write(observer.entries[i]->values, momentBytes(observer.entries[i]->columns));
  }
  return code == ExitOk ? file.commit() : code;
}

} // namespace

ExitCode runObserve(const Options &options, Output &) {
  if (!options.out) {
    return complain(ExitInput, "no output file given; use --out FILE");
  }
  Program program(options);
  IdList ids;
  AtomicFile file;
  lap_observer observer;
  ExitCode code = program.openSession(RowsAtOnce);
  if (code != ExitOk || (code = readIds(options.ids, program.descriptor().vocab, &ids)) != ExitOk ||
      (code = file.open(options.out)) != ExitOk) {
    return code;
  }
  const size_t window = options.window == NotGiven ? 512 : options.window;
  if ((code = program.requireRoom(window < ids.count ? window : ids.count, "the window")) != ExitOk) {
    return code;
  }
  const uint32_t context = lap_session_context(program.session);
  const uint32_t rows = RowsAtOnce < context ? RowsAtOnce : context; // what the session made of it
  program.session->observer = &observer;
  const double start = nowMs();
  for (size_t done = 0; done < ids.count && code == ExitOk; done += window) {
    code = readWindow(program, ids.ids + done, ids.count - done < window ? ids.count - done : window, rows);
  }
  program.session->observer = nullptr;
  program.promptTokens = ids.count;
  program.promptMs = nowMs() - start;
  code = code == ExitOk ? writeMoments(observer, file) : code;
  program.printStats();
  return code;
}

} // namespace lap
