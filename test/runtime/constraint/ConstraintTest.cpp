//===- ConstraintTest.cpp - masks, limits, rewinding, clones --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lapidary.h promises about constraints, whatever the grammar.
//===----------------------------------------------------------------------===//
#include "test/runtime/constraint/ConstraintFixture.h"

#include "runtime/src/Sampler.h"
#include "runtime/src/constraint/Masks.h"

#include <thread>

using namespace lap::test;

namespace {

const TextModel &model() {
  static TextModel text;
  return text;
}

const char Person[] = R"({"type":"object","properties":{"name":{"type":"string","maxLength":9},"n":{"type":"integer"}},
                       "required":["name","n"]})";

std::vector<bool> maskOf(lap_constraint *constraint, uint32_t left = UINT32_MAX) {
  const uint64_t *words = nullptr;
  lap_error error{};
  EXPECT_EQ(lap_constraint_mask(constraint, left, &words, &error), LAP_OK) << error.message;
  std::vector<bool> mask;
  for (uint32_t id = 0; words && id < model().program.vocab; ++id) {
    mask.push_back(words[id / 64] >> (id % 64) & 1);
  }
  return mask;
}

/// Every token is allowed exactly if accepting it works.
void expectMaskIsExact(lap_constraint *constraint, const std::string &where) {
  std::vector<bool> mask = maskOf(constraint);
  for (uint32_t id = 0; id < mask.size(); ++id) {
    bool accepted = lap_constraint_accept(constraint, int32_t(id), nullptr) == LAP_OK;
    if (accepted) {
      ASSERT_EQ(lap_constraint_rewind(constraint, 1, nullptr), LAP_OK);
    }
    if (!lap_model_is_eos(&model().model, int32_t(id))) {
      EXPECT_EQ(bool(mask[id]), accepted) << "token " << id << " '" << tokenText(model(), int32_t(id)) << "' " << where;
    }
  }
}

} // namespace

TEST(Constraint, MasksAgreeWithTheAutomaton) {
  const char *grammars[] = {
      "root ::= (\"ab\" | [a-z]+ \"!\" | [^a]{0,3}) root2?\nroot2 ::= \"[\" root2? \"]\" | [0-9]{2,5} | \".\"",
      "root ::= [a-c\"]{0,4} [ab]* \"c\" | \"\xC3\xA9\" [\\x80-\\U0010ffff]{1,2} \"x\"",
      "root ::= ([a-z]{1,3} \",\"){2,3} | <|tool_call> root | [a-z \\n\"]{3,60}",
  };
  std::mt19937 random(5);
  for (const char *grammar : grammars) {
    Held held;
    fromGrammar(model(), grammar, held);
    ASSERT_TRUE(held) << held.error.message;
    for (int text = 0; text < 8; ++text) {
      lap_constraint_reset(held.constraint);
      for (int step = 0; step < 12 && !lap_constraint_is_finished(held.constraint); ++step) {
        expectMaskIsExact(held.constraint, std::string(grammar) + " at step " + std::to_string(step));
        std::vector<bool> mask = maskOf(held.constraint);
        mask[1] = false;
        uint32_t id = 0;
        do {
          id = uint32_t(random() % mask.size());
        } while (!mask[id]);
        ASSERT_EQ(lap_constraint_accept(held.constraint, int32_t(id), nullptr), LAP_OK);
      }
    }
  }
}

TEST(Constraint, LimitsAreExact) {
  Held held;
  fromSchema(model(), Person, held);
  ASSERT_TRUE(held) << held.error.message;
  std::mt19937 random(9);
  for (int text = 0; text < 10; ++text) {
    lap_constraint_reset(held.constraint);
    for (uint32_t left = 25; left != 0 && !lap_constraint_is_finished(held.constraint); --left) {
      std::vector<bool> all = maskOf(held.constraint), some = maskOf(held.constraint, left), expected(all.size());
      expected[1] = all[1];
      for (uint32_t id = 2; id < all.size(); ++id) {
        if (all[id]) {
          ASSERT_EQ(lap_constraint_accept(held.constraint, int32_t(id), nullptr), LAP_OK);
          expected[id] = lap_constraint_tokens_to_finish(held.constraint) <= left - 1;
          ASSERT_EQ(lap_constraint_rewind(held.constraint, 1, nullptr), LAP_OK);
        }
      }
      EXPECT_EQ(some, expected) << "with " << left << " tokens left";
      some[1] = false;
      uint32_t id = 0;
      do {
        id = uint32_t(random() % some.size());
      } while (!some[id]);
      ASSERT_EQ(lap_constraint_accept(held.constraint, int32_t(id), nullptr), LAP_OK);
    }
  }
}

