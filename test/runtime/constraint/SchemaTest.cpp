//===- SchemaTest.cpp - what the grammars of schemas write ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For each schema some texts that must be possible and some that must not be. That everything written is valid is the
// business of test/e2e/run_structured.py, which asks the jsonschema package.
//===----------------------------------------------------------------------===//
#include "test/runtime/constraint/ConstraintFixture.h"

using namespace lap::test;

namespace {

const TextModel &model() {
  static TextModel text;
  return text;
}

void expectTexts(const std::string &schema, const std::vector<std::string> &good, const std::vector<std::string> &bad) {
  Held held;
  fromSchema(model(), schema, held);
  ASSERT_TRUE(held) << schema << ": " << held.error.message;
  for (const std::string &text : good) {
    EXPECT_TRUE(matches(model(), held.constraint, text)) << schema << " should write '" << text << "'";
  }
  for (const std::string &text : bad) {
    EXPECT_FALSE(matches(model(), held.constraint, text)) << schema << " should not write '" << text << "'";
  }
  std::mt19937 random(11);
  for (int i = 0; i < 30; ++i) {
    std::string text = draw(model(), held.constraint, random, 120);
    EXPECT_TRUE(matches(model(), held.constraint, text)) << schema << " wrote '" << text << "'";
  }
}

} // namespace

TEST(Schema, PlainTypes) {
  expectTexts(R"({"type":"null"})", {"null"}, {"", "nul", "true"});
  expectTexts(R"({"type":"boolean"})", {"true", "false"}, {"null"});
  expectTexts(R"({"type":["integer","null"]})", {"null", "-12", "0"}, {"1.5", "01", "-"});
  expectTexts(R"({"type":"number"})", {"1.5", "-0.25e-3", "7"}, {"1.", ".5", "+1"});
  expectTexts(R"({})", {"null", "[1, {\"a\":true}]", "\"x\""}, {"nope", "{a:1}"});
}

TEST(Schema, Strings) {
  expectTexts(R"({"type":"string"})", {R"("")", R"("a\n\u00e9\\")", "\"\xE6\x97\xA5\"", R"("\ud83d\ude00")"},
              {"\"a\nb\"", R"("\x")", R"("\ud83d")", R"("a)"});
  expectTexts(R"({"type":"string","minLength":2,"maxLength":3})",
              {R"("ab")", R"("a\n\"")", "\"\xC3\xA9\xC3\xA9\xC3\xA9\""}, {R"("a")", R"("abcd")", R"("")"});
  expectTexts(R"({"type":"string","pattern":"^[A-Z]{2}-\\d+$"})", {R"("AB-1")", R"("ZZ-123")"},
              {R"("A-1")", R"("AB-")"});
  expectTexts(R"({"type":"string","pattern":"b|^c"})", {R"("abc")", R"("cx")", R"("b")"}, {R"("ac")", R"("")"});
  expectTexts(R"({"type":"string","pattern":"^\"?\\\\$"})", {R"("\"\\")", R"("\\")"}, {R"("")"});
  expectTexts(R"({"type":"string","pattern":"^[a-f]+$","maxLength":2})", {R"("a")", R"("ff")"}, {R"("aaa")", R"("")"});
  expectTexts(R"({"type":"string","pattern":"^\\S[^\\s]$"})", {R"("a\"")", R"("-_")"},
              {R"("a b")", R"("\u001fa")", R"("a\u001c")"}); // Python's \s has U+001C..U+001F
  expectTexts(R"({"type":"string","format":"date"})", {R"("2024-02-28")", R"("1999-12-31")"},
              {R"("2024-02-30")", R"("2024-13-01")", R"("2024-1-1")"});
  expectTexts(R"({"enum":["a","b\"c",1,null,{"x":[1,2]}]})", {R"("a")", R"("b\"c")", "1", "null", R"({"x":[1,2]})"},
              {R"("b")", "2", "{}"});
}

TEST(Schema, IntegerRanges) {
  expectTexts(R"({"type":"integer","minimum":5,"maximum":123})", {"5", "9", "10", "99", "100", "123"},
              {"4", "124", "0", "-5", "05", "1000"});
  expectTexts(R"({"type":"integer","minimum":-12,"exclusiveMaximum":3})", {"-12", "-1", "0", "2"},
              {"-13", "3", "-0", "12"});
  expectTexts(R"({"type":"integer","exclusiveMinimum":-1})", {"0", "1", "999999999999999"}, {"-1", "-0"});
  expectTexts(R"({"type":"integer","minimum":0.5,"maximum":2.5})", {"1", "2"}, {"0", "3"});
}

TEST(Schema, NumberRanges) {
  expectTexts(R"({"type":"number","minimum":0,"maximum":1})", {"0", "0.0", "0.5", "1", "1.0", "0.999"},
              {"1.1", "2", "-0.1", "1.01"});
  expectTexts(R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})", {"0.1", "0.01", "0.99"},
              {"0", "0.0", "1", "1.0"});
  expectTexts(R"({"type":"number","minimum":-2.5,"maximum":12.25})",
              {"-2.5", "-2.49", "-0.1", "0", "12.25", "12.2", "11.99"}, {"-2.51", "-3", "12.26", "13"});
  expectTexts(R"({"type":"number","minimum":0.125,"maximum":0.13})", {"0.125", "0.1251", "0.13", "0.129"},
              {"0.1", "0.124", "0.131", "0.2"});
}

