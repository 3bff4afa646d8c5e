//===- ModulePattern.cpp - which modules a quantization rule means -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The released mobile checkpoints have one rule with look-ahead, for a part of the audio tower. Towers are not
// compiled, so a rule that provably matches nothing else is kept without being compiled.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModulePattern.h"

#include <re2/re2.h>

namespace lapidary {

namespace {

constexpr std::string_view towers[] = {"vision_tower", "audio_tower", "embed_vision", "embed_audio"};

bool startsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

void drop(std::string_view &text, std::string_view prefix) {
  if (startsWith(text, prefix)) {
    text.remove_prefix(prefix.size());
  }
}

/// An alternative outside parentheses. Classes and escapes are stepped over; a text this misreads has unbalanced
/// brackets, which counts as an alternative.
bool hasTopLevelAlternative(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '[') {
      i = text.find(']', i + 2); // "[]...]" has its bracket first
      if (i == std::string_view::npos) {
        return true;
      }
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    } else if (text[i] == '|' && depth <= 0) {
      return true;
    }
  }
  return depth != 0;
}

/// Reports why RE2 refused the pattern.
void refuse(const re2::RE2 &regex, const ConfigFields &fields, const std::string &label) {
  bool unknownFeature =
      regex.error_code() == re2::RE2::ErrorBadPerlOp || regex.error_code() == re2::RE2::ErrorBadEscape;
  std::string found = quoted(regex.error_arg());
  if (unknownFeature) {
    fields.error(ErrorCode::UnsupportedQuantizationPattern, label,
                 "uses " + found +
                     ", expected a regular expression without look-around, back references and Python's own escapes",
                 "write two rules: the first one that matches a module wins");
    return;
  }
  fields.error(ErrorCode::BadQuantizationPattern, label,
               "is not a regular expression: " + quoted(regex.error()) +
                   ", expected one as Python's re module reads it",
               "copy quantization_config from the model's original config.json");
}

} // namespace

bool canOnlyMatchTowers(std::string_view text) {
  if (hasTopLevelAlternative(text)) {
    return false;
  }
  drop(text, "^");
  drop(text, ".*");
  for (std::string_view prefix : {"model\\.", "model."}) {
    drop(text, prefix);
  }
  for (std::string_view tower : towers) {
    // A repetition sign would make the name's last letter optional.
    if (startsWith(text, tower) &&
        (text.size() == tower.size() || std::string_view("?*+{").find(text[tower.size()]) == std::string_view::npos)) {
      return true;
    }
  }
  return false;
}

std::optional<ModulePattern> ModulePattern::compile(const std::string &text, Mode mode, const ConfigFields &fields,
                                                    const std::string &label) {
  ModulePattern pattern(text, mode);
  if (mode == Mode::NameOrClass) {
    return pattern;
  }
  if (text.size() > limits::patternBytes) {
    fields.error(ErrorCode::ConfigOutOfRange, label,
                 "has " + bytesText(text.size()) + ", expected at most " + bytesText(limits::patternBytes));
    return std::nullopt;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(text, options);
  if (regex->ok()) {
    pattern.regex = std::move(regex);
    return pattern;
  }
  if (regex->error_code() == re2::RE2::ErrorBadPerlOp && canOnlyMatchTowers(text)) {
    return pattern;
  }
  refuse(*regex, fields, label);
  return std::nullopt;
}

bool ModulePattern::matches(const std::string &module, ModuleKind kind) const {
  if (mode == Mode::NameOrClass) {
    return module == source || (kind == ModuleKind::Linear && source == "Linear") ||
           (kind == ModuleKind::Embedding && source == "Embedding");
  }
  if (mode == Mode::StartOrTail && endsWith(module, source)) {
    return true;
  }
  if (!regex) { // some look-around: decides about parts of towers that nobody compiles
    return false;
  }
  auto anchor = mode == Mode::Search ? re2::RE2::UNANCHORED : re2::RE2::ANCHOR_START;
  return regex->Match(module, 0, module.size(), anchor, nullptr, 0);
}

bool ModulePattern::isClass() const {
  return mode == Mode::NameOrClass && (source == "Linear" || source == "Embedding");
}

bool ModulePattern::mentionsTower() const {
  return source.find("vision") != std::string::npos || source.find("audio") != std::string::npos;
}

} // namespace lapidary
