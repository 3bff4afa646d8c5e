//===- AtomicOutput.h - an output file that is complete or not there ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Whenever the compiler stops (error, full disk, SIGKILL, power cut), the output path holds the old file, nothing, or
// the complete new file. Data goes to a temporary file in the same directory, which commit() flushes to the disk and
// renames. The destructor removes it; what SIGKILL leaves behind is removed by the next run for the same path. A
// lock on the temporary file says whether its owner still lives, so that parallel runs do not disturb each other.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_ATOMICOUTPUT_H
#define LAPIDARY_SUPPORT_ATOMICOUTPUT_H

#include "support/Diagnostics.h"
#include "support/FileIO.h"

#include <memory>
#include <string>

namespace lapidary {

class AtomicOutput {
public:
  /// Creates the temporary file. `mode` is subject to the umask; 0755 for programs. Reports OutputNotWritable, also
  /// when `path` exists and is not a regular file. nullptr on any error.
  static std::unique_ptr<AtomicOutput> create(const std::string &path, unsigned mode, Diagnostics &diagnostics);
  AtomicOutput(const AtomicOutput &) = delete;
  AtomicOutput &operator=(const AtomicOutput &) = delete;
  /// Removes the temporary file unless commit() succeeded.
  ~AtomicOutput();

  /// Writes `size` bytes at `offset`; gaps read as zeros. Offsets beyond 4 GiB work. Reports DiskFull or WriteFailed.
  bool write(uint64_t offset, const void *data, uint64_t size, Diagnostics &diagnostics);
  /// Writes behind the highest byte written through this object so far (or set by seekEnd).
  bool append(const void *data, uint64_t size, Diagnostics &diagnostics);
  /// Bytes from the start to the highest byte written.
  uint64_t size() const { return end; }
  /// Says that another writer (a linker writing through descriptor() or temporaryPath()) has filled the file up to
  /// `bytes`; the next append goes there.
  void seekEnd(uint64_t bytes) { end = bytes; }

  /// Read-write descriptor of the temporary file; owned by this object.
  int descriptor() const { return fd.get(); }
  const std::string &temporaryPath() const { return temporary; }

  /// Flushes the file, renames it to the output path and flushes the directory. Reports DiskFull or WriteFailed;
  /// then the old output, if any, is still there.
  bool commit(Diagnostics &diagnostics);

private:
  AtomicOutput() = default;
  bool fail(const char *action, int error, Diagnostics &diagnostics) const;

  std::string target, temporary;
  FileDescriptor fd;
  uint64_t end = 0;
};

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_ATOMICOUTPUT_H
