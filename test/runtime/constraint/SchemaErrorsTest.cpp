//===- SchemaErrorsTest.cpp - schemas that are refused --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What cannot be guaranteed is refused, with the place and a way out; nothing is passed over.
//===----------------------------------------------------------------------===//
#include "test/runtime/constraint/ConstraintFixture.h"

using namespace lap::test;

namespace {

void expectError(const std::string &schema, const std::string &message) {
  static TextModel text;
  Held held;
  fromSchema(text, schema, held);
  EXPECT_EQ(held.status, LAP_INVALID_ARGUMENT) << schema;
  EXPECT_NE(std::string(held.error.message).find(message), std::string::npos)
      << schema << "\n  said: " << held.error.message << "\n  not:  " << message;
}

} // namespace

TEST(SchemaErrors, SaysWhereTheJsonIsWrong) {
  expectError("", "schema:1:1: this is no JSON");
  expectError("{\"type\":\n  bogus}", "schema:2:3: this is no JSON");
  expectError(std::string(200, '[') + std::string(200, ']'), "nested deeper than 128");
  expectError("[]", "schema at #: expected a schema");
  expectError("{\"type\":\"string\xFF\"}", "this is no JSON");
}

TEST(SchemaErrors, RefusesWhatItDoesNotKnow) {
  expectError(R"({"properties":{"a":{"not":{}}}})", "schema at #/properties/a/not: this keyword is not supported");
  expectError(R"({"if":{}})", "schema at #/if");
  expectError(R"({"type":"array","uniqueItems":true})", "schema at #/uniqueItems: different items");
  expectError(R"({"type":"array","contains":{}})", "schema at #/contains: this keyword is not supported");
  expectError(R"({"type":"object","patternProperties":{}})", "schema at #/patternProperties");
  expectError(R"({"type":"number","multipleOf":0.1})", "only multipleOf 1");
  expectError(R"({"type":"string","format":"iri"})", "schema at #/format: this format is not supported");
  expectError(R"({"type":"float"})", "schema at #/type: expected a type");
  expectError(R"x({"type":"string","pattern":"(?=a)"})x", "this pattern is not supported");
  expectError(R"({"type":"string","pattern":"a^b"})", "an anchor inside the pattern");
  expectError(R"x({"type":"string","pattern":"^(ab)+$","maxLength":5})x", "with minLength or maxLength");
  expectError(R"({"enum":["abc"],"maxLength":2})", "together with enum or const");
  expectError(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "branches 0 and 1 might match the same value");
  expectError(R"({"type":"object","minProperties":3})", "schema at #/minProperties");
  expectError(R"({"type":"string","minLength":-1})", "schema at #/minLength: expected a whole number");
  expectError(R"({"properties":{"x":{"$ref":"#/$defs/none"}}})",
              "schema at #/properties/x/$ref: this reference leads nowhere");
  expectError(R"({"$ref":"http://example.com/schema"})", "this reference leads nowhere");
  expectError(R"({"type":"number","minimum":1e300})", "bounds have at most 15 digits");
}

TEST(SchemaErrors, RefusesWhatNothingSatisfies) {
  expectError("false", "no value satisfies the schema");
  expectError(R"({"type":"integer","minimum":3,"maximum":2})", "no value satisfies the schema");
  expectError(R"({"allOf":[{"type":"string"},{"type":"null"}]})", "no value satisfies the schema");
  expectError(R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "no value satisfies the schema");
}

TEST(SchemaErrors, NeedsATokenForEveryByte) {
  lapidary::TokenizerModel model = smallTokenizer();
  model.pieces.erase(model.pieces.begin() + 50);
  model.vocabularySize = uint32_t(model.pieces.size());
  TextModel text(model);
  Held held;
  fromSchema(text, "{}", held);
  EXPECT_EQ(held.status, LAP_UNAVAILABLE);
  EXPECT_NE(std::string(held.error.message).find("a token for every byte"), std::string::npos) << held.error.message;
}
