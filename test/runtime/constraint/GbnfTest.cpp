//===- GbnfTest.cpp - grammars in llama.cpp's notation --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What grammars accept, byte by byte and token by token, and how mistakes are reported.
//===----------------------------------------------------------------------===//
#include "test/runtime/constraint/ConstraintFixture.h"

using namespace lap::test;

namespace {

const TextModel &model() {
  static TextModel text;
  return text;
}

void expectTexts(const std::string &grammar, const std::vector<std::string> &good,
                 const std::vector<std::string> &bad) {
  Held held;
  fromGrammar(model(), grammar, held);
  ASSERT_TRUE(held) << grammar << ": " << held.error.message;
  for (const std::string &text : good) {
    EXPECT_TRUE(matches(model(), held.constraint, text)) << grammar << " should accept '" << text << "'";
  }
  for (const std::string &text : bad) {
    EXPECT_FALSE(matches(model(), held.constraint, text)) << grammar << " should refuse '" << text << "'";
  }
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) { // what it writes, it accepts
    std::string text = draw(model(), held.constraint, random, 64);
    EXPECT_TRUE(matches(model(), held.constraint, text)) << grammar << " wrote '" << text << "'";
  }
}

void expectError(const std::string &grammar, const std::string &message) {
  Held held;
  fromGrammar(model(), grammar, held);
  EXPECT_EQ(held.status, LAP_INVALID_ARGUMENT) << grammar;
  EXPECT_NE(std::string(held.error.message).find(message), std::string::npos)
      << grammar << "\n  said: " << held.error.message << "\n  not:  " << message;
}

} // namespace

TEST(Gbnf, Texts) { expectTexts("root ::= \"yes\" | \"no\"", {"yes", "no"}, {"", "y", "nox", "yesno"}); }

TEST(Gbnf, ClassesAndRanges) {
  expectTexts("root ::= [a-cx] [^0-9\\n] .", {"ab1", "x\xC3\xA9\n", "c\xE6\x97\xA5z"}, {"d11", "a1x", "a\nx", "ab"});
}

TEST(Gbnf, Repetitions) {
  expectTexts("root ::= \"a\"* \"b\"+ \"c\"?", {"b", "aab", "bbc"}, {"a", "c", "bcc"});
  expectTexts("root ::= [ab]{3}", {"aba", "bbb"}, {"ab", "abab", ""});
  expectTexts("root ::= [ab]{2,}", {"ab", "ababab"}, {"a"});
  expectTexts("root ::= [ab]{1,3} \"!\"", {"a!", "abb!"}, {"!", "aaaa!"});
  expectTexts("root ::= (\"ab\" | [0-9]{2}){2,3}", {"abab", "12ab", "ab3412"}, {"ab", "abababab", "1212121"});
  expectTexts("root ::= (\"a\"? \"b\"?){2,3} \".\"", {".", "ab.", "bb.", "ababab."}, {"abababab.", "bbbb."});
}

TEST(Gbnf, Recursion) {
  expectTexts("root ::= \"(\" root \")\" | \"x\"", {"x", "((x))"}, {"(x", "()", "(x))"});
  expectTexts("root ::= [a] root [b] | \"\"", {"", "ab", "aaabbb"}, {"aab", "abb"});
}

TEST(Gbnf, LinesCommentsAndEscapes) {
  expectTexts("# a comment\nroot ::= one | # the first\n  two\n\none ::= (\n \"\\x41\" # capital a\n \"\\u00e9\" )\n"
              "two ::= \"\\\"\\\\\\n\" [\\]\\-^]",
              {"A\xC3\xA9", "\"\\\n]", "\"\\\n-", "\"\\\n^"}, {"A", "\"\\\n"});
}

TEST(Gbnf, ManyCounts) {
  std::string exactly(3000, 'a');
  Held held;
  fromGrammar(model(), "root ::= [a-z]{3000,5000}", held);
  ASSERT_TRUE(held) << held.error.message;
  EXPECT_TRUE(matches(model(), held.constraint, exactly));
  EXPECT_FALSE(matches(model(), held.constraint, exactly.substr(1)));
  EXPECT_TRUE(matches(model(), held.constraint, std::string(5000, 'z')));
  EXPECT_FALSE(matches(model(), held.constraint, std::string(5001, 'z')));
}

