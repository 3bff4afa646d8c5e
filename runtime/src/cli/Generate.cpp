//===- Generate.cpp - continue a sequence of token ids --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The command that tests and scripts compare with transformers' generate(): the end-of-sequence id that stops it is
// part of the printed ids, as it is there.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

namespace lap {

namespace {

struct IdPrinter {
  Output &out;
  bool first;
};

bool printId(void *context, int32_t id) {
  IdPrinter &printer = *static_cast<IdPrinter *>(context);
  printer.out.format("%s%d", printer.first ? "" : " ", id);
  printer.first = false;
  printer.out.flush();
  return printer.out.good();
}

struct TextPrinter {
  Output &out;
  const lap_model *model;
  lap_text_stream *stream;
};

bool printText(void *context, int32_t id) {
  TextPrinter &printer = *static_cast<TextPrinter *>(context);
  if (!lap_model_is_eos(printer.model, id)) {
    size_t bytes = 0;
    const char *text = lap_text_stream_push(printer.stream, id, &bytes);
    printer.out.put(text, bytes);
    printer.out.flush();
  }
  return printer.out.good();
}

Stop generateText(Program &program, const lap_sampling &sampling, uint64_t limit, Output &out) {
  TextPrinter printer{out, program.model, nullptr};
  lap_error error;
  if (lap_text_stream_create(program.model, &printer.stream, &error) != LAP_OK) {
    report(error);
    return Stop::Failed;
  }
  Stop stop = writeTokens(program, sampling, limit, printText, &printer);
  size_t bytes = 0;
  const char *rest = lap_text_stream_finish(printer.stream, &bytes);
  out.put(rest, bytes);
  lap_text_stream_free(printer.stream);
  return stop;
}

} // namespace

ExitCode runGenerate(const Options &options, Output &out) {
  Program program(options);
  IdList prompt;
  lap_sampling sampling;
  ExitCode code = program.openSession();
  if (code == ExitOk && !options.printIds && !program.model->tokenizer) {
    code = complain(ExitInput, "this program was compiled without a tokenizer; add --print-ids");
  }
  if (code != ExitOk || (code = readIds(options.ids, program.descriptor().vocab, &prompt)) != ExitOk ||
      (code = program.chooseSampling(&sampling)) != ExitOk || (code = program.readPrompt(prompt)) != ExitOk) {
    return code;
  }
  uint64_t limit = options.tokens == NotGiven ? 128 : options.tokens;
  IdPrinter printer{out, true};
  Stop stop = options.printIds ? writeTokens(program, sampling, limit, printId, &printer)
                               : generateText(program, sampling, limit, out);
  out.put("\n");
  if (stop == Stop::ContextFull && !options.quiet) {
    message("note: stopped because the context of %u tokens is full", lap_session_context(program.session));
  }
  program.printStats();
  return exitCodeOf(stop);
}

} // namespace lap
