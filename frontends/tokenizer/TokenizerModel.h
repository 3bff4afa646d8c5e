//===- TokenizerModel.h - a tokenizer, whichever file it came from -------===//
// SPDX-License-Identifier: Apache-2.0
//
// tokenizer.json and tokenizer.model say the same things in different words. Both readers produce this structure and
// the table writer knows only this structure. It can express what Gemma's tokenizers do and nothing else: byte-pair
// merges over text whose spaces were replaced by U+2581, byte fallback, added tokens matched verbatim.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERMODEL_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERMODEL_H

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace lapidary {

/// What the space of the text becomes: U+2581.
inline constexpr char spaceMark[] = "\xE2\x96\x81";

/// A token that is cut out of the text before merging.
struct AddedToken {
  uint32_t id = 0;
  std::string text;
  bool special = false;
  bool normalized = false; ///< matched after spaces became U+2581 (text then holds U+2581, never a space)
};

/// The pair of pieces that rank r joins; r is its index in TokenizerModel::merges.
struct TokenizerMerge {
  uint32_t left, right, merged;
};

struct TokenizerModel {
  std::vector<std::string> pieces; ///< text of every id, vocabulary first, then added tokens beyond it
  uint32_t vocabularySize = 0;     ///< ids below it belong to the model's vocabulary
  std::vector<TokenizerMerge> merges;
  std::vector<AddedToken> added;
  bool byteFallback = false;
  bool fuseUnk = false;
  std::optional<uint32_t> unk, bos;
  std::vector<uint32_t> prefix, suffix; ///< ids the post-processor puts around a text
};

/// Id of every piece by its text.
using PieceIndex = std::unordered_map<std::string, uint32_t>;

/// The value of a piece spelled <0xXX>, or nothing.
std::optional<uint8_t> byteOfPiece(const std::string &piece);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERMODEL_H
