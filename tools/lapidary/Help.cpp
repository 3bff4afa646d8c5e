//===- Help.cpp - lapidary help --------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Made from the verb and option tables.
//===----------------------------------------------------------------------===//
#include "support/Quote.h"
#include "support/Suggest.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

std::string verbHelp(const Verb &verb, bool all) {
  if (llvm::StringRef(verb.name) == "compile") {
    return compileHelp(all);
  }
  return std::string("usage: lapidary ") + verb.usage + "\n" + verb.summary + "\n\n" + optionHelp(verb.options(), all);
}

std::string generalHelp() {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "Lapidary compiles Gemma 4 checkpoints into standalone programs.\n\n"
         "usage: lapidary COMMAND ..\n\n"
         "Examples:\n"
         "  lapidary compile ./gemma-4-E2B-it -o gemma4\n"
         "  lapidary plan ./gemma-4-E2B-it --quant=w8\n"
         "  lapidary inspect gemma4\n"
         "  lapidary explain E0214\n\n"
         "Commands:\n";
  for (const Verb &verb : allVerbs()) {
    out << llvm::format("  %-11s ", verb.name) << verb.summary << "\n";
  }
  out << "\n`lapidary help COMMAND` says more; `lapidary --version` names this build.\n";
  return text;
}

int runHelp(const VerbContext &context) {
  const std::vector<std::string> &words = context.arguments.positional();
  if (words.empty()) {
    llvm::outs() << generalHelp();
    return 0;
  }
  if (const Verb *verb = findVerb(words.front())) {
    llvm::outs() << verbHelp(*verb, false);
    return 0;
  }
  std::vector<std::string> names;
  for (const Verb &verb : allVerbs()) {
    names.push_back(verb.name);
  }
  context.diagnostics.error(ErrorCode::BadOptionValue, "there is no command " + quoted(words.front()), "",
                            didYouMean(words.front(), names));
  return exitCode(context.diagnostics);
}

} // namespace lapidary
