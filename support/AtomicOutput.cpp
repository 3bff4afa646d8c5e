//===- AtomicOutput.cpp - an output file that is complete or not there ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Temporary names are ".NAME.lapidary-PID-N.tmp" beside the target: same file system, so rename is atomic.
//===----------------------------------------------------------------------===//
#include "support/AtomicOutput.h"

#include "support/Checked.h"
#include "support/Quote.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lapidary {

namespace {

struct SplitPath {
  std::string directory, name;
};

SplitPath split(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return {".", path};
  }
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string temporaryPrefix(const SplitPath &path) { return "." + path.name + ".lapidary-"; }

bool isTemporaryOf(const std::string &name, const std::string &prefix) {
  constexpr const char *suffix = ".tmp";
  return name.size() > prefix.size() + 4 && name.compare(0, prefix.size(), prefix) == 0 &&
         name.compare(name.size() - 4, 4, suffix) == 0;
}

/// Removes temporaries for the same output whose owner is gone (its lock died with it).
void removeStaleTemporaries(const SplitPath &path) {
  DIR *directory = ::opendir(path.directory.c_str());
  if (!directory) {
    return;
  }
  std::vector<std::string> candidates;
  while (const dirent *entry = ::readdir(directory)) {
    if (isTemporaryOf(entry->d_name, temporaryPrefix(path))) {
      candidates.push_back(joinPath(path.directory, entry->d_name));
    }
  }
  ::closedir(directory);
  for (const std::string &candidate : candidates) {
    FileDescriptor fd(::open(candidate.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(candidate.c_str());
    }
  }
}

/// A new locked file, or an invalid descriptor with errno set.
FileDescriptor createLocked(const SplitPath &path, unsigned mode, std::string &temporary) {
  static std::atomic<unsigned> counter{0};
  constexpr int attempts = 100;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    temporary = joinPath(path.directory,
                         temporaryPrefix(path) + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp");
    FileDescriptor fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd.valid() && errno == EEXIST) {
      continue;
    }
    struct stat info;
    // Another run may have taken the file for stale between open and flock: then it has no name any more.
    if (fd.valid() &&
        (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fd.get(), &info) != 0 || info.st_nlink == 0)) {
      continue;
    }
    return fd;
  }
  errno = EEXIST;
  return FileDescriptor();
}

} // namespace

std::unique_ptr<AtomicOutput> AtomicOutput::create(const std::string &path, unsigned mode, Diagnostics &diagnostics) {
  SplitPath parts = split(path);
  struct stat info;
  bool exists = ::stat(path.c_str(), &info) == 0;
  if (parts.name.empty() || (exists && !S_ISREG(info.st_mode))) {
    diagnostics.error(ErrorCode::OutputNotWritable, "output " + quoted(path) + " is not a regular file", path,
                      "name a file that does not exist yet, or a regular file to replace");
    return nullptr;
  }
  removeStaleTemporaries(parts);
  std::unique_ptr<AtomicOutput> output(new AtomicOutput());
  output->target = path;
  output->fd = createLocked(parts, mode, output->temporary);
  if (!output->fd.valid()) {
    int error = errno;
    output->temporary.clear();
    bool full = error == ENOSPC || error == EDQUOT;
    diagnostics.error(full ? ErrorCode::DiskFull : ErrorCode::OutputNotWritable,
                      "cannot create output " + quoted(path) + ": " + errnoText(error), path,
                      error == ENOENT ? "create the directory " + quoted(parts.directory) + " first" : "");
    return nullptr;
  }
  return output;
}

AtomicOutput::~AtomicOutput() {
  if (!temporary.empty()) {
    ::unlink(temporary.c_str());
  }
}

bool AtomicOutput::fail(const char *action, int error, Diagnostics &diagnostics) const {
  bool full = error == ENOSPC || error == EDQUOT;
  return diagnostics.error(full ? ErrorCode::DiskFull : ErrorCode::WriteFailed,
                           std::string(action) + " output " + quoted(target) + " failed: " + errnoText(error), target,
                           full ? "free some space or choose another disk with -o; nothing was left behind" : "");
}

bool AtomicOutput::write(uint64_t offset, const void *data, uint64_t size, Diagnostics &diagnostics) {
  constexpr uint64_t largestPiece = 1u << 30; // Linux moves at most 2 GiB - 4 KiB per call
  std::optional<uint64_t> last = checkedAdd(offset, size);
  if (!last || *last > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return fail("writing", EFBIG, diagnostics);
  }
  uint64_t done = 0;
  while (done < size) {
    size_t piece = static_cast<size_t>(std::min(size - done, largestPiece));
    ssize_t put = ::pwrite(fd.get(), static_cast<const char *>(data) + done, piece, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return fail("writing", put < 0 ? errno : EIO, diagnostics);
    }
    done += static_cast<uint64_t>(put);
  }
  end = std::max(end, *last);
  return true;
}

bool AtomicOutput::append(const void *data, uint64_t size, Diagnostics &diagnostics) {
  return write(end, data, size, diagnostics);
}

bool AtomicOutput::commit(Diagnostics &diagnostics) {
  if (::fsync(fd.get()) != 0) {
    return fail("flushing", errno, diagnostics);
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    return fail("renaming to", errno, diagnostics);
  }
  temporary.clear();
  fd.reset();
  // The new name must survive a power cut too. Some file systems cannot flush directories: that is no failure.
  FileDescriptor directory(::open(split(target).directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (directory.valid() && ::fsync(directory.get()) != 0 && errno == EIO) {
    return fail("flushing the directory of", EIO, diagnostics);
  }
  return true;
}

} // namespace lapidary
