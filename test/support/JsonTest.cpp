//===- JsonTest.cpp - strict JSON documents -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The three properties nlohmann's own tree lacks (unique keys, limited depth, numbers kept apart), and messages.
//===----------------------------------------------------------------------===//
#include "support/Json.h"

#include <gtest/gtest.h>

using namespace lapidary;
using Kind = JsonValue::Kind;

namespace {

JsonError failure(std::string_view text, unsigned depth = 4) {
  JsonError error;
  EXPECT_FALSE(parseJson(text, depth, error)) << text;
  return error;
}

} // namespace

TEST(Json, KeepsNumbersApart) {
  JsonError error;
  auto value = parseJson(R"([1, -1, 1.0, 18446744073709551615, 18446744073709551616, -0])", 4, error);
  ASSERT_TRUE(value);
  Kind expected[] = {Kind::Unsigned, Kind::Negative, Kind::Float, Kind::Unsigned, Kind::Float, Kind::Negative};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(value->items[i].is(expected[i])) << i;
  }
  EXPECT_EQ(value->items[3].whole, ~0ull);
}

TEST(Json, FindsMembersAndDescribesValues) {
  JsonError error;
  auto value = parseJson(R"({"a": "x\ny", "b": null, "c": [], "d": {}, "e": true, "f": -3, "g": 2.5})", 4, error);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("a")->describe(), "the string 'x\\x0ay'");
  EXPECT_EQ(value->find("b")->describe(), "null");
  EXPECT_EQ(value->find("c")->describe(), "a list");
  EXPECT_EQ(value->find("d")->describe(), "an object");
  EXPECT_EQ(value->find("e")->describe(), "true");
  EXPECT_EQ(value->find("f")->describe(), "-3");
  EXPECT_EQ(value->find("g")->describe(), "2.5");
  EXPECT_EQ(value->find("h"), nullptr);
}

TEST(Json, RefusesDuplicateKeysAlsoThroughEscapes) {
  EXPECT_EQ(failure(R"({"a":1,"\u0061":2})").kind, JsonError::Kind::DuplicateKey);
  EXPECT_EQ(failure(R"([{"x":{"k":1,"k":1}}])").message, "key 'k' occurs twice in one object");
}

TEST(Json, RefusesDeepNesting) {
  JsonError error;
  EXPECT_TRUE(parseJson("[[[[]]]]", 4, error));
  EXPECT_EQ(failure("[[[[[]]]]]").kind, JsonError::Kind::TooDeep);
  EXPECT_EQ(failure(std::string(1000000, '[')).kind, JsonError::Kind::TooDeep);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char *text : {"", "{", "{\"a\":NaN}", "[1,]", "// x\n1", "[1] 2", "1e999", "\"\\ud800\"", "\"\xff\""}) {
    JsonError error = failure(text);
    EXPECT_EQ(error.kind, JsonError::Kind::Syntax) << text;
    EXPECT_FALSE(error.message.empty());
    EXPECT_EQ(error.message.find("json.exception"), std::string::npos) << error.message;
  }
}

TEST(Json, GivesLineAndColumn) {
  EXPECT_EQ(lineAndColumn("ab\ncd", 1), "line 1, column 1");
  EXPECT_EQ(lineAndColumn("ab\ncd", 5), "line 2, column 2");
  EXPECT_EQ(lineAndColumn("", 9), "line 1, column 1");
}
