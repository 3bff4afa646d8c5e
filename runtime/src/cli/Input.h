//===- Input.h - whole files, ids, atomic output files --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What commands read and write besides standard output. Memory read here is kept until the process ends.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_INPUT_H
#define LAPIDARY_RUNTIME_CLI_INPUT_H

#include "runtime/src/SafeFile.h"
#include "runtime/src/cli/Output.h"

namespace lap {

struct TextInput {
  char *text = nullptr; // NUL-terminated for convenience, may hold NULs
  size_t bytes = 0;
};

struct IdList {
  int32_t *ids = nullptr;
  size_t count = 0;
};

/// Reads a file, or standard input for "-".
ExitCode readAll(const char *path, TextInput *out);

/// Parses integers 0..vocab-1 separated by white space or commas. Errors name the position, from 0, and the byte.
lap_status parseIds(const char *text, size_t bytes, uint32_t vocab, IdList *out, lap_error *error);

/// readAll and parseIds; complains if there is no id. `path` null means the option is missing.
ExitCode readIds(const char *path, uint32_t vocab, IdList *out);

/// A command's output file, with a complaint for every error: a SafeWriter, so that it appears under its name only when
/// complete. A target that is no regular file (a device, a pipe; "-" is standard output) is written in place.
class AtomicFile {
public:
  ExitCode open(const char *path);
  ExitCode write(const void *data, size_t bytes);
  ExitCode commit();

private:
  SafeWriter file;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_INPUT_H
