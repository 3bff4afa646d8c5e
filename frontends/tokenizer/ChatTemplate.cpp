//===- ChatTemplate.cpp - a checkpoint's chat template as program data ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Finds the template, compiles it and tries it on one turn. What cannot be compiled is a warning rather than an error,
// because the program is useful either way and the message says what was assumed.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatTemplate.h"

#include "frontends/tokenizer/JinjaParser.h"
#include "frontends/tokenizer/OfficialTemplate.h"
#include "frontends/tokenizer/TokenizerConfig.h"
#include "frontends/tokenizer/TokenizerFeatures.h"
#include "runtime/src/chat/Render.h"
#include "support/FileIO.h"
#include "support/Limits.h"

#include <algorithm>

using namespace lapidary;
using nlohmann::json;
using Constants = std::map<std::string, std::string>;

namespace {

/// A template and the file it was found in.
struct Source {
  std::string text, where;
};

/// chat_template as these files spell it: a text, or a list of named templates of which "default" counts.
std::string templateText(const json &value) {
  if (value.is_array()) {
    for (const json &entry : value) {
      if (fieldOf(entry, "name") == "default") {
        return templateText(fieldOf(entry, "template"));
      }
    }
  }
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// The template of the directory; an empty text when there is none, nothing after an error.
std::optional<Source> findTemplate(const std::string &directory, const json &config, Diagnostics &diags) {
  Source source{"", joinPath(directory, "chat_template.jinja")};
  if (pathExists(source.where)) {
    std::optional<std::string> text = readWholeFile(source.where, limits::chatTemplateBytes, diags);
    if (!text) {
      return std::nullopt;
    }
    source.text = std::move(*text);
    return source;
  }
  source.where = joinPath(directory, "tokenizer_config.json");
  source.text = templateText(fieldOf(config, "chat_template"));
  std::string other = joinPath(directory, "chat_template.json");
  if (source.text.empty() && pathExists(other)) {
    std::optional<json> file = readJsonObject(other, diags);
    if (!file) {
      return std::nullopt;
    }
    source = {templateText(fieldOf(*file, "chat_template")), other};
  }
  if (source.text.size() > limits::chatTemplateBytes) {
    diags.error(ErrorCode::FileTooLarge, "the chat template has more than 1 MiB", source.where);
    return std::nullopt;
  }
  return source;
}

/// The variables transformers takes from tokenizer_config.json: every token with a name.
Constants constantsOf(const json &config) {
  Constants constants = {{"bos_token", "<bos>"}};
  for (const char *name :
       {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"}) {
    std::string text = tokenText(fieldOf(config, name));
    if (!text.empty()) {
      constants[name] = text;
    }
  }
  return constants;
}

std::vector<char> compileOfficial(Constants constants, bool closeThought, uint32_t flags) {
  constants["close_thought"] = closeThought ? "yes" : "";
  jinja::TemplateError error;
  std::optional<std::vector<char>> block = jinja::compileTemplate(officialTemplate, constants, flags, error);
  return std::move(*block); // a test holds that it compiles
}

/// "line:column" and the line with a caret below the place.
std::pair<std::string, std::string> showPlace(const std::string &text, size_t at) {
  at = std::min(at, text.size());
  size_t start = text.rfind('\n', at ? at - 1 : 0);
  start = at == 0 || start == std::string::npos ? 0 : start + 1;
  size_t line = 1 + std::count(text.begin(), text.begin() + start, '\n');
  size_t from = at - start > 60 ? at - 60 : start; // long lines are shown around the place
  std::string shown = text.substr(from, std::min(text.find('\n', from), from + 100) - from);
  std::string caret;
  for (size_t i = from; i < at; ++i) { // tabs stay tabs, continuation bytes take no column
    caret += (text[i] & 0xC0) == 0x80 ? "" : text[i] == '\t' ? "\t" : " ";
  }
  return {std::to_string(line) + ":" + std::to_string(at - start + 1), "\n      " + shown + "\n      " + caret + "^"};
}

/// The prompt of one user turn: a template that cannot even write that is of no use.
bool writesOneTurn(const std::vector<char> &block, std::string &reason) {
  lap::RenderInput input;
  input.messages = lap::textOf(R"([{"role": "user", "content": "Hello"}])");
  lap::Buffer out(lap::MaxPromptBytes);
  lap_error error;
  const lap_template *program = lap_template_open(block.data(), block.size());
  bool good = program && lap::renderChat(*program, input, out, &error) == LAP_OK;
  reason = good ? "" : program ? error.message : "it does not survive its own check";
  return good;
}

} // namespace

std::optional<std::vector<char>> lapidary::compileChatFormat(const std::string &directory, Diagnostics &diags) {
  std::optional<json> config = readTokenizerConfig(directory, diags);
  std::optional<Source> source = config ? findTemplate(directory, *config, diags) : std::nullopt;
  if (!source) {
    return std::nullopt;
  }
  Constants constants = constantsOf(*config);
  if (source->text.empty()) {
    bool hasTokenizer =
        pathExists(joinPath(directory, "tokenizer.json")) || pathExists(joinPath(directory, "tokenizer.model"));
    return hasTokenizer ? std::optional(compileOfficial(constants, true, LAP_TEMPLATE_ASSUMED)) : std::nullopt;
  }
  jinja::TemplateError error;
  std::optional<std::vector<char>> block = jinja::compileTemplate(source->text, constants, 0, error);
  std::string reason, where = source->where, help = "if the model was trained with other turns, give it raw prompts";
  if (!block) {
    auto [place, snippet] = showPlace(jinja::normalizeLineEnds(source->text), error.at);
    reason = error.message;
    where += ":" + place + snippet;
    help = error.help.empty() ? help : error.help;
  }
  if (block && writesOneTurn(*block, reason)) {
    return block;
  }
  diags.warning(ErrorCode::ChatTemplateFallback,
                "the chat template was not understood: " + reason + "; using Gemma 4's official turn format", where,
                help);
  return compileOfficial(constants, source->text.find("<|channel>thought") != std::string::npos, 0);
}

bool lapidary::isChatModel(const std::vector<char> &chatFormat) {
  const lap_template *program = lap_template_open(chatFormat.data(), chatFormat.size());
  return program && !(program->flags & LAP_TEMPLATE_ASSUMED);
}
