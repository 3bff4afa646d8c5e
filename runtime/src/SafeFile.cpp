//===- SafeFile.cpp - files that appear whole, and files that are read warily ---===//
// SPDX-License-Identifier: Apache-2.0
//
// See SafeFile.h. Reading uses pread, never a mapping: a file that shrinks is an error, not a signal.
//===----------------------------------------------------------------------===//
#include "runtime/src/SafeFile.h"
#include "runtime/src/Error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lap {

lap_status SafeWriter::failed(const char *action, lap_error *error) {
  return fail(error, LAP_IO_ERROR, "cannot %s %s: %s", action, path, strerror(errno));
}

lap_status SafeWriter::open(const char *target, lap_error *error, unsigned mode) {
  path = target;
  int length = snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, int(getpid()));
  if (length < 0 || static_cast<size_t>(length) >= sizeof(temporary)) {
    temporary[0] = 0;
    return fail(error, LAP_INVALID_ARGUMENT, "the path has %zu characters, more than %zu", strlen(path),
                sizeof(temporary) - 20);
  }
  fd = ::open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) {
    temporary[0] = 0; // not ours to remove
    return failed("create", error);
  }
  return LAP_OK;
}

void SafeWriter::openInPlace(int descriptor, const char *name) {
  path = name;
  fd = descriptor;
}

lap_status SafeWriter::write(const void *data, uint64_t bytes, lap_error *error) {
  const char *from = static_cast<const char *>(data);
  while (bytes != 0) {
    ssize_t written = ::write(fd, from, bytes < (1u << 30) ? bytes : 1u << 30);
    if (written < 0 && errno != EINTR) {
      return failed("write", error);
    }
    uint64_t done = written < 0 ? 0 : static_cast<uint64_t>(written);
    from += done, bytes -= done;
  }
  return LAP_OK;
}

/// Best effort: the new name survives a power cut too.
void SafeWriter::syncDirectory() {
  char *slash = strrchr(temporary, '/');
  if (slash) {
    slash[slash == temporary ? 1 : 0] = 0;
  }
  int directory = ::open(slash ? temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
}

lap_status SafeWriter::commit(lap_error *error) {
  if (!temporary[0]) {
    const int status = close(fd);
    fd = -1;
    return status == 0 ? LAP_OK : failed("write", error);
  }
  if (fsync(fd) != 0 || rename(temporary, path) != 0) {
    return failed("write", error);
  }
  syncDirectory();
  temporary[0] = 0;
  close(fd);
  fd = -1;
  return LAP_OK;
}

void SafeWriter::discard() {
  if (fd >= 0) {
    close(fd);
    fd = -1;
  }
  if (temporary[0]) {
    unlink(temporary);
    temporary[0] = 0;
  }
}

SafeReader::~SafeReader() {
  if (fd >= 0) {
    close(fd);
  }
}

lap_status SafeReader::open(const char *source, lap_error *error) {
  path = source;
  fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not block
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) {
    return fail(error, LAP_IO_ERROR, "cannot open %s: %s", path, strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(error, LAP_BAD_FILE, "%s is not a regular file", path);
  }
  bytes = static_cast<uint64_t>(status.st_size);
  return LAP_OK;
}

lap_status SafeReader::read(void *out, uint64_t count, lap_error *error) {
  char *to = static_cast<char *>(out);
  while (count != 0) {
    ssize_t got = pread(fd, to, count < (1u << 30) ? count : 1u << 30, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail(error, LAP_IO_ERROR, "cannot read %s: %s", path, strerror(errno));
    }
    if (got == 0) {
      return fail(error, LAP_BAD_FILE, "%s ends at byte %llu, %llu bytes are missing; it was cut off", path,
                  static_cast<unsigned long long>(offset), static_cast<unsigned long long>(count));
    }
    to += got, offset += static_cast<uint64_t>(got), count -= static_cast<uint64_t>(got);
  }
  return LAP_OK;
}

} // namespace lap
