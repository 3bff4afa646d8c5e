//===- Output.cpp - standard output, messages, JSON -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Output.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Output.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace lap {

ExitCode exitCodeOf(lap_status status) {
  switch (status) {
  case LAP_OK:
    return ExitOk;
  case LAP_OUT_OF_MEMORY:
  case LAP_NO_DEVICE:
    return ExitMemory;
  case LAP_IO_ERROR:
    return ExitIo;
  case LAP_BUFFER_TOO_SMALL:
  case LAP_NUMERIC_ERROR:
  case LAP_DEVICE_FAILED:
    return ExitInternal;
  case LAP_INVALID_ARGUMENT:
  case LAP_CONTEXT_FULL:
  case LAP_BAD_FILE:
  case LAP_UNSUPPORTED_CPU:
  case LAP_UNAVAILABLE:
    return ExitInput;
  }
  return ExitInternal;
}

void Output::put(const char *text, size_t bytes) {
  while (bytes != 0) {
    if (used == sizeof(buffer)) {
      flush();
    }
    size_t take = sizeof(buffer) - used < bytes ? sizeof(buffer) - used : bytes;
    memcpy(buffer + used, text, take);
    used += take, text += take, bytes -= take;
  }
}

void Output::put(const char *text) { put(text, strlen(text)); }

void Output::format(const char *pattern, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, pattern);
  int bytes = vsnprintf(line, sizeof(line), pattern, arguments);
  va_end(arguments);
  if (bytes > 0) {
    size_t length = static_cast<size_t>(bytes);
    put(line, length < sizeof(line) ? length : sizeof(line) - 1);
  }
}

void Output::flush() {
  size_t done = 0;
  while (done < used && failure == 0) {
    ssize_t written = write(fd, buffer + done, used - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
  used = 0;
}

ExitCode Output::finish() {
  flush();
  if (failure == 0 || failure == EPIPE) {
    return ExitOk;
  }
  return complain(ExitIo, "cannot write to standard output: %s", strerror(failure));
}

void JsonObject::key(const char *name) {
  out.format("%s\"%s\":", first ? "" : ",", name);
  first = false;
}

void JsonObject::number(const char *name, double value) {
  key(name);
  if (isfinite(value)) {
    out.format("%.6g", value);
  } else {
    out.put("null");
  }
}

void JsonObject::integer(const char *name, uint64_t value) {
  key(name);
  out.format("%llu", static_cast<unsigned long long>(value));
}

namespace {

void printLine(const char *prefix, const char *pattern, va_list arguments) {
  char line[1200];
  int start = snprintf(line, sizeof(line), "%s", prefix);
  size_t room = sizeof(line) - 1 - static_cast<size_t>(start); // one byte for the newline
  int bytes = vsnprintf(line + start, room, pattern, arguments);
  size_t length = bytes < 0 ? 0 : static_cast<size_t>(bytes) < room ? static_cast<size_t>(bytes) : room - 1;
  line[static_cast<size_t>(start) + length] = '\n';
  Output errors(STDERR_FILENO);
  errors.put(line, static_cast<size_t>(start) + length + 1);
  errors.flush();
}

} // namespace

void message(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  printLine("", pattern, arguments);
  va_end(arguments);
}

ExitCode report(const lap_error &error) { return complain(exitCodeOf(error.status), "%s", error.message); }

ExitCode complain(ExitCode code, const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  printLine("error: ", pattern, arguments);
  va_end(arguments);
  return code;
}

} // namespace lap
