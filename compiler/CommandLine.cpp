//===- CommandLine.cpp - option tables ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A small parser on purpose: one pass over the words, every complaint a diagnostic with a suggestion.
//===----------------------------------------------------------------------===//
#include "compiler/CommandLine.h"

#include "support/Checked.h"
#include "support/Quote.h"
#include "support/Suggest.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

namespace lapidary {

namespace {

std::vector<std::string> choicesOf(const OptionSpec &option) {
  std::vector<std::string> result;
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(option.choices).split(parts, '|');
  for (llvm::StringRef part : parts) {
    result.push_back(part.str());
  }
  return result;
}

const OptionSpec *findLong(llvm::ArrayRef<OptionSpec> table, llvm::StringRef name) {
  for (const OptionSpec &option : table) {
    if (name == option.name) {
      return &option;
    }
  }
  return nullptr;
}

const OptionSpec *findLetter(llvm::ArrayRef<OptionSpec> table, char letter) {
  for (const OptionSpec &option : table) {
    if (option.letter == letter) {
      return &option;
    }
  }
  return nullptr;
}

bool unknownOption(llvm::ArrayRef<OptionSpec> table, llvm::StringRef word, Diagnostics &diagnostics) {
  std::vector<std::string> names;
  for (const OptionSpec &option : table) {
    names.push_back(option.name);
  }
  std::string help = "`--help-all` lists the options of this command";
  if (auto match = closestMatch(word.ltrim('-').str(), names)) {
    help = "did you mean '--" + *match + "'?";
  }
  return diagnostics.error(ErrorCode::UnknownOption, "there is no option " + quoted(word.str()), "", help);
}

bool checkChoice(const OptionSpec &option, llvm::StringRef value, Diagnostics &diagnostics) {
  if (!option.choices) {
    return true;
  }
  std::vector<std::string> choices = choicesOf(option);
  if (llvm::is_contained(choices, value.str())) {
    return true;
  }
  return diagnostics.error(ErrorCode::BadOptionValue,
                           std::string("--") + option.name + " does not accept " + quoted(value.str()) +
                               "; accepted: " + llvm::join(choices, ", "),
                           "", didYouMean(value.str(), choices));
}

/// Splits "--name=value", "--name", "-oVALUE", "-o" into the option and what followed directly.
const OptionSpec *matchWord(llvm::ArrayRef<OptionSpec> table, llvm::StringRef word,
                            std::optional<llvm::StringRef> &attached) {
  if (word.consume_front("--")) {
    auto [name, value] = word.split('=');
    if (word.contains('=')) {
      attached = value;
    }
    return findLong(table, name);
  }
  const OptionSpec *option = findLetter(table, word[1]);
  if (option && word.size() > 2) {
    attached = word.drop_front(2);
    attached->consume_front("=");
  }
  return option;
}

} // namespace

std::optional<Arguments> parseArguments(llvm::ArrayRef<OptionSpec> table, llvm::ArrayRef<std::string> words,
                                        Diagnostics &diagnostics) {
  Arguments result;
  for (size_t i = 0; i < words.size(); ++i) {
    llvm::StringRef word = words[i];
    if (word == "--") {
      result.words.insert(result.words.end(), words.begin() + i + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      result.words.push_back(word.str());
      continue;
    }
    std::optional<llvm::StringRef> attached;
    const OptionSpec *option = matchWord(table, word, attached);
    if (!option) {
      unknownOption(table, word.split('=').first, diagnostics);
      continue;
    }
    if (!option->value && attached) {
      diagnostics.error(ErrorCode::BadOptionValue, std::string("--") + option->name + " takes no value");
      continue;
    }
    std::string value = attached ? attached->str() : "";
    if (option->value && !attached) {
      if (++i == words.size()) {
        diagnostics.error(ErrorCode::MissingArgument, std::string("--") + option->name + " needs a value: " +
                                                          (option->choices ? option->choices : option->value));
        break;
      }
      value = words[i];
    }
    if (option->value && !checkChoice(*option, value, diagnostics)) {
      continue;
    }
    result.options.emplace_back(option->name, value);
  }
  if (diagnostics.hadError()) {
    return std::nullopt;
  }
  return result;
}

const std::string *Arguments::last(llvm::StringRef name) const {
  for (auto it = options.rbegin(); it != options.rend(); ++it) {
    if (name == it->first) {
      return &it->second;
    }
  }
  return nullptr;
}

std::string Arguments::get(llvm::StringRef name, llvm::StringRef fallback) const {
  const std::string *value = last(name);
  return value ? *value : fallback.str();
}

std::vector<std::string> Arguments::all(llvm::StringRef name) const {
  std::vector<std::string> result;
  for (const auto &[key, value] : options) {
    if (name == key) {
      result.push_back(value);
    }
  }
  return result;
}

std::optional<uint64_t> Arguments::number(llvm::StringRef name, uint64_t fallback, uint64_t minimum, uint64_t maximum,
                                          Diagnostics &diagnostics) const {
  const std::string *text = last(name);
  if (!text) {
    return fallback;
  }
  uint64_t value = 0;
  if (llvm::StringRef(*text).getAsInteger(10, value) || value < minimum || value > maximum) {
    diagnostics.error(ErrorCode::BadOptionValue, "--" + name.str() + "=" + *text + " is not a whole number from " +
                                                     countText(minimum) + " to " + countText(maximum));
    return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> Arguments::bytes(llvm::StringRef name, Diagnostics &diagnostics) const {
  const std::string *text = last(name);
  if (!text) {
    return 0;
  }
  llvm::StringRef rest = *text;
  uint64_t value = 0, unit = 1;
  bool bad = rest.consumeInteger(10, value);
  for (auto [suffix, shift] : {std::pair("KiB", 10), {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}) {
    if (rest == suffix) {
      unit = uint64_t(1) << shift;
      rest = "";
    }
  }
  std::optional<uint64_t> result = checkedMul(value, unit);
  if (bad || !rest.empty() || !result || *result == 0) {
    diagnostics.error(ErrorCode::BadOptionValue, "--" + name.str() + "=" + *text + " is not a size", "",
                      "write a whole number of bytes or a unit: 8GiB, 500MiB");
    return std::nullopt;
  }
  return result;
}

std::string optionHelp(llvm::ArrayRef<OptionSpec> table, bool all) {
  std::string text;
  llvm::StringRef group;
  for (const OptionSpec &option : table) {
    if (!all && !option.common) {
      continue;
    }
    if (group != option.group) {
      group = option.group;
      text += group.str() + ":\n";
    }
    std::string left = option.letter ? std::string("  -") + option.letter + ", --" : "      --";
    left += option.name;
    if (option.value) {
      left += std::string("=") + (option.choices ? option.choices : option.value);
    }
    left.resize(std::max<size_t>(left.size() + 2, 36), ' ');
    text += left + option.help + "\n";
  }
  return text;
}

bool expectWords(const Arguments &arguments, size_t count, llvm::StringRef what, llvm::StringRef usage,
                 Diagnostics &diagnostics) {
  size_t given = arguments.positional().size();
  if (given < count) {
    return diagnostics.error(ErrorCode::MissingArgument, what.str() + " is missing", "", "usage: " + usage.str());
  }
  if (given > count) {
    return diagnostics.error(ErrorCode::BadOptionValue, "unexpected argument " + quoted(arguments.positional()[count]),
                             "", "usage: " + usage.str());
  }
  return true;
}

} // namespace lapidary
