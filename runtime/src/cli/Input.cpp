//===- Input.cpp - whole files, ids, atomic output files ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Input.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Input.h"
#include "runtime/src/Error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lap {

namespace {

bool isSeparator(char c) { return c == ' ' || c == ',' || (c >= '\t' && c <= '\r'); }

} // namespace

ExitCode readAll(const char *path, TextInput *out) {
  bool standard = strcmp(path, "-") == 0;
  const char *name = standard ? "standard input" : path;
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  size_t capacity = 0;
  ssize_t got = fd < 0 ? -1 : 1;
  while (got > 0) {
    if (out->bytes + 1 >= capacity) {
      capacity = capacity ? capacity * 2 : 65536;
      char *larger = static_cast<char *>(realloc(out->text, capacity));
      if (!larger) {
        return complain(ExitMemory, "not enough memory to read %s: %zu bytes needed", name, capacity);
      }
      out->text = larger;
    }
    got = read(fd, out->text + out->bytes, capacity - 1 - out->bytes);
    if (got < 0 && errno == EINTR) {
      got = 1;
      continue;
    }
    out->bytes += got > 0 ? static_cast<size_t>(got) : 0;
  }
  int failure = got < 0 ? errno : 0;
  if (!standard && fd >= 0) {
    close(fd);
  }
  if (failure) {
    return complain(failure == ENOENT ? ExitInput : ExitIo, "cannot read %s: %s", name, strerror(failure));
  }
  out->text[out->bytes] = 0;
  return ExitOk;
}

lap_status parseIds(const char *text, size_t bytes, uint32_t vocab, IdList *out, lap_error *error) {
  int32_t *ids = static_cast<int32_t *>(malloc((bytes / 2 + 1) * sizeof(int32_t))); // an id and a separator: 2 bytes
  if (!ids) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for the ids of %zu bytes of text", bytes);
  }
  size_t count = 0;
  for (size_t at = 0; at < bytes;) {
    if (isSeparator(text[at])) {
      ++at;
      continue;
    }
    size_t start = at;
    uint64_t value = 0;
    bool digits = true;
    for (; at < bytes && !isSeparator(text[at]); ++at) {
      digits = digits && text[at] >= '0' && text[at] <= '9';
      value = digits && value < UINT32_MAX ? value * 10 + static_cast<uint64_t>(text[at] - '0') : value;
    }
    int shown = at - start < 24 ? static_cast<int>(at - start) : 24;
    if (!digits || value >= vocab) {
      free(ids);
      return fail(error, LAP_INVALID_ARGUMENT, "token %zu, at byte %zu: '%.*s' is not an id; expected 0..%u", count,
                  start, shown, text + start, vocab - 1);
    }
    ids[count++] = static_cast<int32_t>(value);
  }
  out->ids = ids;
  out->count = count;
  return LAP_OK;
}

ExitCode readIds(const char *path, uint32_t vocab, IdList *out) {
  if (!path) {
    return complain(ExitInput, "no token ids given; use --ids FILE, or --ids - for standard input");
  }
  TextInput input;
  ExitCode code = readAll(path, &input);
  if (code != ExitOk) {
    return code;
  }
  lap_error error;
  if (parseIds(input.text, input.bytes, vocab, out, &error) != LAP_OK) {
    return complain(exitCodeOf(error.status), "%s: %s", path, error.message);
  }
  return out->count ? ExitOk : complain(ExitInput, "%s: holds no token ids", path);
}

ExitCode AtomicFile::open(const char *path) {
  const bool standard = strcmp(path, "-") == 0;
  struct stat status;
  if (standard || (stat(path, &status) == 0 && !S_ISREG(status.st_mode))) {
    const int fd = standard ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path, O_WRONLY | O_CLOEXEC);
    path = standard ? "standard output" : path;
    if (fd < 0) {
      return complain(ExitIo, "cannot %s %s: %s", standard ? "open" : "create", path, strerror(errno));
    }
    file.openInPlace(fd, path);
    return ExitOk;
  }
  lap_error error;
  return file.open(path, &error, 0666) == LAP_OK ? ExitOk : report(error);
}

ExitCode AtomicFile::write(const void *data, size_t bytes) {
  lap_error error;
  return file.write(data, bytes, &error) == LAP_OK ? ExitOk : report(error);
}

ExitCode AtomicFile::commit() {
  lap_error error;
  return file.commit(&error) == LAP_OK ? ExitOk : report(error);
}

} // namespace lap