TEST(Constraint, WritesNoSuppressedTokens) {
  TextModel text;
  text.program.suppress_count = 1;
  text.program.suppress[0] = 262; // a space, but not the only one
  Held held;
  fromGrammar(text, "root ::= \" \"", held);
  ASSERT_TRUE(held) << held.error.message;
  const uint64_t *words = nullptr;
  ASSERT_EQ(lap_constraint_mask(held.constraint, UINT32_MAX, &words, nullptr), LAP_OK);
  EXPECT_EQ(words[262 / 64] >> (262 % 64) & 1, 0u);
  EXPECT_EQ(words[(6 + 32) / 64] >> (6 + 32) % 64 & 1, 1u);
  text.program.vocab = 200; // fewer logits than pieces: some bytes cannot be written
  Held none;
  fromGrammar(text, "root ::= \" \"", none);
  EXPECT_EQ(none.status, LAP_UNAVAILABLE);
}

TEST(Constraint, EndsInTimeWhereThatIsPossible) {
  Held held;
  fromSchema(model(), Person, held);
  ASSERT_TRUE(held) << held.error.message;
  uint32_t least = lap_constraint_tokens_to_finish(held.constraint);
  std::mt19937 random(1);
  for (uint32_t limit = least; limit < least + 30; ++limit) {
    for (int i = 0; i < 5; ++i) {
      draw(model(), held.constraint, random, limit); // fails if the text is not whole
    }
  }
}

TEST(Constraint, TakesTheShortestWayWhenTheLimitIsTooSmall) {
  Held held;
  fromSchema(model(), Person, held);
  ASSERT_TRUE(held) << held.error.message;
  uint32_t least = lap_constraint_tokens_to_finish(held.constraint);
  for (uint32_t left = least; left-- > 0;) {
    std::vector<bool> mask = maskOf(held.constraint, 1);
    int32_t id = int32_t(std::find(mask.begin(), mask.end(), true) - mask.begin());
    ASSERT_EQ(lap_constraint_accept(held.constraint, id, nullptr), LAP_OK);
    EXPECT_LE(lap_constraint_tokens_to_finish(held.constraint), left);
  }
  EXPECT_TRUE(lap_constraint_is_complete(held.constraint));
}

TEST(Constraint, TheEndIsAllowedOnlyWhenTheTextIsWhole) {
  Held held;
  fromGrammar(model(), "root ::= \"a\"+", held);
  EXPECT_FALSE(maskOf(held.constraint)[1]);
  EXPECT_EQ(lap_constraint_accept(held.constraint, byteToken(model(), 'a'), nullptr), LAP_OK);
  EXPECT_TRUE(maskOf(held.constraint)[1]);
  EXPECT_TRUE(lap_constraint_is_complete(held.constraint));
  EXPECT_FALSE(lap_constraint_is_finished(held.constraint));
  lap_error error{};
  EXPECT_EQ(lap_constraint_accept(held.constraint, 1, &error), LAP_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "token 1 ends the sequence; it is no part of the text");
}

TEST(Constraint, RewindsAndClones) {
  Held held;
  fromSchema(model(), R"({"type":"array","items":{"type":"integer"}})", held);
  ASSERT_TRUE(held) << held.error.message;
  for (char c : std::string("[1")) {
    ASSERT_EQ(lap_constraint_accept(held.constraint, byteToken(model(), uint8_t(c)), nullptr), LAP_OK);
  }
  std::vector<bool> before = maskOf(held.constraint);
  Held copy;
  ASSERT_EQ(lap_constraint_clone(held.constraint, &copy.constraint, nullptr), LAP_OK);
  for (char c : std::string(",23]")) {
    ASSERT_EQ(lap_constraint_accept(held.constraint, byteToken(model(), uint8_t(c)), nullptr), LAP_OK);
  }
  EXPECT_TRUE(lap_constraint_is_finished(held.constraint));
  EXPECT_EQ(maskOf(copy.constraint), before);
  ASSERT_EQ(lap_constraint_rewind(held.constraint, 4, nullptr), LAP_OK);
  EXPECT_EQ(maskOf(held.constraint), before);
  EXPECT_EQ(lap_constraint_rewind(copy.constraint, 3, nullptr), LAP_INVALID_ARGUMENT)
      << "only two tokens were accepted";
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(lap_constraint_accept(copy.constraint, byteToken(model(), i % 2 ? '1' : ','), nullptr), LAP_OK);
  }
  EXPECT_EQ(lap_constraint_rewind(copy.constraint, LAP_CONSTRAINT_HISTORY + 1, nullptr), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_constraint_rewind(copy.constraint, LAP_CONSTRAINT_HISTORY, nullptr), LAP_OK);
}

