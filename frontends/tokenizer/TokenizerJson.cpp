//===- TokenizerJson.cpp - read tokenizer.json ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds the model in the order in which later parts refer to earlier ones: vocabulary, added tokens, merges,
// post-processor. Ids must fill 0 .. n-1: the tables are arrays over ids.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerJson.h"

#include "frontends/tokenizer/TokenizerFeatures.h"
#include "frontends/tokenizer/TokenizerSax.h"
#include "runtime/src/tokenizer/TokenizerTables.h"
#include "support/Limits.h"
#include "support/Quote.h"

#include <algorithm>
#include <unordered_set>

using namespace lapidary;
using nlohmann::json;

std::optional<uint8_t> lapidary::byteOfPiece(const std::string &piece) {
  if (piece.size() != 6 || piece.compare(0, 3, "<0x") != 0 || piece[5] != '>' ||
      !std::isxdigit((unsigned char)piece[3]) || !std::isxdigit((unsigned char)piece[4])) {
    return std::nullopt;
  }
  return static_cast<uint8_t>(std::stoi(piece.substr(3, 2), nullptr, 16));
}

namespace {

class Reader {
public:
  Reader(RawTokenizer &raw, const std::string &where, Diagnostics &diags) : raw(raw), where(where), diags(diags) {}

  bool read() { return readVocabulary() && readSwitches() && readAddedTokens() && readMerges() && readPostProcessor(); }
  TokenizerModel model;

private:
  bool readVocabulary();
  bool readSwitches();
  bool readAddedTokens();
  bool readAddedToken(const json &entry, std::unordered_set<std::string> &seen);
  bool checkAddedFlags(const json &entry, AddedToken &token);
  bool readMerges();
  bool readPostProcessor();
  bool readAffix(const json &step, std::vector<uint32_t> &ids);
  bool error(ErrorCode code, const std::string &message, const std::string &help = "") {
    return diags.error(code, message, where, help);
  }

