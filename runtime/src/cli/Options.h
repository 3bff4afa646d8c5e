//===- Options.h - the command line as one table --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every option is one row: spelling, value, which commands know it, help text, where its value goes. Parsing, checking
// and --help all read that table, so they cannot disagree. Spellings follow llama.cpp where it has one.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_OPTIONS_H
#define LAPIDARY_RUNTIME_CLI_OPTIONS_H

#include "runtime/src/cli/Output.h"

namespace lap {

/// One bit each, so that an option can name the commands that know it.
enum Command : uint32_t {
  RunCommand = 1,
  GenerateCommand = 2,
  LogitsCommand = 4,
  TokenizeCommand = 8,
  DetokenizeCommand = 16,
  BenchCommand = 32,
  PerplexityCommand = 64,
  InfoCommand = 128,
  VerifyCommand = 256,
  ObserveCommand = 512,
  ServeCommand = 1024,
};

constexpr uint64_t NotGiven = UINT64_MAX;

/// Plain data: the table stores offsets into it. Counts are NotGiven and reals negative until given.
struct Options {
  Command command;
  const char *prompt, *file, *ids, *out, *system, *weights, *messages, *tools, *host, *apiKeyFile;
  const char *jsonSchema, *grammar; // of the text to be written
  const char *stops[8];             // the first stopCount are given
  unsigned stopCount;
  uint64_t think; // NotGiven: off; else the most tokens of thought
  uint64_t threads, context, chunk, tokens, topK, seed, window, promptTokens, depth, repetitions;
  uint64_t drafts;
  uint64_t port, parallel, kept, maxBody, maxConnections, maxWaiting, maxSeconds;
  double temperature, topP;
  bool greedy, printIds, last, noBos, stats, quiet, raw, json, profile;
  bool help, version, licenses;
};

/// Reads argv into *out. On a mistake prints what is wrong and the nearest spelling; returns ExitInput.
ExitCode parseOptions(int argc, const char *const *argv, Options *out);

/// The help of the program (RunCommand) or of one command.
void printHelp(Output &out, const char *program, Command command);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_OPTIONS_H
