//===- SentencePieceModel.h - read tokenizer.model -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints without a tokenizer.json may bring the SentencePiece model it was made from. A SentencePiece BPE model
// has no list of merges: any two neighbours whose concatenation is a piece may merge, the piece with the highest score
// first. The reader writes that out as ranked merges, the same way the conversion to tokenizer.json does.
//
// The file is read with Protobuf, not with libsentencepiece: Debian's libsentencepiece exports a Protobuf of its own,
// which breaks every program that also uses Protobuf (see LapidaryProtobuf in this folder's CMakeLists.txt). The tests
// hold the result against libsentencepiece.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_SENTENCEPIECEMODEL_H
#define LAPIDARY_FRONTENDS_TOKENIZER_SENTENCEPIECEMODEL_H

#include "frontends/tokenizer/TokenizerModel.h"
#include "support/Diagnostics.h"

namespace lapidary {

/// The tokenizer in the bytes of a tokenizer.model; `where` names the file in messages. bos is set, prefix and suffix
/// are empty. Control pieces become special added tokens and user-defined pieces ordinary ones, as in Gemma's
/// tokenizer.json. Reports SentencePieceInvalid, SentencePieceUnsupported, TokenizerTooLarge, TokenizerInvalid or
/// TokenizerDuplicatePiece.
std::optional<TokenizerModel> readSentencePieceModel(const std::string &bytes, const std::string &where,
                                                     Diagnostics &diags);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_SENTENCEPIECEMODEL_H
