//===- FileIO.cpp - reading files without surprises -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// EINTR is retried, short reads are continued, and an early end of file is an error that says how much is missing.
//===----------------------------------------------------------------------===//
#include "support/FileIO.h"

#include "support/Quote.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace lapidary {

FileDescriptor &FileDescriptor::operator=(FileDescriptor &&other) noexcept {
  if (this != &other) {
    reset();
    fd = other.release();
  }
  return *this;
}

int FileDescriptor::release() {
  int released = fd;
  fd = -1;
  return released;
}

void FileDescriptor::reset() {
  if (fd >= 0) {
    ::close(fd);
  }
  fd = -1;
}

std::string joinPath(const std::string &directory, const std::string &name) {
  bool hasSlash = !directory.empty() && directory.back() == '/';
  return directory + (hasSlash || directory.empty() ? "" : "/") + name;
}

bool pathExists(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

bool isDirectory(const std::string &path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string errnoText(int error) { return std::generic_category().message(error); }

std::optional<OpenFile> openForReading(const std::string &path, Diagnostics &diagnostics) {
  // O_NONBLOCK: opening a named pipe returns at once; it has no effect on regular files.
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      diagnostics.error(ErrorCode::FileNotFound, "file " + quoted(path) + " does not exist", path);
    } else {
      diagnostics.error(ErrorCode::ReadFailed, "cannot open " + quoted(path) + ": " + errnoText(error), path);
    }
    return std::nullopt;
  }
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) {
    diagnostics.error(ErrorCode::ReadFailed, "cannot examine " + quoted(path) + ": " + errnoText(errno), path);
    return std::nullopt;
  }
  if (!S_ISREG(info.st_mode)) {
    diagnostics.error(ErrorCode::NotARegularFile, quoted(path) + " is not a regular file", path);
    return std::nullopt;
  }
  return OpenFile{std::move(fd), static_cast<uint64_t>(info.st_size)};
}

bool readExactly(int fd, void *out, uint64_t size, uint64_t offset, const std::string &path, Diagnostics &diagnostics) {
  constexpr uint64_t largestPiece = 1u << 30; // Linux moves at most 2 GiB - 4 KiB per call
  uint64_t done = 0;
  while (done < size) {
    size_t piece = static_cast<size_t>(std::min(size - done, largestPiece));
    ssize_t got = ::pread(fd, static_cast<char *>(out) + done, piece, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return diagnostics.error(ErrorCode::ReadFailed, "reading " + quoted(path) + " failed: " + errnoText(errno),
                               path + ": byte " + std::to_string(offset + done));
    }
    if (got == 0) {
      return diagnostics.error(
          ErrorCode::ReadFailed,
          quoted(path) + " became shorter while it was read: " + bytesText(size - done) + " missing",
          path + ": byte " + std::to_string(offset + done), "wait until the download has finished, then try again");
    }
    done += static_cast<uint64_t>(got);
  }
  return true;
}

std::optional<std::string> readWholeFile(const std::string &path, uint64_t limit, Diagnostics &diagnostics) {
  std::optional<OpenFile> file = openForReading(path, diagnostics);
  if (!file) {
    return std::nullopt;
  }
  if (file->size > limit) {
    diagnostics.error(
        ErrorCode::FileTooLarge,
        quoted(path) + " has " + bytesText(file->size) + ", at most " + bytesText(limit) + " are accepted", path);
    return std::nullopt;
  }
  std::string content(static_cast<size_t>(file->size), '\0');
  if (!readExactly(file->descriptor.get(), content.data(), file->size, 0, path, diagnostics)) {
    return std::nullopt;
  }
  return content;
}

} // namespace lapidary