TEST(Schema, Objects) {
  expectTexts(R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"}},"required":["a"]})",
              {R"({"a":1})", R"({"a": 1, "b":true})", "{\n  \"a\":1\n}"},
              {R"({})", R"({"b":true})", R"({"b":true,"a":1})", R"({"a":1,})", R"({"a":1,"c":2})"});
  expectTexts(R"({"properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}}})",
              {"{}", R"({"a":null})", R"({"c":null})", R"({"a":null,"c":null})", R"({"b":null,"c":null})"},
              {R"({,"a":null})", R"({"a":null"b":null})"});
  expectTexts(R"({"type":"object","properties":{"ab":{"type":"null"}},"additionalProperties":{"type":"integer"}})",
              {"{}", R"({"ab":null})", R"({"a":1})", R"({"abc":1,"x":2})", R"({"ab":null,"b":1})"},
              {R"({"ab":1})", R"({"x":null})"});
  expectTexts(R"({"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2})",
              {R"({"a":1})", R"({"a":1,"b":2})"}, {"{}", R"({"a":1,"b":2,"c":3})"});
}

TEST(Schema, Arrays) {
  expectTexts(R"({"type":"array","items":{"type":"integer"}})", {"[]", "[1]", "[1, 2,3]"}, {"[1,]", "[true]", "["});
  expectTexts(R"({"type":"array","items":{"type":"null"},"minItems":2,"maxItems":3})",
              {"[null,null]", "[null,null,null]"}, {"[null]", "[null,null,null,null]", "[]"});
  expectTexts(R"({"prefixItems":[{"type":"integer"},{"type":"boolean"}],"items":false})", {"[]", "[1]", "[1,true]"},
              {"[true]", "[1,true,1]"});
  expectTexts(R"({"prefixItems":[{"type":"integer"}],"items":{"type":"null"},"minItems":2})",
              {"[1,null]", "[1,null,null]"}, {"[1]", "[null,null]"});
}

TEST(Schema, ReferencesAndRecursion) {
  expectTexts(R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":
              {"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["next"],"additionalProperties":false}}})",
              {R"({"next":null})", R"({"next":{"next":null}})"}, {"{}", "null"});
  expectTexts(R"({"type":"array","items":{"$ref":"#"}})", {"[]", "[[],[[]]]"}, {"[1]"});
}

TEST(Schema, Combinations) {
  expectTexts(R"({"anyOf":[{"type":"integer","minimum":10},{"type":"string","maxLength":1}]})", {"10", R"("a")"},
              {"9", R"("ab")"});
  expectTexts(R"({"allOf":[{"type":"integer","minimum":3},{"maximum":5}]})", {"3", "5"}, {"2", "6"});
  expectTexts(
      R"({"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}}}],
              "type":"object"})",
      {R"({"a":1})", R"({"a":1,"b":null})"}, {R"({"b":null})"});
  expectTexts(
      R"({"oneOf":[{"type":"object","properties":{"k":{"const":"x"},"v":{"type":"integer"}},"required":["k","v"]},
              {"type":"object","properties":{"k":{"const":"y"}},"required":["k"]}]})",
      {R"({"k":"x","v":1})", R"({"k":"y"})"}, {R"({"k":"x"})", R"({"k":"z"})"});
  expectTexts(R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},
              "anyOf":[{"required":["a"]},{"required":["b"]}]})",
              {R"({"a":null})", R"({"b":null})"}, {"{}"});
}

TEST(Schema, ToolCallNotation) {
  Held held;
  fromSchema(model(), R"({"type":"object","properties":{"name":{"type":"string"},"b":{"type":"integer"}},
             "required":["name","b"]})",
             held, LAP_NOTATION_TOOL_CALL);
  ASSERT_TRUE(held) << held.error.message;
  std::mt19937 random(3);
  for (int i = 0; i < 20; ++i) {
    std::string text = draw(model(), held.constraint, random, 60);
    EXPECT_EQ(text.rfind("{b:", 0), 0u) << text;
    EXPECT_NE(text.find(",name:<|\"|>"), std::string::npos) << text;
    EXPECT_EQ(text.substr(text.size() - 6), "<|\"|>}") << text;
  }
}

TEST(Schema, ToolCalls) {
  std::string tools = R"([{"type":"function","function":{"name":"get_time"}},
    {"type":"function","function":{"name":"add","parameters":{"type":"object","properties":{"x":{"type":"integer"}},
    "required":["x"]}}}])";
  Held held;
  held.status =
      lap_constraint_create_tool_call(&model().model, tools.data(), tools.size(), &held.constraint, &held.error);
  ASSERT_TRUE(held) << held.error.message;
  std::mt19937 random(3);
  int times = 0, adds = 0;
  for (int i = 0; i < 40; ++i) {
    std::string text = draw(model(), held.constraint, random, 60);
    times += text == "call:get_time{}<tool_call|>";
    adds += text.rfind("call:add{x:", 0) == 0;
  }
  EXPECT_GT(times, 0);
  EXPECT_GT(adds, 0);
  EXPECT_EQ(times + adds, 40);
}