TEST(Constraint, ClonesWorkInSeveralThreads) {
  Held held;
  fromSchema(model(), "{}", held);
  ASSERT_TRUE(held) << held.error.message;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    lap_constraint *copy = nullptr;
    ASSERT_EQ(lap_constraint_clone(held.constraint, &copy, nullptr), LAP_OK);
    threads.emplace_back([copy, i] {
      std::mt19937 random(i);
      for (int k = 0; k < 20; ++k) {
        draw(model(), copy, random, 60);
      }
      lap_constraint_free(copy);
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}

TEST(Constraint, NestingIsBoundedAndStillEnds) {
  Held held;
  fromSchema(model(), R"({"type":"array","items":{"$ref":"#"},"maxItems":1})", held);
  ASSERT_TRUE(held) << held.error.message;
  int depth = 0;
  int32_t open = byteToken(model(), '[');
  while (depth < 5000 && lap_constraint_accept(held.constraint, open, nullptr) == LAP_OK) {
    ++depth;
  }
  EXPECT_GT(depth, 100);
  EXPECT_LT(depth, 5000);
  std::mt19937 random(1);
  uint32_t left = lap_constraint_tokens_to_finish(held.constraint);
  for (; left != 0; --left) {
    std::vector<bool> mask = maskOf(held.constraint, left);
    mask[1] = false;
    auto allowed = std::find(mask.begin(), mask.end(), true);
    ASSERT_NE(allowed, mask.end());
    ASSERT_EQ(lap_constraint_accept(held.constraint, int32_t(allowed - mask.begin()), nullptr), LAP_OK);
  }
  EXPECT_TRUE(lap_constraint_is_complete(held.constraint));
}

TEST(Constraint, TooManyReadingsAreAnError) {
  Held held; // every "a" may start another nesting: the readings grow without end
  fromGrammar(model(), "root ::= item*\nitem ::= \"a\" tail \"b\" | \"a\"\ntail ::= item* [ab]* item*", held);
  ASSERT_TRUE(held) << held.error.message;
  lap_error error{};
  lap_status status = LAP_OK;
  for (int i = 0; i < 20000 && status == LAP_OK; ++i) {
    status = lap_constraint_accept(held.constraint, byteToken(model(), 'a'), &error);
  }
  EXPECT_EQ(status, LAP_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("too ambiguous"), std::string::npos) << error.message;
}

TEST(Constraint, CharactersInPiecesOfBytes) {
  Held held;
  fromGrammar(model(), "root ::= [\xE6\x97\xA5\xC3\xA9] \"x\"", held);
  ASSERT_TRUE(held) << held.error.message;
  for (uint8_t byte : {0xE6, 0x97, 0xA5}) {
    EXPECT_EQ(lap_constraint_accept(held.constraint, byteToken(model(), 'x'), nullptr), LAP_INVALID_ARGUMENT);
    std::vector<bool> mask = maskOf(held.constraint);
    EXPECT_TRUE(mask[size_t(byteToken(model(), byte))]);
    EXPECT_FALSE(mask[size_t(byteToken(model(), 0xFF))]);
    EXPECT_FALSE(lap_constraint_is_complete(held.constraint));
    EXPECT_EQ(lap_constraint_accept(held.constraint, byteToken(model(), byte), nullptr), LAP_OK);
  }
  EXPECT_EQ(lap_constraint_tokens_to_finish(held.constraint), 1u);
}

TEST(Constraint, TheSamplerLooksAtAllowedTokensOnly) {
  lap_program program{};
  program.vocab = 130;
  std::vector<float> logits(130, 1);
  logits[5] = 9;
  std::vector<lap::Candidate> scratch(130);
  lap::Sampler sampler;
  sampler.program = &program, sampler.scratch = scratch.data();
  sampler.random.seed(1);
  std::vector<uint64_t> allowed = {0, 1ull << 3, 1ull << 1}; // 67 and 129
  std::vector<int> counts(130);
  for (int i = 0; i < 1000; ++i) {
    ++counts[size_t(sampler.sample(logits.data(), {sizeof(lap_sampling), 1, 1, 0}, allowed.data()))];
  }
  EXPECT_EQ(counts[67] + counts[129], 1000);
  EXPECT_NEAR(counts[67], 500, 80);
  EXPECT_EQ(sampler.sample(logits.data(), {sizeof(lap_sampling), 0, 1, 0}, allowed.data()), 67);
}
