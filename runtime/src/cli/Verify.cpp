//===- Verify.cpp - recompute the hashes of code and weights --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every byte of the file is covered: the image by the trailer's hash, the weights by the descriptor's (which the
// image's hash covers), the gaps between must be zero, and the trailer's own numbers are checked when it is opened.
//===----------------------------------------------------------------------===//
#include "runtime/src/Model.h"
#include "runtime/src/Sha256.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

namespace lap {

namespace {

enum class Check { Holds, Differs, Unreadable, Interrupted };

/// Reads [from, to) of the file: hashes it if `hash`, else demands zeros.
Check readRange(int fd, uint64_t from, uint64_t to, Sha256 *hash) {
  static uint8_t buffer[1u << 17];
  while (from < to) {
    size_t want = to - from < sizeof(buffer) ? static_cast<size_t>(to - from) : sizeof(buffer);
    ssize_t got = pread(fd, buffer, want, static_cast<off_t>(from));
    if (interrupted()) {
      return Check::Interrupted;
    }
    if (got <= 0 && !(got < 0 && errno == EINTR)) {
      return Check::Unreadable;
    }
    size_t bytes = got < 0 ? 0 : static_cast<size_t>(got);
    if (hash) {
      hash->update(buffer, bytes);
    } else if (bytes && (buffer[0] != 0 || memcmp(buffer, buffer + 1, bytes - 1) != 0)) {
      return Check::Differs;
    }
    from += bytes;
  }
  return Check::Holds;
}

ExitCode checkRange(int fd, uint64_t from, uint64_t to, const uint8_t *expected, const char *what) {
  Sha256 hash;
  Check check = readRange(fd, from, to, expected ? &hash : nullptr);
  if (check == Check::Holds && expected) {
    uint8_t digest[32];
    hash.finish(digest);
    check = memcmp(digest, expected, sizeof(digest)) == 0 ? Check::Holds : Check::Differs;
  }
  switch (check) {
  case Check::Holds:
    return ExitOk;
  case Check::Interrupted:
    return ExitInterrupted;
  case Check::Unreadable:
    return complain(ExitIo, "cannot read the %s: %s", what, errno ? strerror(errno) : "the file shrank");
  case Check::Differs:
    break;
  }
  return complain(ExitInput, "the %s (bytes %llu..%llu) differs from what was compiled; copy the program again", what,
                  static_cast<unsigned long long>(from), static_cast<unsigned long long>(to));
}

} // namespace

ExitCode runVerify(const Options &options, Output &out) {
  lap_error error;
  WeightMap map;
  if (map.open(options.weights, lap_program_data, &error) != LAP_OK) {
    return report(error);
  }
  const lap_trailer &t = map.trailer;
  uint64_t end = t.weight_offset + t.weight_bytes; // checked when the map was opened
  struct {
    uint64_t from, to;
    const uint8_t *hash;
    const char *what;
  } const ranges[] = {
      {0, t.image_bytes, t.image_sha256, "program image"},
      {t.image_bytes, t.weight_offset, nullptr, "padding before the weights"},
      {t.weight_offset, end, lap_program_data.weight_sha256, "weight segment"},
      {end, map.fileBytes - sizeof(lap_trailer), nullptr, "padding after the weights"},
  };
  ExitCode first = ExitOk;
  for (const auto &range : ranges) { // goes on after a difference: all of them are named
    errno = 0;
    ExitCode code = checkRange(map.fd, range.from, range.to, range.hash, range.what);
    first = first == ExitOk ? code : first;
  }
  if (first == ExitOk && !options.quiet) {
    out.format("ok: image %llu bytes, weights %llu bytes\n", static_cast<unsigned long long>(t.image_bytes),
               static_cast<unsigned long long>(t.weight_bytes));
  }
  return first;
}

} // namespace lap
