//===- CompileTokenizer.cpp - a checkpoint's tokenizer as program data ---===//
// SPDX-License-Identifier: Apache-2.0
//
// Chooses the file and adds what stands in tokenizer_config.json. The post-processor of tokenizer.json is obeyed as
// it is; a SentencePiece model has none, so add_bos_token (on unless switched off) decides there.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/CompileTokenizer.h"

#include "frontends/tokenizer/SentencePieceModel.h"
#include "frontends/tokenizer/TokenizerConfig.h"
#include "frontends/tokenizer/TokenizerFeatures.h"
#include "frontends/tokenizer/TokenizerJson.h"
#include "frontends/tokenizer/TokenizerWriter.h"
#include "support/FileIO.h"
#include "support/Limits.h"

#include <algorithm>

using namespace lapidary;

namespace {

std::optional<uint32_t> findPiece(const TokenizerModel &model, const std::string &text) {
  auto found = std::find(model.pieces.begin(), model.pieces.end(), text);
  if (found == model.pieces.end()) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(found - model.pieces.begin());
}

std::optional<TokenizerModel> readModelFile(const std::string &directory, Diagnostics &diags) {
  std::string json = joinPath(directory, "tokenizer.json"), model = joinPath(directory, "tokenizer.model");
  bool isJson = pathExists(json);
  if (!isJson && !pathExists(model)) {
    return std::nullopt;
  }
  const std::string &path = isJson ? json : model;
  std::optional<std::string> text = readWholeFile(path, limits::tokenizerBytes, diags);
  if (!text) {
    return std::nullopt;
  }
  return isJson ? readTokenizerJson(*text, path, diags) : readSentencePieceModel(*text, path, diags);
}

} // namespace

std::optional<TokenizerModel> lapidary::readTokenizer(const std::string &directory, Diagnostics &diags) {
  std::optional<TokenizerModel> model = readModelFile(directory, diags);
  std::optional<nlohmann::json> config = readTokenizerConfig(directory, diags);
  if (!model || !config) {
    return std::nullopt;
  }
  std::string bos = tokenText(fieldOf(*config, "bos_token"));
  if (std::optional<uint32_t> id = findPiece(*model, bos.empty() ? "<bos>" : bos)) {
    model->bos = id;
  }
  bool isJson = pathExists(joinPath(directory, "tokenizer.json"));
  if (!isJson && model->bos && fieldOf(*config, "add_bos_token") != false) {
    model->prefix = {*model->bos};
  }
  return model;
}

std::optional<std::vector<char>> lapidary::compileTokenizer(const std::string &directory, Diagnostics &diags) {
  std::optional<TokenizerModel> model = readTokenizer(directory, diags);
  if (!model) {
    return std::nullopt;
  }
  return writeTokenizerTables(*model);
}
