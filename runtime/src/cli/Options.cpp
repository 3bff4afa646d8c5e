//===- Options.cpp - option and command tables, parser, help --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Options.h. Long options take `--name value` and `--name=value`; short ones `-x value`.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Options.h"

#include "runtime/src/Drafts.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

namespace lap {

namespace {

struct CommandRow {
  const char *name;
  Command command;
  const char *help;
};

constexpr CommandRow Commands[] = {
    {"generate", GenerateCommand, "continue a sequence of token ids"},
    {"logits", LogitsCommand, "write the logits of token ids to a file, little-endian float32 [tokens, vocab]"},
    {"tokenize", TokenizeCommand, "text on standard input to ids, one line"},
    {"detokenize", DetokenizeCommand, "ids on standard input to text"},
    {"bench", BenchCommand, "tokens per second, time to first token, memory (medians)"},
    {"perplexity", PerplexityCommand, "perplexity of token ids, in windows without overlap"},
    {"observe", ObserveCommand, "write moments and ranges of what products see, for `lapidary compile --calibration`"},
    {"serve", ServeCommand, "answer requests of the OpenAI API over HTTP"},
    {"info", InfoCommand, "what this program holds and needs"},
    {"verify", VerifyCommand, "recompute the hashes of code and weights"},
};

/// Stops is a text that may be given several times; Budget a count that may be left out (then there is no limit) and is
/// given with = only.
enum Kind : uint8_t { Flag, Text, Count, Real, Stops, Budget };

constexpr uint32_t Sampled = RunCommand | GenerateCommand;
constexpr uint32_t Windowed = PerplexityCommand | ObserveCommand;
constexpr uint32_t Computing = Sampled | LogitsCommand | BenchCommand | Windowed | ServeCommand;
constexpr uint32_t Every = Computing | TokenizeCommand | DetokenizeCommand | InfoCommand | VerifyCommand;

struct Row {
  const char *name;
  char letter;       // 0: none
  const char *value; // null for a flag
  Kind kind;
  uint32_t commands;
  size_t offset; // of the member of Options
  double least, most;
  const char *help;
};

constexpr double Many = 4294967295.0; // ids, positions and counts are 32-bit

#define AT(member) offsetof(Options, member)
constexpr Row Rows[] = {
    {"prompt", 'p', "TEXT", Text, RunCommand, AT(prompt), 0, 0,
     "what to say; without it: -f, standard input or a chat"},
    {"file", 'f', "FILE", Text, RunCommand, AT(file), 0, 0, "read the prompt from FILE"},
    {"system", 0, "TEXT", Text, RunCommand, AT(system), 0, 0, "system instruction"},
    {"messages", 0, "FILE", Text, RunCommand, AT(messages), 0, 0,
     "answer a conversation: JSON array of messages as in the OpenAI API"},
    {"tools", 0, "FILE", Text, RunCommand, AT(tools), 0, 0,
     "JSON array of tools the model may call; calls are printed as JSON, one a line"},
    {"think", 0, "[=N]", Budget, RunCommand, AT(think), 0, Many, "let the model think first, for at most N tokens"},
    {"stop", 0, "TEXT", Stops, RunCommand, AT(stops), 0, 0, "end the answer before TEXT; up to 8 times"},
    {"raw", 0, nullptr, Flag, RunCommand, AT(raw), 0, 0, "no chat format: continue the text itself"},
    {"ids", 0, "FILE", Text, GenerateCommand | LogitsCommand | Windowed | DetokenizeCommand, AT(ids), 0, 0,
     "token ids, white space or commas between; - is standard input"},
    {"tokens", 'n', "N", Count, Sampled | BenchCommand, AT(tokens), 0, Many,
     "most tokens to write (run: 256, generate and bench: 128)"},
    {"host", 0, "ADDRESS", Text, ServeCommand, AT(host), 0, 0, "address to listen on (127.0.0.1: this machine only)"},
    {"port", 0, "N", Count, ServeCommand, AT(port), 0, 65535, "port to listen on (8080); 0: any free one"},
    {"api-key-file", 0, "FILE", Text, ServeCommand, AT(apiKeyFile), 0, 0, "keys that open the server, one a line"},
    {"parallel", 0, "N", Count, ServeCommand, AT(parallel), 1, 256, "sequences computed at once (4)"},
    {"kept", 0, "N", Count, ServeCommand, AT(kept), 0, 256, "further conversations kept in memory (as --parallel)"},
    {"max-tokens", 0, "N", Count, ServeCommand, AT(tokens), 1, Many, "most tokens one request may generate"},
    {"max-body", 0, "MIB", Count, ServeCommand, AT(maxBody), 1, 1024, "largest body of a request, in MiB (8)"},
    {"max-connections", 0, "N", Count, ServeCommand, AT(maxConnections), 1, 65536, "most connections (256)"},
    {"max-waiting", 0, "N", Count, ServeCommand, AT(maxWaiting), 1, 65536, "most requests that wait (256)"},
    {"max-seconds", 0, "N", Count, ServeCommand, AT(maxSeconds), 1, 86400, "longest time of one request (600)"},
    {"print-ids", 0, nullptr, Flag, GenerateCommand, AT(printIds), 0, 0, "print ids, one line, instead of text"},
    {"temp", 0, "X", Real, Sampled, AT(temperature), 0, 1e9, "temperature; 0 is --greedy"},
    {"top-k", 0, "N", Count, Sampled, AT(topK), 0, Many, "keep the N likeliest tokens; 0: all"},
    {"top-p", 0, "X", Real, Sampled, AT(topP), 1e-9, 1, "keep the likeliest tokens that together have X"},
    {"seed", 0, "N", Count, Sampled, AT(seed), 0, 18446744073709549568.0, "same seed, same text (default: random)"},
    {"greedy", 0, nullptr, Flag, Sampled, AT(greedy), 0, 0, "always the likeliest token"},
    {"drafts", 0, "N", Count, Sampled | ServeCommand, AT(drafts), 0, MaxDrafts,
     "guess up to N tokens from what was said before; right guesses save time (0)"},
    {"json-schema", 0, "FILE", Text, Sampled, AT(jsonSchema), 0, 0, "write JSON that is valid by this JSON schema"},
    {"grammar", 0, "FILE", Text, Sampled, AT(grammar), 0, 0, "write text that this grammar (GBNF) describes"},
    {"out", 0, "FILE", Text, LogitsCommand | ObserveCommand, AT(out), 0, 0,
     "where the result goes; logits: - is standard output"},
    {"last", 0, nullptr, Flag, LogitsCommand, AT(last), 0, 0, "only the last row, with dead positions pruned"},
    {"no-bos", 0, nullptr, Flag, TokenizeCommand, AT(noBos), 0, 0, "do not start with the beginning-of-sequence id"},
    {"prompt-tokens", 'p', "N", Count, BenchCommand, AT(promptTokens), 0, Many, "tokens of the prompt (512)"},
    {"depth", 'd', "N", Count, BenchCommand, AT(depth), 0, Many, "tokens already in the context (0)"},
    {"repetitions", 'r', "N", Count, BenchCommand, AT(repetitions), 1, 100, "how often each is measured (3)"},
    {"profile", 0, nullptr, Flag, BenchCommand, AT(profile), 0, 0, "also print where the time of each kind of op goes"},
    {"window", 0, "N", Count, Windowed, AT(window), 2, Many, "tokens per window (512)"},
    {"json", 0, nullptr, Flag, BenchCommand | InfoCommand, AT(json), 0, 0, "print JSON"},
    {"threads", 't', "N", Count, Computing, AT(threads), 1, 64, "threads (default: the CPUs we may use, at most 64)"},
    {"context", 'c', "N", Count, Computing, AT(context), 1, Many, "positions to use, at most those compiled in"},
    {"chunk", 0, "N", Count, Computing, AT(chunk), 1, Many, "most tokens per step, at most what was compiled in"},
    {"weights", 0, "FILE", Text, Every, AT(weights), 0, 0, "file with the weights (default: this program)"},
    {"stats", 0, nullptr, Flag, Sampled | LogitsCommand | Windowed, AT(stats), 0, 0,
     "load time, tokens per second and memory, to standard error"},
    {"quiet", 0, nullptr, Flag, Every, AT(quiet), 0, 0, "no notes on standard error"},
    {"licenses", 0, nullptr, Flag, RunCommand, AT(licenses), 0, 0, "print the licences of model and program"},
    {"version", 0, nullptr, Flag, RunCommand, AT(version), 0, 0, "print the version"},
    {"help", 'h', nullptr, Flag, Every, AT(help), 0, 0, "print this help; COMMAND --help for a command's"},
};
#undef AT

constexpr size_t RowCount = sizeof(Rows) / sizeof(Rows[0]);
constexpr size_t CommandCount = sizeof(Commands) / sizeof(Commands[0]);

const char *commandName(Command command) {
  for (const CommandRow &row : Commands) {
    if (row.command == command) {
      return row.name;
    }
  }
  return "";
}

/// Edit distance (Levenshtein) of two short words; 99 if either is longer than 31 characters.
size_t distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b), line[32];
  if (rows > 31 || columns > 31) {
    return 99;
  }
  for (size_t j = 0; j <= columns; ++j) {
    line[j] = j;
  }
  for (size_t i = 1; i <= rows; ++i) {
    size_t diagonal = line[0];
    line[0] = i;
    for (size_t j = 1; j <= columns; ++j) {
      size_t replace = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = line[j];
      size_t shift = 1 + (line[j] < line[j - 1] ? line[j] : line[j - 1]);
      line[j] = replace < shift ? replace : shift;
    }
  }
  return line[columns];
}

