//===- Options.cpp - command table, parser, help --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Options.h; Options.def is the table. Long options take `--name value` and `--name=value`; short ones `-x value`.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Options.h"

#include "runtime/src/Drafts.h"
#include "runtime/src/cli/Nearest.h"

#include <errno.h>
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

constexpr Row Rows[] = {
#define LAP_OPTION(name, letter, value, kind, commands, member, least, most, help)                                     \
  {name, letter, value, kind, commands, offsetof(Options, member), least, most, help},
#include "runtime/src/cli/Options.def"
#undef LAP_OPTION
};

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

const CommandRow *findCommand(const char *name) {
  for (const CommandRow &row : Commands) {
    if (strcmp(row.name, name) == 0) {
      return &row;
    }
  }
  return nullptr;
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

/// Options of which none is given.
Options noOptions() {
  constexpr double NoReal = -1;
  Options options;
  memset(&options, 0, sizeof(options));
  for (const Row &row : Rows) {
    char *member = reinterpret_cast<char *>(&options) + row.offset;
    if (row.kind == Count || row.kind == Budget) {
      memcpy(member, &NotGiven, sizeof(NotGiven));
    } else if (row.kind == Real) {
      memcpy(member, &NoReal, sizeof(NoReal));
    }
  }
  return options;
}

} // namespace

ExitCode parseOptions(int argc, const char *const *argv, Options *out) {
  *out = noOptions();
  out->command = RunCommand;
  int index = 1;
  if (argc > 1 && argv[1][0] != '-') {
    const CommandRow *row = findCommand(argv[1]);
    if (!row) {
      return unknownCommand(argv[1]);
    }
    out->command = row->command;
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