  RawTokenizer &raw;
  const std::string &where;
  Diagnostics &diags;
  PieceIndex index;
};

bool Reader::readVocabulary() {
  if (!raw.hasVocabulary || raw.vocabulary.empty()) {
    return error(ErrorCode::TokenizerMissingField, "model.vocab is missing or empty");
  }
  size_t count = raw.vocabulary.size();
  model.pieces.resize(count);
  std::vector<bool> taken(count, false);
  index.reserve(count);
  for (auto &[piece, id] : raw.vocabulary) {
    if (piece.empty() || piece.size() > limits::nameBytes) {
      return error(ErrorCode::TokenizerInvalid, "the piece with id " + std::to_string(id) + " has " +
                                                    std::to_string(piece.size()) + " bytes, expected 1 to " +
                                                    std::to_string(limits::nameBytes));
    }
    if (id >= count) {
      return error(ErrorCode::TokenizerIdHole, "piece " + lapidary::quoted(piece) + " has id " + std::to_string(id) +
                                                   ", but the vocabulary has only " + std::to_string(count) +
                                                   " entries, so some id below has no piece");
    }
    if (taken[id]) {
      return error(ErrorCode::TokenizerDuplicateId, "pieces " + lapidary::quoted(model.pieces[id]) + " and " +
                                                        lapidary::quoted(piece) + " both have id " +
                                                        std::to_string(id));
    }
    if (!index.emplace(piece, static_cast<uint32_t>(id)).second) {
      return error(ErrorCode::TokenizerDuplicatePiece,
                   "piece " + lapidary::quoted(piece) + " is in the vocabulary twice");
    }
    taken[id] = true;
    model.pieces[id] = std::move(piece);
  }
  model.vocabularySize = static_cast<uint32_t>(count);
  return true;
}

bool Reader::readSwitches() {
  const json &settings = fieldOf(raw.rest, "model");
  model.fuseUnk = fieldOf(settings, "fuse_unk") == true;
  model.byteFallback = fieldOf(settings, "byte_fallback") == true;
  const json &unk = fieldOf(settings, "unk_token");
  if (unk.is_null()) {
    return true;
  }
  auto found = unk.is_string() ? index.find(unk.get_ref<const std::string &>()) : index.end();
  if (found == index.end()) {
    return error(ErrorCode::TokenizerInvalid, "model.unk_token is " + unk.dump() + ", which is not in the vocabulary");
  }
  model.unk = found->second;
  return true;
}

bool Reader::readAddedTokens() {
  const json &list = fieldOf(raw.rest, "added_tokens");
  if (!list.is_array()) {
    return error(ErrorCode::TokenizerMissingField, "the list 'added_tokens' is missing");
  }
  std::vector<const json *> entries;
  for (const json &entry : list) {
    if (!entry.is_object() || !fieldOf(entry, "content").is_string() || !fieldOf(entry, "id").is_number_unsigned()) {
      return error(ErrorCode::TokenizerBadAddedToken,
                   "added token " + std::to_string(entries.size()) + " has no 'content' text or no 'id' of 0 or more");
    }
    entries.push_back(&entry);
  }
  // Ids beyond the vocabulary must follow it without a gap; the list need not be sorted.
  std::sort(entries.begin(), entries.end(), [](const json *a, const json *b) {
    return fieldOf(*a, "id").get<uint64_t>() < fieldOf(*b, "id").get<uint64_t>();
  });
  std::unordered_set<std::string> seen;
  return std::all_of(entries.begin(), entries.end(), [&](const json *entry) { return readAddedToken(*entry, seen); });
}

/// Reads the flags of an added token; those that would need Unicode word and space classes are refused.
bool Reader::checkAddedFlags(const json &entry, AddedToken &token) {
  for (const char *name : {"single_word", "lstrip", "rstrip"}) {
    if (fieldOf(entry, name) == true) {
      return error(ErrorCode::TokenizerBadAddedToken,
                   "added token " + lapidary::quoted(token.text) + " has " + name + " set, which is not supported");
    }
  }
  token.special = fieldOf(entry, "special") == true;
  token.normalized = fieldOf(entry, "normalized") == true;
  for (size_t at; token.normalized && (at = token.text.find(' ')) != std::string::npos;) {
    token.text.replace(at, 1, spaceMark); // the package normalises the token as it does the text
  }
  return true;
}

bool Reader::readAddedToken(const json &entry, std::unordered_set<std::string> &seen) {
  AddedToken token;
  uint64_t id = fieldOf(entry, "id").get<uint64_t>();
  std::string content = fieldOf(entry, "content").get<std::string>();
  token.text = content;
  if (content.empty() || content.size() > limits::nameBytes || !seen.insert(content).second) {
    return error(ErrorCode::TokenizerBadAddedToken,
                 "added token " + lapidary::quoted(content) + " is empty, too long or listed twice");
  }
  auto inVocabulary = index.find(content);
  bool matches = inVocabulary != index.end() ? inVocabulary->second == id : id == model.pieces.size();
  if (!matches) {
    return error(ErrorCode::TokenizerBadAddedToken,
                 "added token " + lapidary::quoted(content) + " has id " + std::to_string(id) + ", expected " +
                     std::to_string(inVocabulary != index.end() ? inVocabulary->second : model.pieces.size()));
  }
  if (!checkAddedFlags(entry, token)) {
    return false;
  }
  if (inVocabulary == index.end()) {
    if (id >= limits::vocabulary) {
      return error(ErrorCode::TokenizerTooLarge, "more than " + std::to_string(limits::vocabulary) + " ids");
    }
    index.emplace(content, static_cast<uint32_t>(id));
    model.pieces.push_back(content);
  }
  token.id = static_cast<uint32_t>(id);
  model.added.push_back(std::move(token));
  return true;
}

bool Reader::readMerges() {
  if (!raw.hasMerges) {
    return error(ErrorCode::TokenizerMissingField, "model.merges is missing");
  }
  std::unordered_set<uint64_t> seen;
  seen.reserve(raw.merges.size());
  model.merges.reserve(raw.merges.size());
  auto idOf = [&](const std::string &piece) {
    auto found = index.find(piece);
    return found == index.end() || found->second >= model.vocabularySize ? LAP_NO_ID : found->second;
  };
  for (auto &[left, right] : raw.merges) {
    TokenizerMerge merge = {idOf(left), idOf(right), idOf(left + right)};
    for (auto &[id, piece] :
         {std::pair(merge.left, left), std::pair(merge.right, right), std::pair(merge.merged, left + right)}) {
      if (id == LAP_NO_ID) {
        return error(ErrorCode::TokenizerBadMerge, "merge " + std::to_string(model.merges.size()) + " (" +
                                                       lapidary::quoted(left) + " + " + lapidary::quoted(right) +
                                                       ") needs piece " + lapidary::quoted(piece) +
                                                       ", which is not in the vocabulary");
      }
    }
    if (!seen.insert(uint64_t(merge.left) << 32 | merge.right).second) {
      return error(ErrorCode::TokenizerDuplicateMerge, "merge " + std::to_string(model.merges.size()) + " repeats " +
                                                           lapidary::quoted(left) + " + " + lapidary::quoted(right));
    }
    model.merges.push_back(merge);
  }
  return true;
}

/// One SpecialToken step of the template: its ids are listed under special_tokens.
bool Reader::readAffix(const json &step, std::vector<uint32_t> &ids) {
  const json &name = fieldOf(fieldOf(step, "SpecialToken"), "id");
  const json &known = fieldOf(fieldOf(raw.rest, "post_processor"), "special_tokens");
  const json &list =
      name.is_string() ? fieldOf(fieldOf(known, name.get_ref<const std::string &>().c_str()), "ids") : name;
  if (!list.is_array()) {
    return error(ErrorCode::TokenizerUnsupportedPostProcessor, "cannot read the step " + step.dump().substr(0, 120));
  }
  for (const json &id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= model.pieces.size() ||
        ids.size() >= LAP_TOKENIZER_MAX_AFFIX) {
      return error(ErrorCode::TokenizerUnsupportedPostProcessor,
                   "the step " + step.dump().substr(0, 120) + " has an id outside the vocabulary or too many ids");
    }
    ids.push_back(id.get<uint32_t>());
  }
  return true;
}