TEST(Gbnf, ControlTokens) {
  Held held;
  fromGrammar(model(), "root ::= <|tool_call> \"a\" <tool_call|>", held);
  ASSERT_TRUE(held) << held.error.message;
  for (int32_t id : {3, byteToken(model(), 'a'), 4}) {
    const uint64_t *words = nullptr;
    ASSERT_EQ(lap_constraint_mask(held.constraint, UINT32_MAX, &words, nullptr), LAP_OK);
    EXPECT_TRUE(words[id / 64] >> (id % 64) & 1) << id;
    EXPECT_EQ(lap_constraint_accept(held.constraint, id, nullptr), LAP_OK) << id;
  }
  EXPECT_TRUE(lap_constraint_is_finished(held.constraint));
}

TEST(Gbnf, TokensByNumberAndText) {
  expectTexts("root ::= <[263]> [b]", {"ab"}, {"b", "aab"}); // 263 is "a"
  Held held;
  fromGrammar(model(), "root ::= <[3]> \"a\"", held);
  ASSERT_TRUE(held) << held.error.message;
  EXPECT_EQ(lap_constraint_accept(held.constraint, 3, nullptr), LAP_OK);
}

TEST(Gbnf, JsonAsLlamaCppWritesIt) {
  expectTexts(R"g(root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

# Optional space: by convention, applied in this grammar after literal chars when allowed
ws ::= | " " | "\n" [ \t]{0,20}
)g",
              {R"({"a":1})", "{ \"x\": [true,null, -1.5e+3]}", R"({"q":"\"\u00e9","e":{}})", "{}"},
              {"[]", R"({"a":})", R"({"a":1,})", "{\"a\":\"\n\"}"});
}

TEST(Gbnf, SaysWhatIsWrongAndWhere) {
  expectError("", "there is no rule 'root'");
  expectError("root ::= a", "grammar:1:10: rule 'a' is not defined");
  expectError("root ::= \"a\"\nroot ::= \"b\"", "grammar:2:1: rule 'root' is defined twice, first in line 1");
  expectError("root ::= \"a", "grammar:1:10: this text is not closed");
  expectError("root ::= [a", "grammar:1:10: this '[' is not closed");
  expectError("root ::= (\"a\"", "grammar:1:10: this '(' is not closed");
  expectError("root ::= \"a\")", "grammar:1:13: there is no '('");
  expectError("root = \"a\"", "grammar:1:6: expected '::='");
  expectError("root ::= [z-a]", "grammar:1:11: the range ends before it starts");
  expectError("root ::= \"\\q\"", "grammar:1:11: unknown escape");
  expectError("root ::= \"a\"{3,2}", "a repetition from 3 to 2 times");
  expectError("root ::= \"a\"{9999999}", "more than 100000 repetitions");
  expectError("root ::= <nothing>", "grammar:1:10: '<nothing>' is no token of this model");
  expectError("root ::= <[99999]>", "token 99999 does not exist");
  expectError("root ::= <[1x]>", "expected <[number]>");
  expectError("root ::= <[50]>", "token 50 is a byte");
  expectError("root ::= !<bos> \"a\"", "'!' (any token but one) is not supported");
  expectError("root ::= \"a\" <eos>", "the control token <eos> cannot be part of a text");
  expectError("root ::= root \"a\" | \"b\"", "grammar:1:1: rule 'root' calls itself before it reads");
  expectError("root ::= x root | \"b\"\nx ::= \"a\"?", "calls itself before it reads");
  expectError("root ::= \"a\" root", "no finite text");
  expectError("root ::= \"\xC3\"", "grammar:1:11: invalid UTF-8");
  expectError("root ::= " + std::string(100, '(') + "\"a\"", "nested deeper than");
  std::string many = "(\"a\" root2){100000}";
  expectError("root ::= " + many + many + many + "\nroot2 ::= \"b\"", "too large");
}
