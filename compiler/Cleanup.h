//===- Cleanup.h - nothing left behind by an interrupt ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Destructors remove temporary files when the compiler ends by itself. SIGINT and SIGTERM skip destructors, so the
// paths are registered here too: a thread that waits for those signals removes them and exits with 128 + signal.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_CLEANUP_H
#define LAPIDARY_COMPILER_CLEANUP_H

#include <string>

namespace lapidary {

/// Starts the thread; call once, at the start of main.
void installSignalCleanup();

/// While it lives, `path` (a file, or a directory with all in it) is removed on a signal.
class RemoveOnSignal {
public:
  explicit RemoveOnSignal(std::string path);
  RemoveOnSignal(const RemoveOnSignal &) = delete;
  RemoveOnSignal &operator=(const RemoveOnSignal &) = delete;
  ~RemoveOnSignal();

private:
  std::string path;
};

/// A new directory for intermediate files, removed with everything in it at the end and on a signal. path() is empty
/// when it could not be made.
class WorkDirectory {
public:
  WorkDirectory();
  WorkDirectory(const WorkDirectory &) = delete;
  WorkDirectory &operator=(const WorkDirectory &) = delete;
  ~WorkDirectory();
  const std::string &path() const { return directory; }

private:
  std::string directory;
};

} // namespace lapidary

#endif // LAPIDARY_COMPILER_CLEANUP_H
