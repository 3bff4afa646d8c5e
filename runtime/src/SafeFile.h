//===- SafeFile.h - files that appear whole, and files that are read warily -----===//
// SPDX-License-Identifier: Apache-2.0
//
// What the library reads and writes beside the weights. A file is written under a temporary name beside its own, synced
// and renamed, so a crash or a full disk leaves the old one. Nothing is allocated.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SAFEFILE_H
#define LAPIDARY_RUNTIME_SAFEFILE_H

#include "lapidary/lapidary.h"

namespace lap {

/// A file in the making; gone again unless commit() succeeds.
class SafeWriter {
public:
  SafeWriter() = default;
  ~SafeWriter() { discard(); }
  SafeWriter(const SafeWriter &) = delete;
  SafeWriter &operator=(const SafeWriter &) = delete;

  /// `path` must outlive the writer; `mode`: who may read and write the file, less the umask. Errors of all three:
  /// LAP_IO_ERROR (LAP_INVALID_ARGUMENT: the path is too long).
  lap_status open(const char *path, lap_error *error, unsigned mode = 0600);
  /// Writes to an open file that cannot be replaced (a pipe, a device), called `name` in messages, and closes it.
  void openInPlace(int descriptor, const char *name);
  lap_status write(const void *data, uint64_t bytes, lap_error *error);
  lap_status commit(lap_error *error);

private:
  lap_status failed(const char *action, lap_error *error);
  void syncDirectory();
  void discard();

  const char *path = nullptr;
  int fd = -1;
  char temporary[4096] = {}; // "" when writing in place
};

/// A regular file that is read from start to end, and again.
class SafeReader {
public:
  SafeReader() = default;
  ~SafeReader();
  SafeReader(const SafeReader &) = delete;
  SafeReader &operator=(const SafeReader &) = delete;

  /// LAP_IO_ERROR; LAP_BAD_FILE: not a regular file. `path` must outlive the reader.
  lap_status open(const char *path, lap_error *error);
  uint64_t size() const { return bytes; }
  /// Reads exactly `count` bytes. LAP_BAD_FILE when the file ends before.
  lap_status read(void *out, uint64_t count, lap_error *error);
  /// The next read starts at the first byte.
  void restart() { offset = 0; }

private:
  const char *path = nullptr;
  int fd = -1;
  uint64_t bytes = 0, offset = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_SAFEFILE_H
