//===- Constrain.cpp - --json-schema and --grammar ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Constrain.h. The limit that a text must end within is the smaller of -n and what the context has room for.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Constrain.h"

#include <stdlib.h>

namespace lap {

ExitCode openConstraint(const Options &options, const lap_model *model, lap_constraint **out) {
  const char *path = options.jsonSchema ? options.jsonSchema : options.grammar;
  if (!path) {
    return ExitOk;
  }
  if (options.jsonSchema && options.grammar) {
    return complain(ExitInput, "--json-schema and --grammar exclude each other");
  }
  TextInput text;
  ExitCode code = readAll(path, &text);
  if (code != ExitOk) {
    return code;
  }
  lap_error error;
  lap_status status = options.jsonSchema ? lap_constraint_create_json_schema(model, text.text, text.bytes,
                                                                             LAP_NOTATION_JSON, out, &error)
                                         : lap_constraint_create_grammar(model, text.text, text.bytes, out, &error);
  free(text.text);
  return status == LAP_OK ? ExitOk : complain(exitCodeOf(status), "%s: %s", path, error.message);
}

void startText(Program &program, uint64_t limit) {
  if (!program.constraint) {
    return;
  }
  lap_constraint_reset(program.constraint);
  uint64_t room = uint64_t(program.room()) + 1, left = limit < room ? limit : room;
  uint32_t least = lap_constraint_tokens_to_finish(program.constraint);
  if (least > left && !program.options.quiet) {
    message("note: the shortest text that is allowed takes up to %u tokens, there are %llu: it may be cut off", least,
            static_cast<unsigned long long>(left));
  }
}

lap_status sampleToken(Program &program, const lap_sampling &sampling, uint64_t left, int32_t *out, lap_error *error) {
  uint64_t room = uint64_t(program.room()) + 1; // the last token is written but not read again
  left = left < room ? left : room;
  uint32_t tokens = left < UINT32_MAX ? static_cast<uint32_t>(left) : UINT32_MAX;
  return lap_session_sample_constrained(program.session, &sampling, program.constraint, tokens, out, error);
}

bool endsText(Program &program, int32_t id, lap_error *error, bool *failed) {
  if (!program.constraint || lap_model_is_eos(program.model, id)) {
    return false;
  }
  *failed = lap_constraint_accept(program.constraint, id, error) != LAP_OK;
  return !*failed && lap_constraint_is_finished(program.constraint);
}

Stop checkWhole(const Program &program, Stop stop) {
  bool cut = stop == Stop::Limit || stop == Stop::ContextFull;
  if (!program.constraint || !cut || lap_constraint_is_complete(program.constraint)) {
    return stop;
  }
  uint32_t more = lap_constraint_tokens_to_finish(program.constraint);
  complain(ExitInput, "the text is not whole: %u more tokens would end it; allow more with -n%s", more,
           stop == Stop::ContextFull ? " and a longer context" : "");
  return Stop::NotWhole;
}

} // namespace lap
