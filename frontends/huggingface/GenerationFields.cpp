//===- GenerationFields.cpp - sampling defaults and special tokens ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// generation_config.json is optional; base models often have none. End-of-sequence ids are the one field that must
// never be lost, so they fall back to config.json and to the text model's own field (gemma4-spec 9.4).
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/ModelConfigParts.h"

#include <algorithm>

namespace lapidary {

namespace {

/// One id or a list of ids, each below the vocabulary. Reports E0251, E0238, and E0239 for more than `most`.
std::vector<int32_t> readIds(const ConfigFields &fields, const std::string &name, uint64_t most, uint32_t vocab) {
  const JsonValue *value = fields.find(name);
  std::vector<int32_t> ids;
  auto add = [&](const JsonValue &id, const std::string &label) {
    auto whole = fields.wholeValue(id, label, 0, vocab - 1, ErrorCode::BadTokenId);
    if (whole && std::find(ids.begin(), ids.end(), static_cast<int32_t>(*whole)) == ids.end()) {
      ids.push_back(static_cast<int32_t>(*whole)); // vocab <= 2^20
    }
  };
  if (value && value->is(JsonValue::Kind::Array)) {
    if (value->items.size() > most) {
      fields.error(ErrorCode::ConfigOutOfRange, name,
                   "has " + countText(value->items.size()) + " ids, expected at most " + std::to_string(most));
      return ids;
    }
    for (size_t i = 0; i < value->items.size(); ++i) {
      add(value->items[i], name + "[" + std::to_string(i) + "]");
    }
  } else if (value) {
    add(*value, name);
  }
  return ids;
}

/// The id of `name` in the first of `places` that has it.
uint32_t readId(const std::vector<const ConfigFields *> &places, const std::string &name, uint32_t vocab,
                uint32_t otherwise) {
  for (const ConfigFields *fields : places) {
    if (const JsonValue *value = fields->find(name)) {
      return fields->wholeValue(*value, name, 0, vocab - 1, ErrorCode::BadTokenId).value_or(otherwise);
    }
  }
  return otherwise;
}

} // namespace

void readGeneration(const ConfigFields *generation, const ConfigFields &root, const ConfigFields &text,
                    ModelConfig &config) {
  constexpr uint32_t gemmaBos = 2, gemmaPad = 0;
  constexpr int32_t gemmaEos = 1;
  GenerationConfig &out = config.generation;
  std::vector<const ConfigFields *> places = {&root, &text};
  if (generation) {
    places.insert(places.begin(), generation);
    out.doSample = generation->flag("do_sample", false);
    out.temperature = generation->real("temperature", 0.0, 100.0, 1.0);
    out.topP = generation->real("top_p", 1e-6, 1.0, 1.0);
    out.topK = generation->whole("top_k", 0, limits::vocabulary, 0);
    out.suppress = readIds(*generation, "suppress_tokens", limits::suppressTokens, config.vocab);
  }
  out.bos = readId(places, "bos_token_id", config.vocab, gemmaBos);
  out.pad = readId(places, "pad_token_id", config.vocab, gemmaPad);
  for (const ConfigFields *fields : places) {
    if (fields->find("eos_token_id")) {
      out.eos = readIds(*fields, "eos_token_id", limits::eosTokens, config.vocab);
      return;
    }
  }
  out.eos = {gemmaEos};
}

} // namespace lapidary
