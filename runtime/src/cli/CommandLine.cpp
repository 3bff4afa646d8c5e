//===- CommandLine.cpp - dispatch -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Parses, calls the command, flushes standard output and picks the exit code.
//===----------------------------------------------------------------------===//
#include "runtime/src/Model.h"
#include "runtime/src/cli/Commands.h"
#include "runtime/src/cli/Program.h"

#include <string.h>
#include <unistd.h>

namespace lap {

namespace {

ExitCode runWithoutServer(const Options &, Output &) {
  return complain(ExitInput, "this program was built without a server");
}

CommandFunction *functionOf(Command command, CommandFunction *serve) {
  switch (command) {
  case RunCommand:
    return runText;
  case GenerateCommand:
    return runGenerate;
  case LogitsCommand:
    return runLogits;
  case TokenizeCommand:
    return runTokenize;
  case DetokenizeCommand:
    return runDetokenize;
  case BenchCommand:
    return runBench;
  case PerplexityCommand:
    return runPerplexity;
  case ObserveCommand:
    return runObserve;
  case InfoCommand:
    return runInfo;
  case VerifyCommand:
    return runVerify;
  case ServeCommand:
    return serve ? serve : runWithoutServer;
  }
  return runText;
}

ExitCode dispatch(const char *program, const Options &options, CommandFunction *serve, Output &out) {
  const lap_program &data = lap_program_data;
  if (options.help) {
    printHelp(out, program, options.command);
    return ExitOk;
  }
  if (options.version) {
    out.format("%s, compiled by Lapidary %s for %s\n", blobString(data, data.model_name), LAPIDARY_VERSION,
               blobString(data, data.target));
    return ExitOk;
  }
  if (options.licenses) {
    out.put(blobString(data, data.licenses));
    return ExitOk;
  }
  installSignalHandlers();
  return functionOf(options.command, serve)(options, out);
}

} // namespace

int runCommandLine(int argc, const char *const *argv, CommandFunction *serve) {
  Options options;
  ExitCode code = parseOptions(argc, argv, &options);
  if (code != ExitOk) {
    return code;
  }
  const char *program = argc > 0 && argv[0] ? argv[0] : "program";
  Output out(STDOUT_FILENO);
  code = dispatch(program, options, serve, out);
  ExitCode written = out.finish();
  return code == ExitOk ? written : code;
}

} // namespace lap
