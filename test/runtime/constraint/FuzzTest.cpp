//===- FuzzTest.cpp - damaged schemas, grammars and patterns --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Good texts are cut, joined and changed at random. Each result must be refused with a message or work: write a text
// that it accepts again. Meant for the sanitizer build, where a stray read ends the test; LAPIDARY_FUZZ_ROUNDS makes it
// longer.
//===----------------------------------------------------------------------===//
#include "test/runtime/constraint/ConstraintFixture.h"

#include <cstdlib>

using namespace lap::test;

namespace {

const char *const Schemas[] = {
    R"({"type":"object","properties":{"a":{"type":"integer","minimum":-3,"maximum":17.5},"b":{"$ref":"#/$defs/x"}},"required":["a"],"$defs":{"x":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}})",
    R"({"type":["string","null"],"pattern":"^[a-z]{2,3}(\\d+|x)*$","minLength":2,"maxLength":9})",
    R"({"oneOf":[{"type":"object","properties":{"k":{"const":"x"}},"required":["k"],"additionalProperties":{"type":"number"}},{"type":"array","items":[{"enum":[1,"\u00e9",{"q":[]}]}],"additionalItems":false}]})",
    R"({"allOf":[{"type":"number","exclusiveMinimum":0.125},{"maximum":1e3}],"format":"date-time","minItems":1,"maxItems":3,"prefixItems":[{},true,false]})",
    R"({"type":"string","format":"email"})",
};

const char *const Grammars[] = {
    "root ::= \"a\" (b | [^x-z\\n]{2,4})* # note\nb ::= \"\\u00e9\" root? | <|tool_call>\n",
    "root ::= item{1,3}\nitem ::= ([0-9]+ | \"x\"){2} \".\" | \"(\" item \")\"\n",
};

const char Words[] = "{}[]()\",:\\*+?|^$.-0123456789eE abxz\n#:=\x80\xC3\xA9\xFF";

std::string mutate(const std::string &text, const std::string &other, std::mt19937 &random) {
  std::string out = text;
  for (unsigned changes = random() % 4; changes-- > 0;) {
    size_t at = out.empty() ? 0 : random() % out.size(), length = random() % 12;
    switch (random() % 5) {
    case 0:
      out.erase(at, length);
      break;
    case 1:
      out.insert(at, 1, Words[random() % (sizeof(Words) - 1)]);
      break;
    case 2:
      out.insert(at, other.substr(random() % other.size(), 2 + length * 3));
      break;
    case 3:
      out.insert(at, out.substr(random() % (out.size() + 1), length));
      break;
    default:
      if (!out.empty()) {
        out[at] = Words[random() % (sizeof(Words) - 1)];
      }
      break;
    }
  }
  return out;
}

unsigned rounds() {
  const char *asked = std::getenv("LAPIDARY_FUZZ_ROUNDS");
  return asked ? unsigned(std::atoi(asked)) : 1500;
}

struct Tally {
  unsigned good = 0, refused = 0;
};

void exercise(const TextModel &text, Held &held, const std::string &source, std::mt19937 &random, Tally &tally) {
  if (!held) {
    ++tally.refused;
    EXPECT_NE(held.error.message[0], 0) << source;
    EXPECT_EQ(std::string(held.error.message).find('\n'), std::string::npos) << held.error.message;
    return;
  }
  ++tally.good;
  uint32_t limit = lap_constraint_tokens_to_finish(held.constraint);
  if (limit < 200) {
    draw(text, held.constraint, random, limit + uint32_t(random() % 20));
    if (::testing::Test::HasFailure()) {
      std::fprintf(stderr, "source: %s\n", source.c_str());
    }
  }
}

} // namespace

TEST(Fuzz, Schemas) {
  TextModel text;
  std::mt19937 random(20240601);
  Tally tally;
  for (unsigned i = 0; i < rounds() && !HasFailure(); ++i) {
    const std::string source =
        mutate(Schemas[random() % std::size(Schemas)], Schemas[random() % std::size(Schemas)], random);
    Held held;
    fromSchema(text, source, held, random() % 4 ? LAP_NOTATION_JSON : LAP_NOTATION_TOOL_CALL);
    exercise(text, held, source, random, tally);
  }
  std::printf("%u worked, %u were refused\n", tally.good, tally.refused);
  EXPECT_GT(tally.good, 0u);
  EXPECT_GT(tally.refused, 0u);
}

TEST(Fuzz, Grammars) {
  TextModel text;
  std::mt19937 random(20240602);
  Tally tally;
  for (unsigned i = 0; i < rounds() && !HasFailure(); ++i) {
    const std::string source =
        mutate(Grammars[random() % std::size(Grammars)], Grammars[random() % std::size(Grammars)], random);
    Held held;
    fromGrammar(text, source, held);
    exercise(text, held, source, random, tally);
  }
  std::printf("%u worked, %u were refused\n", tally.good, tally.refused);
  EXPECT_GT(tally.good, 0u);
  EXPECT_GT(tally.refused, 0u);
}

TEST(Fuzz, Patterns) {
  TextModel text;
  const std::string patterns[] = {"^(a|[b-d]+\\\\d{2,3})?x*$", "[^\\\\w-]|(?:ab){1,2}\\\\u00e9", "^\\\\s\\\\S.$|z"};
  std::mt19937 random(20240603);
  Tally tally;
  for (unsigned i = 0; i < rounds() && !HasFailure(); ++i) {
    std::string pattern = mutate(patterns[random() % 3], patterns[random() % 3], random);
    Held held;
    const std::string source = "{\"type\":\"string\",\"pattern\":\"" + pattern + "\"}";
    fromSchema(text, source, held);
    exercise(text, held, source, random, tally);
  }
  std::printf("%u worked, %u were refused\n", tally.good, tally.refused);
  EXPECT_GT(tally.good, 0u);
}

TEST(Fuzz, Tools) {
  TextModel text;
  const std::string tools = R"([{"type":"function","function":{"name":"f","parameters":{"type":"object",
    "properties":{"x":{"type":"string"},"y":{"type":"array","items":{"type":"boolean"}}}}}},{"name":"g"}])";
  std::mt19937 random(20240604);
  Tally tally;
  for (unsigned i = 0; i < rounds() && !HasFailure(); ++i) {
    const std::string source = mutate(tools, tools, random);
    Held held;
    held.status =
        lap_constraint_create_tool_call(&text.model, source.data(), source.size(), &held.constraint, &held.error);
    exercise(text, held, source, random, tally);
  }
  EXPECT_GT(tally.good, 0u);
}
