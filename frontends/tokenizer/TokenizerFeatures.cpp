//===- TokenizerFeatures.cpp - which tokenizer.json features are accepted ===//
// SPDX-License-Identifier: Apache-2.0
//
// Stages are compared with the JSON that Gemma's files contain. A stage that differs is refused with its own text in
// the message, which is the most useful thing to see.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerFeatures.h"

#include "frontends/tokenizer/TokenizerModel.h"

using namespace lapidary;
using nlohmann::json;

const json &lapidary::fieldOf(const json &object, const char *name) {
  static const json null;
  if (!object.is_object()) {
    return null;
  }
  auto found = object.find(name);
  return found == object.end() ? null : *found;
}

namespace {

/// The value as JSON text, cut to a length that fits a message.
std::string brief(const json &value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= 160 ? text : text.substr(0, 157) + "...";
}

json replaceStage(const char *from, const char *to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

bool checkStages(const json &file, const std::string &where, Diagnostics &diags) {
  bool good = true;
  const json &normalizer = fieldOf(file, "normalizer");
  if (normalizer != replaceStage(" ", spaceMark)) {
    good = diags.error(ErrorCode::TokenizerUnsupportedNormalizer,
                       "the normalizer is " + brief(normalizer) + ", expected Replace ' ' with U+2581", where);
  }
  // After the normalizer there is no space left, so this split does nothing; null means the same.
  const json &preTokenizer = fieldOf(file, "pre_tokenizer");
  json split = {
      {"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}, {"invert", false}};
  if (!preTokenizer.is_null() && preTokenizer != split) {
    good = diags.error(ErrorCode::TokenizerUnsupportedPreTokenizer,
                       "the pre-tokenizer is " + brief(preTokenizer) + ", expected none or Split on ' '", where);
  }
  const json &decoder = fieldOf(file, "decoder");
  json expected = {{"type", "Sequence"},
                   {"decoders", {replaceStage(spaceMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}}}};
  if (decoder != expected) {
    good = diags.error(ErrorCode::TokenizerUnsupportedDecoder,
                       "the decoder is " + brief(decoder) + ", expected Replace U+2581 with ' ', ByteFallback, Fuse",
                       where);
  }
  for (const char *name : {"truncation", "padding"}) {
    if (!fieldOf(file, name).is_null()) {
      good = diags.error(ErrorCode::TokenizerTruncates,
                         std::string(name) + " is switched on: " + brief(fieldOf(file, name)), where,
                         "set it to null; a program gets the whole text");
    }
  }
  return good;
}

bool isEmptyText(const json &value) { return value.is_null() || value == ""; }
bool isOff(const json &value) { return value.is_null() || value == false; }

bool checkModel(const json &model, const std::string &where, Diagnostics &diags) {
  const json &type = fieldOf(model, "type");
  if (!type.is_string()) {
    return diags.error(ErrorCode::TokenizerMissingField, "model.type is missing, expected \"BPE\"", where);
  }
  if (type != "BPE") {
    return diags.error(ErrorCode::TokenizerUnsupported, "the model is " + brief(type) + ", expected \"BPE\"", where);
  }
  bool good = true;
  auto refuse = [&](const char *name, const char *expected) {
    good = diags.error(ErrorCode::TokenizerUnsupported,
                       std::string("model.") + name + " is " + brief(fieldOf(model, name)) + ", expected " + expected,
                       where);
  };
  const json &dropout = fieldOf(model, "dropout");
  if (!dropout.is_null() && dropout != 0.0) {
    refuse("dropout", "null (tokenization must not be random)");
  }
  for (const char *name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!isEmptyText(fieldOf(model, name))) {
      refuse(name, "null");
    }
  }
  if (!isOff(fieldOf(model, "ignore_merges"))) {
    refuse("ignore_merges", "false");
  }
  for (const char *name : {"fuse_unk", "byte_fallback"}) {
    if (!fieldOf(model, name).is_null() && !fieldOf(model, name).is_boolean()) {
      refuse(name, "true or false");
    }
  }
  return good;
}

} // namespace

bool lapidary::checkTokenizerFeatures(const json &file, const std::string &where, Diagnostics &diags) {
  if (!fieldOf(file, "model").is_object()) {
    return diags.error(ErrorCode::TokenizerMissingField, "the field 'model' is missing", where);
  }
  bool model = checkModel(fieldOf(file, "model"), where, diags);
  return checkStages(file, where, diags) && model;
}
