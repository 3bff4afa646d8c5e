//===- CompileTokenizer.h - a checkpoint's tokenizer as program data -----===//
// SPDX-License-Identifier: Apache-2.0
//
// The entry point of this folder for the compiler driver: directory in, bytes of lap_program.tokenizer out.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_COMPILETOKENIZER_H
#define LAPIDARY_FRONTENDS_TOKENIZER_COMPILETOKENIZER_H

#include "frontends/tokenizer/TokenizerModel.h"
#include "support/Diagnostics.h"

namespace lapidary {

/// The tokenizer of a checkpoint directory: tokenizer.json if there is one, else tokenizer.model, else nothing and no
/// error. bos comes from tokenizer_config.json ("bos_token"), else it is the piece <bos>.
std::optional<TokenizerModel> readTokenizer(const std::string &directory, Diagnostics &diags);

/// The same as a block for lap_program.tokenizer, to be placed at an 8-byte boundary. Nothing without an error means
/// that the checkpoint has no tokenizer.
std::optional<std::vector<char>> compileTokenizer(const std::string &directory, Diagnostics &diags);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_COMPILETOKENIZER_H
