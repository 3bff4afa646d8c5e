//===- CompiledTokenizer.h - a compiled tokenizer to test with -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compiles a directory's tokenizer (or takes a finished block) and wraps the runtime's C calls with the scratch sizes
// they ask for, so that a too small bound shows as a sanitizer report or a failed status.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_TOKENIZER_COMPILEDTOKENIZER_H
#define LAPIDARY_TEST_RUNTIME_TOKENIZER_COMPILEDTOKENIZER_H

#include "frontends/tokenizer/CompileTokenizer.h"
#include "runtime/src/tokenizer/Decoder.h"
#include "runtime/src/tokenizer/Encoder.h"
#include "runtime/src/tokenizer/StreamDecoder.h"

#include <cstdlib>
#include <memory>

namespace lapidary {

class CompiledTokenizer {
public:
  explicit CompiledTokenizer(std::vector<char> bytes) : block(std::move(bytes)) {
    tables = lap_tokenizer_open(block.data(), block.size());
  }
  /// Reports to diags; valid() says whether it worked.
  CompiledTokenizer(const std::string &directory, Diagnostics &diags)
      : CompiledTokenizer(compileTokenizer(directory, diags).value_or(std::vector<char>())) {}

  bool valid() const { return tables != nullptr; }
  const lap_tokenizer *get() const { return tables; }

  /// The ids, or {-1, status} when encoding failed.
  std::vector<int32_t> encode(const std::string &text, uint32_t options = LAP_ENCODE_PARSE_SPECIAL) const {
    std::vector<int32_t> ids(lap_encode_max_ids(text.size()));
    uint64_t scratchBytes = lap_encode_scratch_bytes(text.size()), count = 0;
    // Not a vector: the scratch of a large text is reserved but never touched in full.
    std::unique_ptr<void, void (*)(void *)> scratch(std::malloc(scratchBytes), std::free);
    lap_encode_status status = lap_encode(tables, text.data(), text.size(), options, scratch.get(), scratchBytes,
                                          ids.data(), ids.size(), &count);
    if (status != LAP_ENCODE_OK) {
      return {-1, status};
    }
    ids.resize(count);
    return ids;
  }

  std::string decode(const std::vector<int32_t> &ids, bool skipSpecial = false) const {
    std::string text(lap_decode_max_bytes(tables, ids.size()), '\0');
    text.resize(lap_decode(tables, ids.data(), ids.size(), skipSpecial, text.data()));
    return text;
  }

  /// What a stream decoder gives out, one entry per id and one for its end.
  std::vector<std::string> stream(const std::vector<int32_t> &ids, bool skipSpecial = false) const {
    lap_stream_decoder decoder;
    lap_stream_decoder_init(&decoder, tables, skipSpecial);
    std::vector<std::string> parts;
    std::string buffer(lap_stream_decoder_max_bytes(tables), '\0');
    for (int32_t id : ids) {
      parts.push_back(buffer.substr(0, lap_stream_decoder_push(&decoder, id, buffer.data())));
    }
    parts.push_back(buffer.substr(0, lap_stream_decoder_finish(&decoder, buffer.data())));
    return parts;
  }

private:
  std::vector<char> block;
  const lap_tokenizer *tables = nullptr;
};

} // namespace lapidary

#endif // LAPIDARY_TEST_RUNTIME_TOKENIZER_COMPILEDTOKENIZER_H
