//===- Completion.cpp - lapidary completion ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Scripts for three shells, from the same tables as parsing and help. They complete verbs, options, the fixed values of
// options, and file names.
//===----------------------------------------------------------------------===//
#include "support/Quote.h"
#include "support/Suggest.h"
#include "tools/lapidary/Verbs.h"

#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

/// "--output= --emit=binary --emit=library --hashes .."
std::string optionWords(const Verb &verb) {
  std::string words;
  for (const OptionSpec &option : verb.options()) {
    std::string name = std::string("--") + option.name;
    if (!option.choices) {
      words += name + (option.value ? "= " : " ");
      continue;
    }
    llvm::SmallVector<llvm::StringRef> choices;
    llvm::StringRef(option.choices).split(choices, '|');
    for (llvm::StringRef choice : choices) {
      words += name + "=" + choice.str() + " ";
    }
  }
  return words;
}

std::string verbWords() {
  std::string words;
  for (const Verb &verb : allVerbs()) {
    words += std::string(verb.name) + " ";
  }
  return words;
}

std::string bashScript() {
  std::string text = "_lapidary() {\n"
                     "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
                     "  if [ \"$COMP_CWORD\" = 1 ]; then words=\"" +
                     verbWords() +
                     "\"; else\n"
                     "    case \"${COMP_WORDS[1]}\" in\n";
  for (const Verb &verb : allVerbs()) {
    text += std::string("      ") + verb.name + ") words=\"" + optionWords(verb) + "\" ;;\n";
  }
  return text + "    esac\n  fi\n"
                "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                "  [ \"${#COMPREPLY[@]}\" = 0 ] && COMPREPLY=($(compgen -f -- \"$word\"))\n"
                "  [[ \"${COMPREPLY[0]}\" == *= ]] && compopt -o nospace\n"
                "}\n"
                "COMP_WORDBREAKS=\"${COMP_WORDBREAKS//=}\"\n"
                "complete -o filenames -F _lapidary lapidary\n";
}

std::string fishScript() {
  std::string text;
  for (const Verb &verb : allVerbs()) {
    text +=
        std::string("complete -c lapidary -n __fish_use_subcommand -a ") + verb.name + " -d '" + verb.summary + "'\n";
    for (const OptionSpec &option : verb.options()) {
      text += std::string("complete -c lapidary -n '__fish_seen_subcommand_from ") + verb.name + "' -l " + option.name;
      if (option.letter) {
        text += std::string(" -s ") + option.letter;
      }
      if (option.value) {
        text += " -r";
      }
      if (option.choices) {
        std::string choices = option.choices;
        std::replace(choices.begin(), choices.end(), '|', ' ');
        text += " -f -a '" + choices + "'";
      }
      text += std::string(" -d '") + option.help + "'\n";
    }
  }
  return text;
}

/// zsh runs bash completions.
std::string zshScript() { return "autoload -U +X bashcompinit && bashcompinit\n" + bashScript(); }

} // namespace

int runCompletion(const VerbContext &context) {
  if (!expectWords(context.arguments, 1, "the shell", "lapidary completion bash|zsh|fish", context.diagnostics)) {
    return exitCode(context.diagnostics);
  }
  const std::string &shell = context.arguments.positional().front();
  if (shell == "bash") {
    llvm::outs() << bashScript();
  } else if (shell == "zsh") {
    llvm::outs() << zshScript();
  } else if (shell == "fish") {
    llvm::outs() << fishScript();
  } else {
    context.diagnostics.error(ErrorCode::BadOptionValue,
                              "no completion for " + quoted(shell) + "; known: bash, zsh, fish", "",
                              didYouMean(shell, {"bash", "zsh", "fish"}));
  }
  return exitCode(context.diagnostics);
}

} // namespace lapidary
