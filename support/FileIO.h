//===- FileIO.h - reading files without surprises -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Files are read with pread, never mapped: a file that shrinks under a mapping kills the process with SIGBUS, under
// pread it is a diagnostic. Only regular files are opened, so a named pipe cannot make the compiler hang.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_SUPPORT_FILEIO_H
#define LAPIDARY_SUPPORT_FILEIO_H

#include "support/Diagnostics.h"

#include <optional>
#include <string>

namespace lapidary {

/// Owns a file descriptor; closed with the object, movable only.
class FileDescriptor {
public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd(fd) {}
  FileDescriptor(FileDescriptor &&other) noexcept : fd(other.release()) {}
  FileDescriptor &operator=(FileDescriptor &&other) noexcept;
  ~FileDescriptor() { reset(); }

  int get() const { return fd; }
  bool valid() const { return fd >= 0; }
  /// Gives the descriptor to the caller, who closes it.
  int release();
  void reset();

private:
  int fd = -1;
};

/// A regular file open for reading, and its size when it was opened.
struct OpenFile {
  FileDescriptor descriptor;
  uint64_t size = 0;
};

/// Directory and name joined with one '/'.
std::string joinPath(const std::string &directory, const std::string &name);

/// True when `path` exists (whatever it is) / is a directory. Symbolic links are followed.
bool pathExists(const std::string &path);
bool isDirectory(const std::string &path);

/// Opens `path`. Reports FileNotFound, NotARegularFile or ReadFailed.
std::optional<OpenFile> openForReading(const std::string &path, Diagnostics &diagnostics);

/// Reads exactly `size` bytes at `offset` into `out`. `path` is for the message. Reports ReadFailed, also when the
/// file ends early (then with the number of bytes missing). Thread safe.
bool readExactly(int fd, void *out, uint64_t size, uint64_t offset, const std::string &path, Diagnostics &diagnostics);

/// The whole file, at most `limit` bytes. Reports what openForReading does, FileTooLarge and ReadFailed.
std::optional<std::string> readWholeFile(const std::string &path, uint64_t limit, Diagnostics &diagnostics);

/// strerror without its thread problem: "No such file or directory".
std::string errnoText(int error);

} // namespace lapidary

#endif // LAPIDARY_SUPPORT_FILEIO_H
