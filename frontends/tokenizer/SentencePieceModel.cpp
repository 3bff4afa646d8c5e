//===- SentencePieceModel.cpp - read tokenizer.model ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ranks: merges are ordered by the score of the piece they make, highest first; among equal scores the longer left
// half goes first, then the longer right half, then the order of the pieces, as in the reference conversion.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/SentencePieceModel.h"

#include "frontends/tokenizer/SentencePieceModel.pb.h"
#include "runtime/src/tokenizer/Utf8.h"
#include "support/Limits.h"
#include "support/Quote.h"

#include <algorithm>
#include <cmath>

using namespace lapidary;
using Proto = lapidary::sentencepiece::Model;

namespace {

enum PieceType { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };
constexpr int bpeModel = 2;

/// A merge with what decides its rank.
struct Candidate {
  TokenizerMerge merge;
  float score;
  size_t leftLength, rightLength; // characters
  size_t order;
};

size_t characters(const std::string &text, size_t begin, size_t end) {
  return std::count_if(text.begin() + begin, text.begin() + end, [](char c) { return (c & 0xC0) != 0x80; });
}

class Converter {
public:
  Converter(const Proto &proto, const std::string &where, Diagnostics &diags)
      : proto(proto), where(where), diags(diags) {}

  bool convert() {
    if (!checkFeatures() || !readPieces()) {
      return false;
    }
    readMerges();
    return true;
  }
  TokenizerModel model;

private:
  bool checkFeatures();
  bool readPieces();
  bool readPiece(const Proto::Piece &piece, uint32_t id);
  void readMerges();
  void addSplits(uint32_t id, std::vector<Candidate> &candidates) const;
  bool refuse(const std::string &message) {
    return diags.error(ErrorCode::SentencePieceUnsupported, message, where,
                       "use a checkpoint that has a tokenizer.json");
  }

  const Proto &proto;
  const std::string &where;
  Diagnostics &diags;
  PieceIndex index;
};

bool Converter::checkFeatures() {
  const Proto::NormalizerSpec &normalizer = proto.normalizer_spec();
  if (proto.trainer_spec().model_type() != bpeModel) {
    return refuse("the model type is " + std::to_string(proto.trainer_spec().model_type()) + ", expected 2 (BPE)");
  }
  if (normalizer.add_dummy_prefix() || normalizer.remove_extra_whitespaces() || !normalizer.escape_whitespaces() ||
      proto.trainer_spec().treat_whitespace_as_suffix()) {
    return refuse("the model changes white space (dummy prefix, removal of extra spaces or spaces as suffix)");
  }
  if (!normalizer.precompiled_charsmap().empty()) {
    return refuse("the model normalises characters, expected the identity");
  }
  if (static_cast<uint64_t>(proto.pieces_size()) > limits::vocabulary) {
    return diags.error(
        ErrorCode::TokenizerTooLarge,
        "the model has " + countText(proto.pieces_size()) + " pieces, at most " + countText(limits::vocabulary), where);
  }
  return true;
}

bool Converter::readPiece(const Proto::Piece &piece, uint32_t id) {
  const std::string &text = piece.piece();
  int isUtf8 = 0;
  lap_utf8_replaced_bytes(text.data(), text.size(), &isUtf8);
  if (text.empty() || text.size() > limits::nameBytes || !isUtf8 || !std::isfinite(piece.score())) {
    return diags.error(ErrorCode::TokenizerInvalid,
                       "piece " + std::to_string(id) + " is empty, too long, not UTF-8 or has no finite score", where);
  }
  if (!index.emplace(text, id).second) {
    return diags.error(ErrorCode::TokenizerDuplicatePiece,
                       "piece " + lapidary::quoted(text) + " is in the vocabulary twice", where);
  }
  switch (piece.type()) {
  case Normal:
  case Byte:
    break;
  case Unknown:
    model.unk = id;
    break;
  case Control:
  case UserDefined:
    model.added.push_back({id, text, piece.type() == Control, false});
    break;
  default:
    return refuse("piece " + lapidary::quoted(text) + " has type " + std::to_string(piece.type()) +
                  " (unused or not known)");
  }
  model.pieces.push_back(text);
  return true;
}

bool Converter::readPieces() {
  for (const Proto::Piece &piece : proto.pieces()) {
    if (!readPiece(piece, static_cast<uint32_t>(model.pieces.size()))) {
      return false;
    }
  }
  model.vocabularySize = static_cast<uint32_t>(model.pieces.size());
  model.byteFallback = proto.trainer_spec().byte_fallback();
  model.fuseUnk = true; // SentencePiece joins neighbouring unknown characters
  int bos = proto.trainer_spec().bos_id();
  if (bos >= 0 && static_cast<uint32_t>(bos) < model.vocabularySize) {
    model.bos = static_cast<uint32_t>(bos);
  }
  return true;
}

/// Every way to cut a piece into two pieces.
void Converter::addSplits(uint32_t id, std::vector<Candidate> &candidates) const {
  const std::string &text = model.pieces[id];
  size_t first = candidates.size();
  for (size_t cut = 1; cut < text.size(); ++cut) {
    auto left = index.find(text.substr(0, cut)), right = index.find(text.substr(cut));
    if (left != index.end() && right != index.end()) {
      candidates.push_back({{left->second, right->second, id},
                            proto.pieces(static_cast<int>(id)).score(),
                            characters(text, 0, cut),
                            characters(text, cut, text.size()),
                            0});
    }
  }
  std::sort(candidates.begin() + first, candidates.end(), [](const Candidate &a, const Candidate &b) {
    return std::pair(a.merge.left, a.merge.right) < std::pair(b.merge.left, b.merge.right);
  });
}

void Converter::readMerges() {
  std::vector<Candidate> candidates;
  for (uint32_t id = 0; id < model.vocabularySize; ++id) {
    int type = proto.pieces(static_cast<int>(id)).type();
    if (type == Normal) { // control, user-defined, unknown and byte pieces are never the result of a merge
      addSplits(id, candidates);
    }
  }
  for (size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].order = i;
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate &a, const Candidate &b) {
    return std::tuple(b.score, b.leftLength, b.rightLength, a.order) <
           std::tuple(a.score, a.leftLength, a.rightLength, b.order);
  });
  for (const Candidate &candidate : candidates) {
    model.merges.push_back(candidate.merge);
  }
}

} // namespace

std::optional<TokenizerModel> lapidary::readSentencePieceModel(const std::string &bytes, const std::string &where,
                                                               Diagnostics &diags) {
  Proto proto;
  if (!proto.ParseFromString(bytes) || proto.pieces_size() == 0) {
    diags.error(ErrorCode::SentencePieceInvalid, "the file is not a SentencePiece model with pieces", where,
                "download the file again");
    return std::nullopt;
  }
  Converter converter(proto, where, diags);
  if (!converter.convert()) {
    return std::nullopt;
  }
  return std::move(converter.model);
}
