//===- Constrain.h - --json-schema and --grammar --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What writeTokens does differently when the text must follow a schema or a grammar. Without a constraint these
// functions do nothing special.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_CONSTRAIN_H
#define LAPIDARY_RUNTIME_CLI_CONSTRAIN_H

#include "runtime/src/cli/Program.h"

namespace lap {

/// Reads and compiles what the options name; *out is null if they name nothing.
ExitCode openConstraint(const Options &options, const lap_model *model, lap_constraint **out);

/// Starts the constraint's text; says so if `limit` tokens are too few for the shortest.
void startText(Program &program, uint64_t limit);

/// The next token, so that the text can be whole after `left` tokens, this one included.
lap_status sampleToken(Program &program, const lap_sampling &sampling, uint64_t left, int32_t *out, lap_error *error);

/// Tells the constraint about a token. True if the text is whole and nothing can follow.
bool endsText(Program &program, int32_t id, lap_error *error, bool *failed);

/// A text that a limit stopped must be whole all the same; complains if it is not.
Stop checkWhole(const Program &program, Stop stop);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_CONSTRAIN_H