ExitCode unknownOption(const char *word, Command command) {
  char name[64] = "";
  strncat(name, word + strspn(word, "-"), sizeof(name) - 1);
  name[strcspn(name, "=")] = 0;
  const char *names[RowCount];
  size_t count = 0;
  for (const Row &row : Rows) {
    if (row.commands & command) {
      names[count++] = row.name;
    }
  }
  const char *near = nearest(name, names, count);
  const char *space = command == RunCommand ? "" : " ";
  return complain(ExitInput, "unknown option '%s'%s%s%s; see%s%s --help", word, near ? "; did you mean '--" : "",
                  near ? near : "", near ? "'?" : "", space, commandName(command));
}

ExitCode unknownCommand(const char *word) {
  const char *names[CommandCount];
  for (size_t i = 0; i < CommandCount; ++i) {
    names[i] = Commands[i].name;
  }
  const char *near = nearest(word, names, CommandCount);
  return complain(ExitInput, "unknown command '%s'%s%s%s; a prompt is given with -p, see --help", word,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

const Row *findRow(const char *name, size_t bytes, bool isLong, Command command) {
  for (const Row &row : Rows) {
    bool same =
        isLong ? strlen(row.name) == bytes && memcmp(row.name, name, bytes) == 0 : bytes == 1 && row.letter == name[0];
    if (same && (row.commands & command)) {
      return &row;
    }
  }
  return nullptr;
}

ExitCode wrongValue(const Row &row, const char *value) {
  return complain(ExitInput, "option --%s: '%s' is not %s from %.10g to %.10g", row.name, value,
                  row.kind != Real ? "a whole number" : "a number", row.least, row.most);
}

ExitCode store(const Row &row, const char *value, Options *out) {
  char *member = reinterpret_cast<char *>(out) + row.offset;
  char *end = nullptr;
  errno = 0;
  if (row.kind == Text) {
    memcpy(member, static_cast<const void *>(&value), sizeof(value));
  } else if (row.kind == Stops) {
    if (out->stopCount == 8 || !*value) {
      return complain(ExitInput, "option --%s: %s", row.name, *value ? "given more than 8 times" : "the text is empty");
    }
    out->stops[out->stopCount++] = value;
  } else if (row.kind == Count || row.kind == Budget) {
    uint64_t number = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == 0 && errno == 0;
    if (!digits || static_cast<double>(number) < row.least || static_cast<double>(number) > row.most) {
      return wrongValue(row, value);
    }
    memcpy(member, &number, sizeof(number));
  } else {
    double number = strtod(value, &end);
    if (end == value || *end != 0 || !(number >= row.least && number <= row.most)) {
      return wrongValue(row, value);
    }
    memcpy(member, &number, sizeof(number));
  }
  return ExitOk;
}

ExitCode parseOne(int argc, const char *const *argv, int *index, Options *out) {
  const char *word = argv[*index];
  bool isLong = word[1] == '-';
  const char *name = word + (isLong ? 2 : 1);
  size_t bytes = isLong ? strcspn(name, "=") : strlen(name);
  const Row *row = findRow(name, bytes, isLong, out->command);
  if (!row) {
    return unknownOption(word, out->command);
  }
  const char *value = name[bytes] == '=' ? name + bytes + 1 : nullptr;
  if (row->kind == Flag) {
    if (value) {
      return complain(ExitInput, "option --%s takes no value", row->name);
    }
    reinterpret_cast<char *>(out)[row->offset] = true;
    return ExitOk;
  }
  if (!value && row->kind == Budget) {
    uint64_t unlimited = NotGiven - 1;
    memcpy(reinterpret_cast<char *>(out) + row->offset, &unlimited, sizeof(unlimited));
    return ExitOk;
  }
  if (!value && *index + 1 < argc) {
    value = argv[++*index];
  }
  return value ? store(*row, value, out) : complain(ExitInput, "option %s needs a value: %s", word, row->value);
}

} // namespace

const char *nearest(const char *word, const char *const *candidates, size_t count) {
  const char *best = nullptr;
  size_t least = 3;
  for (size_t i = 0; i < count; ++i) {
    bool begins = word[0] && strncmp(candidates[i], word, strlen(word)) == 0;
    size_t edits = begins ? 1 : distance(word, candidates[i]);
    if (edits < least && edits < strlen(candidates[i])) {
      least = edits;
      best = candidates[i];
    }
  }
  return best;
}

ExitCode parseOptions(int argc, const char *const *argv, Options *out) {
  memset(out, 0, sizeof(*out));
  out->command = RunCommand;
  uint64_t *counts[] = {&out->threads,    &out->context,    &out->chunk,        &out->tokens,  &out->topK,
                        &out->seed,       &out->window,     &out->promptTokens, &out->depth,   &out->repetitions,
                        &out->port,       &out->parallel,   &out->kept,         &out->maxBody, &out->maxConnections,
                        &out->maxWaiting, &out->maxSeconds, &out->think,        &out->drafts};
  for (uint64_t *count : counts) {
    *count = NotGiven;
  }
  out->temperature = out->topP = -1;
  int index = 1;
  if (argc > 1 && argv[1][0] != '-') {
    out->command = static_cast<Command>(0);
    for (const CommandRow &row : Commands) {
      if (strcmp(row.name, argv[1]) == 0) {
        out->command = row.command;
      }
    }
    if (out->command == 0) {
      return unknownCommand(argv[1]);
    }
    index = 2;
  }
  for (; index < argc; ++index) {
    if (argv[index][0] != '-' || argv[index][1] == 0) {
      return complain(ExitInput, "unexpected argument '%s'; see --help", argv[index]);
    }
    ExitCode code = parseOne(argc, argv, &index, out);
    if (code != ExitOk) {
      return code;
    }
  }
  return ExitOk;
}

void printHelp(Output &out, const char *program, Command command) {
  const char *name = commandName(command);
  out.format("usage: %s %s%s[options]\n", program, name, *name ? " " : "[command] ");
  if (command == RunCommand) {
    out.format("\n  %s -p \"Why is the sky blue?\"\n  %s -f letter.txt -n 500 --temp=0.7\n", program, program);
    out.format("  %s bench -p 512 -n 128 --json\n  %s                 (a chat)\n\ncommands:\n", program, program);
    for (const CommandRow &row : Commands) {
      out.format("  %-12s %s\n", row.name, row.help);
    }
  }
  out.put("\noptions:\n");
  for (const Row &row : Rows) {
    if (row.commands & command) {
      char letter[8] = "    ";
      if (row.letter) {
        letter[0] = '-', letter[1] = row.letter, letter[2] = ',';
      }
      int width = static_cast<int>(strlen(row.name));
      out.format("  %s--%s %-*s %s\n", letter, row.name, width < 14 ? 14 - width : 1, row.value ? row.value : "",
                 row.help);
    }
  }
}

} // namespace lap
