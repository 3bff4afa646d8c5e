//===- main.cpp - lapidary ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Finds the verb, parses its options, runs it. Exit codes: 0 ok, 1 bug, 2 input or usage, 3 quality gate, 4 memory,
// 5 I/O, 130 and 143 signals.
//===----------------------------------------------------------------------===//
#include "compiler/Cleanup.h"
#include "support/Quote.h"
#include "support/Suggest.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/raw_ostream.h"

using namespace lapidary;

namespace {

const Verb verbs[] = {
    {"compile", "compile MODEL_DIR -o FILE [options]", "compile a checkpoint into one program", compileVerbOptions,
     runCompile},
    {"plan", "plan MODEL_DIR [options]", "memory, disk and output size, without compiling", compileVerbOptions,
     runPlan},
    {"calibrate", "calibrate MODEL_DIR --text FILE -o STATS", "observe a model on a text, for better w4 weights",
     calibrateOptions, runCalibrate},
    {"inspect", "inspect MODEL_DIR|PROGRAM [--json] [--tensors]", "what a checkpoint or a program holds",
     inspectOptions, runInspect},
    {"check", "check MODEL_DIR [--strict]", "validate a checkpoint, print every problem", checkOptions, runCheck},
    {"eval", "eval PROGRAM --against=PROGRAM (--ids=FILE | --text=FILE) [options]",
     "how far a program's logits are from those of another program of the same model", evalOptions, runEval},
    {"targets", "targets [NAME]", "what this build can emit", targetsOptions, runTargets},
    {"explain", "explain CODE", "long text of an error code, with an example", talkingOptions, runExplain},
    {"completion", "completion bash|zsh|fish", "a completion script for your shell", talkingOptions, runCompletion},
    {"help", "help [VERB]", "this text, or the help of a verb", talkingOptions, runHelp},
};

int unknownVerb(llvm::StringRef word) {
  std::vector<std::string> names;
  for (const Verb &verb : verbs) {
    names.push_back(verb.name);
  }
  Console console(ConsoleOptions{});
  Diagnostics diagnostics(console.handler());
  std::string hint = didYouMean(word.ltrim('-').str(), names);
  diagnostics.error(ErrorCode::UnknownOption, "there is no command " + quoted(word.str()), "",
                    hint.empty() ? "`lapidary help` lists the commands" : hint);
  return exitCode(diagnostics);
}

/// The talking options must work for messages about the others, so they are looked for first.
ConsoleOptions earlyConsole(const std::vector<std::string> &words) {
  Diagnostics ignored;
  std::vector<std::string> known;
  for (const std::string &word : words) {
    for (const char *prefix : {"--message-format=", "--color=", "--quiet", "--verbose", "--progress="}) {
      if (llvm::StringRef(word).starts_with(prefix)) {
        known.push_back(word);
      }
    }
  }
  std::vector<OptionSpec> table = talkingOptions();
  std::optional<Arguments> arguments = parseArguments(table, known, ignored);
  return consoleOptions(arguments.value_or(Arguments()));
}

int runVerb(const Verb &verb, const std::vector<std::string> &words, const char *argv0) {
  Console early(earlyConsole(words));
  Diagnostics earlyDiagnostics(early.handler());
  std::vector<OptionSpec> table = verb.options();
  std::optional<Arguments> arguments = parseArguments(table, words, earlyDiagnostics);
  if (!arguments) {
    return exitCode(earlyDiagnostics);
  }
  if (arguments->has("help") || arguments->has("help-all")) {
    llvm::outs() << verbHelp(verb, arguments->has("help-all"));
    return 0;
  }
  Console console(consoleOptions(*arguments));
  Diagnostics diagnostics(console.handler());
  return verb.run({*arguments, console, diagnostics, argv0});
}

} // namespace

namespace lapidary {

llvm::ArrayRef<Verb> allVerbs() { return verbs; }

const Verb *findVerb(llvm::StringRef name) {
  for (const Verb &verb : verbs) {
    if (name == verb.name) {
      return &verb;
    }
  }
  return nullptr;
}

int exitCode(const Diagnostics &diagnostics) { return diagnostics.exitCode(); }

} // namespace lapidary

int main(int argc, char **argv) {
  installSignalCleanup();
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    llvm::outs() << generalHelp();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    llvm::outs() << versionText();
    return 0;
  }
  const Verb *verb = findVerb(words[0]);
  if (!verb) {
    return unknownVerb(words[0]);
  }
  words.erase(words.begin());
  int code = runVerb(*verb, words, argv[0]);
  llvm::outs().flush();
  return code;
}
