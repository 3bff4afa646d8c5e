//===- Observe.cpp - what products and caches see -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads token ids in windows without overlap, each a fresh sequence, and writes a safetensors file: moments "w.<offset
// of the weight in the segment>", histograms of inputs "x.<offset>" and outputs "y.<offset>", of keys and values
// "k.<offset of the cache>", "v.<..>" (ProgramAbi.h has the layouts). Only the compiler that made the program knows the
// weights' names, so it reads this file and not people. The same program and ids give the same file, whatever the
// threads.
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

/// The entries of a safetensors header, in the order of the data.
class Header {
public:
  explicit Header(const lap_observer &observer)
      : capacity((uint64_t(observer.count) + observer.rangeCount + 1) * EntryBytes),
        text(static_cast<char *>(malloc(capacity))) {}
  Header(const Header &) = delete;
  Header &operator=(const Header &) = delete;
  ~Header() { free(text); }

  void add(char kind, uint64_t place, const char *type, uint32_t rows, uint32_t columns, uint64_t bytes) {
    if (text) {
      used += static_cast<uint64_t>(
          snprintf(text + used, capacity - used,
                   "%s\"%c.%llu\":{\"dtype\":\"%s\",\"shape\":[%u,%u],\"data_offsets\":[%llu,%llu]}", used ? "," : "{",
                   kind, static_cast<unsigned long long>(place), type, rows, columns,
                   static_cast<unsigned long long>(offset), static_cast<unsigned long long>(offset + bytes)));
    }
    offset += bytes;
  }

  /// Writes it, padded with spaces to 8 bytes.
  ExitCode write(AtomicFile &file) {
    if (!text) {
      return complain(ExitMemory, "not enough memory for the file's header");
    }
    used = used ? used : static_cast<uint64_t>(snprintf(text, capacity, "{"));
    text[used++] = '}';
    for (; used % 8 != 0; ++used) {
      text[used] = ' ';
    }
    const ExitCode code = file.write(&used, sizeof(used));
    return code == ExitOk ? file.write(text, used) : code;
  }

private:
  uint64_t capacity, used = 0, offset = 0;
  char *text;
};

ExitCode writeHeader(const lap_observer &observer, AtomicFile &file) {
  Header header(observer);
  for (uint32_t i = 0; i < observer.count; ++i) {
    const Moments &moments = *observer.entries[i];
    header.add('w', moments.weight, "F32", moments.columns, lap_moment_stride(moments.columns),
               momentBytes(moments.columns));
  }
  for (uint32_t i = 0; i < observer.rangeCount; ++i) {
    const Ranges &ranges = *observer.ranges[i];
    header.add(static_cast<char>(ranges.kind), ranges.place, "U32", ranges.parts, LAP_RANGE_BINS,
               rangeBytes(ranges.parts));
  }
  return header.write(file);
}

ExitCode writeObserved(const lap_observer &observer, AtomicFile &file) {
  if (observer.missing) {
    return complain(ExitMemory, "not enough memory for what is observed: %llu more bytes needed",
                    static_cast<unsigned long long>(observer.missing));
  }
  ExitCode code = writeHeader(observer, file);
  for (uint32_t i = 0; i < observer.count && code == ExitOk; ++i) {
    finishMoments(*observer.entries[i]);
    code = file.write(observer.entries[i]->values, momentBytes(observer.entries[i]->columns));
  }
  for (uint32_t i = 0; i < observer.rangeCount && code == ExitOk; ++i) {
    code = file.write(observer.ranges[i]->counts, rangeBytes(observer.ranges[i]->parts));
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
  observer.sort();
  program.promptTokens = ids.count;
  program.promptMs = nowMs() - start;
  code = code == ExitOk ? writeObserved(observer, file) : code;
  program.printStats();
  return code;
}

} // namespace lap
