//===- TokenizerWriter.h - a tokenizer as read-only tables ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lays a TokenizerModel out as the block that runtime/src/tokenizer/TokenizerTables.h describes: string pool, two hash
// tables, the merge list and the two tries of added tokens. The same model always gives the same bytes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERWRITER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERWRITER_H

#include "frontends/tokenizer/TokenizerModel.h"

namespace lapidary {

/// The block; place it at an 8-byte boundary. The model must come from one of the readers (ids in range, no
/// duplicates).
std::vector<char> writeTokenizerTables(const TokenizerModel &model);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_TOKENIZERWRITER_H
