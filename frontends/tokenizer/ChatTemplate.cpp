//===- ChatTemplate.cpp - a checkpoint's chat template as program data ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Finds the template and decides between what was probed and the official format. A warning rather than an error,
// because the program is useful either way and the message says what was assumed.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/ChatTemplate.h"

#include "frontends/tokenizer/ChatFormatData.h"
#include "frontends/tokenizer/TokenizerConfig.h"
#include "frontends/tokenizer/TokenizerFeatures.h"
#include "support/FileIO.h"
#include "support/Limits.h"

using namespace lapidary;
using nlohmann::json;

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

} // namespace

std::optional<std::vector<char>> lapidary::compileChatFormat(const std::string &directory, Diagnostics &diags) {
  std::optional<json> config = readTokenizerConfig(directory, diags);
  std::optional<Source> source = config ? findTemplate(directory, *config, diags) : std::nullopt;
  if (!source || source->text.empty()) {
    return std::nullopt;
  }
  std::string bos = tokenText(fieldOf(*config, "bos_token")), error;
  bos = bos.empty() ? "<bos>" : bos;
  std::optional<ChatFormatData> data = probeChatTemplate(source->text, bos, error);
  if (!data) {
    diags.warning(ErrorCode::ChatTemplateFallback,
                  "the chat template was not understood (" + error + "); using Gemma 4's official turn format",
                  source->where, "if the model was trained with other turns, give it raw prompts");
    data = officialChatFormat(bos, source->text.find("<|channel>thought") != std::string::npos);
  }
  return writeChatFormat(*data);
}
