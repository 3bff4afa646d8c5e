//===- ConstraintFixture.h - a model for constraint tests -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A vocabulary of special tokens, all bytes and some longer pieces, compiled as the driver does it, and texts drawn at
// random from a constraint's masks: a model with random weights, without the model.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CONSTRAINT_CONSTRAINTFIXTURE_H
#define LAPIDARY_TEST_RUNTIME_CONSTRAINT_CONSTRAINTFIXTURE_H

#include "frontends/tokenizer/TokenizerWriter.h"
#include "lapidary/ProgramAbi.h"
#include "runtime/src/Model.h"
#include "runtime/src/tokenizer/Decoder.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace lap::test {

inline lapidary::TokenizerModel smallTokenizer() {
  lapidary::TokenizerModel model;
  model.byteFallback = true;
  for (const char *special : {"<pad>", "<eos>", "<bos>", "<|tool_call>", "<tool_call|>", "<|\"|>"}) {
    model.added.push_back({uint32_t(model.pieces.size()), special, true, false});
    model.pieces.push_back(special);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof(piece), "<0x%02X>", byte);
    model.pieces.push_back(piece);
  }
  for (const char *piece : {"\xE2\x96\x81",
                            "a",
                            "b",
                            "ab",
                            "abc",
                            "\"",
                            "\":",
                            "\",",
                            "\"}",
                            "{\"",
                            "\":\xE2\x96\x81\"",
                            "true",
                            "false",
                            "null",
                            "1",
                            "12",
                            "123",
                            "0.",
                            "},{",
                            "]",
                            "[[",
                            "\\\"",
                            "\\n",
                            "\n",
                            "\n\n",
                            "\xC3\xA9",
                            "\xC3\xA9t\xC3\xA9",
                            "\xE6\x97\xA5\xE6\x9C\xAC",
                            "\xF0\x9F\x98\x80",
                            "name",
                            "\"name\"",
                            "\xE2\x96\x81\xE2\x96\x81",
                            "-",
                            "20",
                            "2024-",
                            "@",
                            ".com",
                            "xyz"}) {
    model.pieces.push_back(piece);
  }
  model.vocabularySize = uint32_t(model.pieces.size());
  return model;
}

/// A model of which only the descriptor and the tokenizer exist.
struct TextModel {
  explicit TextModel(const lapidary::TokenizerModel &tokenizer = smallTokenizer())
      : block(lapidary::writeTokenizerTables(tokenizer)), aligned((block.size() + 7) / 8) {
    memcpy(aligned.data(), block.data(), block.size());
    program.vocab = uint32_t(tokenizer.pieces.size());
    program.eos_count = 1;
    program.eos[0] = 1;
    model.program = &program;
    model.tokenizer = lap_tokenizer_open(aligned.data(), block.size());
  }
  std::vector<char> block;
  std::vector<uint64_t> aligned;
  lap_program program{};
  lap_model model;
};

inline int32_t byteToken(const TextModel &text, uint8_t byte) {
  return int32_t(text.model.tokenizer->byte_pieces[byte]);
}

inline std::string tokenText(const TextModel &text, int32_t id) {
  std::string out(text.model.tokenizer->max_piece_bytes + 4, 0);
  lap_piece_kind kind = lap_decode_kind(text.model.tokenizer, id, 1);
  if (kind == LAP_PIECE_ONE_BYTE) {
    return std::string(1, char(lap_decode_byte(text.model.tokenizer, id)));
  }
  if (kind == LAP_PIECE_NOTHING) {
    uint32_t bytes = 0;
    const char *piece = lap_tokenizer_piece(text.model.tokenizer, uint32_t(id), &bytes);
    return std::string(piece, bytes);
  }
  out.resize(lap_decode_piece(text.model.tokenizer, id, out.data()));
  return out;
}

/// Owns a constraint.
struct Held {
  ~Held() { lap_constraint_free(constraint); }
  lap_constraint *constraint = nullptr;
  lap_status status = LAP_OK;
  lap_error error{};
  explicit operator bool() const { return status == LAP_OK; }
};

inline void fromGrammar(const TextModel &text, const std::string &grammar, Held &out) {
  out.status = lap_constraint_create_grammar(&text.model, grammar.data(), grammar.size(), &out.constraint, &out.error);
}

inline void fromSchema(const TextModel &text, const std::string &schema, Held &out,
                       lap_notation notation = LAP_NOTATION_JSON) {
  out.status = lap_constraint_create_json_schema(&text.model, schema.data(), schema.size(), notation, &out.constraint,
                                                 &out.error);
}

/// Whether `whole` can be written byte by byte and is complete; the masks must agree on the way.
inline bool matches(const TextModel &text, lap_constraint *constraint, const std::string &whole) {
  lap_constraint_reset(constraint);
  for (char c : whole) {
    int32_t id = byteToken(text, uint8_t(c));
    const uint64_t *words = nullptr;
    EXPECT_EQ(lap_constraint_mask(constraint, UINT32_MAX, &words, nullptr), LAP_OK);
    bool allowed = words[id / 64] >> (id % 64) & 1;
    bool accepted = lap_constraint_accept(constraint, id, nullptr) == LAP_OK;
    EXPECT_EQ(allowed, accepted) << "mask and accept disagree about byte " << int(uint8_t(c)) << " of " << whole;
    if (!accepted) {
      return false;
    }
  }
  return lap_constraint_is_complete(constraint);
}

/// A text drawn from the masks, all allowed tokens equally likely; fails the test if it does not end within `limit`.
inline std::string draw(const TextModel &text, lap_constraint *constraint, std::mt19937 &random, uint32_t limit) {
  std::string out;
  lap_constraint_reset(constraint);
  for (uint32_t left = limit; left != 0; --left) {
    const uint64_t *words = nullptr;
    lap_error error{};
    if (lap_constraint_mask(constraint, left, &words, &error) != LAP_OK) {
      ADD_FAILURE() << error.message;
      return out;
    }
    std::vector<int32_t> allowed;
    for (uint32_t id = 0; id < text.program.vocab; ++id) {
      if (words[id / 64] >> (id % 64) & 1) {
        allowed.push_back(int32_t(id));
      }
    }
    if (allowed.empty()) {
      ADD_FAILURE() << "no token is allowed after " << out;
      return out;
    }
    int32_t id = allowed[random() % allowed.size()];
    if (id == 1) {
      return out;
    }
    if (lap_constraint_accept(constraint, id, &error) != LAP_OK) {
      ADD_FAILURE() << "after " << out << ": " << error.message;
      return out;
    }
    out += tokenText(text, id);
  }
  EXPECT_TRUE(lap_constraint_is_complete(constraint)) << "not whole after " << limit << " tokens: " << out;
  return out;
}

} // namespace lap::test

#endif // LAPIDARY_TEST_RUNTIME_CONSTRAINT_CONSTRAINTFIXTURE_H
