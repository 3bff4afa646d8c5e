//===- Tokenize.cpp - tokenize and detokenize -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text to ids and back, for scripts: standard input to standard output.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"
#include "runtime/src/cli/Prompt.h"

namespace lap {

ExitCode runTokenize(const Options &options, Output &out) {
  Program program(options);
  TextInput input;
  IdList ids;
  ExitCode code = program.openModel();
  if (code != ExitOk || (code = readAll("-", &input)) != ExitOk ||
      (code = tokenize(*program.model, input, options.noBos ? 0 : LAP_TOKENIZE_BOS, &ids)) != ExitOk) {
    return code;
  }
  for (size_t i = 0; i < ids.count; ++i) {
    out.format("%s%d", i ? " " : "", ids.ids[i]);
  }
  out.put("\n");
  return ExitOk;
}

ExitCode runDetokenize(const Options &options, Output &out) {
  Program program(options);
  IdList ids;
  ExitCode code = program.openModel();
  if (code != ExitOk) {
    return code;
  }
  if ((code = readIds(options.ids ? options.ids : "-", program.descriptor().vocab, &ids)) != ExitOk) {
    return code;
  }
  lap_text_stream *stream = nullptr;
  lap_error error;
  if (lap_text_stream_create(program.model, &stream, &error) != LAP_OK) {
    return report(error);
  }
  size_t bytes = 0;
  for (size_t i = 0; i < ids.count; ++i) {
    const char *text = lap_text_stream_push(stream, ids.ids[i], &bytes);
    out.put(text, bytes);
  }
  const char *rest = lap_text_stream_finish(stream, &bytes);
  out.put(rest, bytes);
  lap_text_stream_free(stream);
  return ExitOk;
}

} // namespace lap
