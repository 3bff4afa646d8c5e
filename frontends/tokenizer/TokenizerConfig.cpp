//===- TokenizerConfig.cpp - read tokenizer_config.json ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A depth limit keeps a hostile file from exhausting the stack when the JSON value is destroyed.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerConfig.h"

#include "frontends/tokenizer/TokenizerFeatures.h"
#include "support/FileIO.h"
#include "support/Limits.h"

using namespace lapidary;
using nlohmann::json;

std::optional<json> lapidary::readJsonObject(const std::string &path, Diagnostics &diags) {
  std::optional<std::string> text = readWholeFile(path, limits::configBytes, diags);
  if (!text) {
    return std::nullopt;
  }
  bool tooDeep = false;
  auto limitDepth = [&](int depth, json::parse_event_t, json &) {
    tooDeep |= depth > static_cast<int>(limits::configDepth);
    return !tooDeep;
  };
  json value = json::parse(*text, limitDepth, /*allow_exceptions=*/false);
  if (tooDeep || !value.is_object()) {
    diags.error(ErrorCode::TokenizerSyntax, tooDeep ? "the JSON is nested too deeply" : "the file is not a JSON object",
                path, "download the file again");
    return std::nullopt;
  }
  return value;
}

std::optional<json> lapidary::readTokenizerConfig(const std::string &directory, Diagnostics &diags) {
  std::string path = joinPath(directory, "tokenizer_config.json");
  return pathExists(path) ? readJsonObject(path, diags) : json::object();
}

std::string lapidary::tokenText(const json &value) {
  const json &text = value.is_object() ? fieldOf(value, "content") : value;
  return text.is_string() ? text.get<std::string>() : std::string();
}