bool Reader::readPostProcessor() {
  const json &processor = fieldOf(raw.rest, "post_processor");
  if (processor.is_null()) {
    return true;
  }
  const json &steps = fieldOf(processor, "single");
  if (fieldOf(processor, "type") != "TemplateProcessing" || !steps.is_array()) {
    return error(ErrorCode::TokenizerUnsupportedPostProcessor, "the post-processor is " +
                                                                   fieldOf(processor, "type").dump().substr(0, 80) +
                                                                   ", expected TemplateProcessing or null");
  }
  bool afterText = false;
  for (const json &step : steps) {
    if (fieldOf(step, "Sequence").is_object() && !afterText) {
      afterText = true;
    } else if (!readAffix(step, afterText ? model.suffix : model.prefix)) {
      return false;
    }
  }
  return afterText || error(ErrorCode::TokenizerUnsupportedPostProcessor, "the post-processor leaves out the text");
}

} // namespace

std::optional<TokenizerModel> lapidary::readTokenizerJson(const std::string &text, const std::string &where,
                                                          Diagnostics &diags) {
  std::optional<RawTokenizer> raw = readRawTokenizer(text, where, diags);
  if (!raw || !checkTokenizerFeatures(raw->rest, where, diags)) {
    return std::nullopt;
  }
  Reader reader(*raw, where, diags);
  if (!reader.read()) {
    return std::nullopt;
  }
  return std::move(reader.model);
}
