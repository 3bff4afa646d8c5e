//===- VocabularyTrieWriter.h - the texts of all tokens as one trie ------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lays the decoded texts of a TokenizerModel out as the block that runtime/src/tokenizer/VocabularyTrie.h describes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_VOCABULARYTRIEWRITER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_VOCABULARYTRIEWRITER_H

#include "frontends/tokenizer/TokenizerModel.h"

namespace lapidary {

/// The block, to be placed at an 8-byte boundary; empty if the texts need more nodes than the format can number. The
/// same model always gives the same bytes.
std::vector<char> writeVocabularyTrie(const TokenizerModel &model);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_VOCABULARYTRIEWRITER_H
