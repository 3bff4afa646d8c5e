//===- RenderTest.cpp - conversations to prompts --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// test/data/chat-templates/rendered.json holds what transformers makes of generated conversations with Google's
// templates, and of small templates that use every part of the language (tools/check-chat-template.py --record). Here
// the compiled templates must write the same text, and refuse what transformers refuses.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/OfficialTemplate.h"
#include "test/frontends/tokenizer/TokenizerFiles.h"
#include "test/runtime/chat/CompiledTemplate.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace lapidary;
using nlohmann::json;

namespace {

const std::string folder = LAPIDARY_SOURCE_DIR "/test/data/chat-templates/";

const json &recorded() {
  static const json cases = json::parse(readTestFile(folder + "rendered.json"));
  return cases;
}

bool isError(const std::string &text) { return text.rfind("error: ", 0) == 0; }

void expectSame(const json &expected, const std::string &text, const std::string &what) {
  if (expected.contains("text")) {
    EXPECT_EQ(text, expected["text"].get<std::string>()) << what;
  } else {
    EXPECT_TRUE(isError(text)) << what << " gave " << text << ", expected " << expected["error"];
  }
}

TEST(Render, PrintsWhatJinjaPrints) {
  std::string variables = recorded()["variables"];
  size_t checked = 0;
  for (const json &entry : recorded()["language"]) {
    std::string source = entry["template"];
    expectSame(entry, CompiledTemplate(source).render(R"([{"role":"user","content":"Hi"}])", 0, "", variables), source);
    ++checked;
  }
  EXPECT_GT(checked, 50u);
}

TEST(Render, WritesThePromptsOfTransformers) {
  std::map<std::string, CompiledTemplate> templates;
  size_t checked = 0;
  for (const json &entry : recorded()["conversations"]) {
    std::string name = entry["template"];
    auto found = templates.find(name);
    if (found == templates.end()) {
      found = templates.emplace(name, CompiledTemplate(readTestFile(folder + name))).first;
    }
    std::string messages = entry["messages"];
    expectSame(entry, found->second.render(messages, entry["flags"], entry.value("tools", "")), name + ": " + messages);
    ++checked;
  }
  EXPECT_GT(checked, 60u);
}

/// The format that stands in for a missing template writes what Google's template writes.
TEST(Render, OfficialFormatAgreesWithGooglesTemplate) {
  CompiledTemplate google(readTestFile(folder + "google-gemma-4-31B-it.jinja")), official(officialTemplate);
  ASSERT_TRUE(official.valid()) << official.error.message << " at byte " << official.error.at;
  const char *conversations[] = {
      R"([{"role":"user","content":" Hi "}])",
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":
          "<|channel>thought\nhm<channel|>Hello"},{"role":"user","content":[{"type":"image"},{"type":"text","text":"x"}]}])",
      R"([{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":
          "function","function":{"name":"get","arguments":{"city":"Paris","n":[1,2.5,true],"m":{"b":1,"a":"x"}}}}]},
          {"role":"tool","tool_call_id":"1","content":"sunny"}])"};
  const char *tools = R"([{"type":"function","function":{"name":"get","description":"d","parameters":{"type":"object",
      "properties":{"city":{"type":"string","description":"c"},"n":{"type":"integer"}},"required":["city"]}}}])";
  for (const char *messages : conversations) {
    for (uint32_t flags : {0u, unsigned(LAP_CHAT_THINK), unsigned(LAP_CHAT_NO_GENERATION_PROMPT)}) {
      EXPECT_EQ(official.render(messages, flags), google.render(messages, flags)) << messages;
      EXPECT_EQ(official.render(messages, flags, tools), google.render(messages, flags, tools)) << messages;
    }
  }
}

TEST(Render, ReadsTheOpenAiSpelling) {
  CompiledTemplate source("{{ messages | tojson }}");
  const char *messages = R"([{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":
      "{\"a\": [1, \"x\"]}"}}]},{"role":"user","content":[{"type":"image_url","image_url":"u"},{"type":"text","text":"t"}]}])";
  EXPECT_EQ(source.render(messages),
            R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, "x"]}}}]}, )"
            R"({"role": "user", "content": [{"type": "image", "image_url": "u"}, {"type": "text", "text": "t"}]}])");
  EXPECT_NE(source.render(messages, LAP_CHAT_VERBATIM).find(R"("arguments": "{\"a\")"), std::string::npos);
}

TEST(Render, SaysWhatIsWrongWithAConversation) {
  CompiledTemplate source(
      "{% if messages[0].role == 'system' %}{{ raise_exception('no\nsystem') }}{% endif %}{{ messages[0].x.y }}");
  const std::pair<const char *, const char *> cases[] = {
      {"", "the messages: byte 0: "},
      {"[{\"role\": }]", "the messages: byte 10: "},
      {"[{\"role\": \"\xff\"}]", "the messages: byte "},
      {"[1]", "message 0 is not a JSON object"},
      {"{}", "the messages are not a JSON array"},
      {"[]", "the conversation is empty"},
      {"[{}] x", "the messages: byte 5: "},
      {"[{\"role\":\"\\ud800\"}]", "the messages: byte "},
      {R"([{"role":"system"}])", "the chat template refuses this conversation: no"},
      {R"([{"role":"user"}])", "chat template, line 2: 'y' of 'x', which is undefined"},
  };
  for (const auto &[messages, expected] : cases) {
    EXPECT_EQ(source.render(messages).rfind(std::string("error: ") + expected, 0), 0u) << source.render(messages);
  }
  std::string deep(100000, '[');
  EXPECT_NE(source.render(deep).find("nested more than"), std::string::npos) << source.render(deep);
  EXPECT_NE(source.render(std::string("[{}\0]", 5)).find("byte 3: A byte of value 0"), std::string::npos);
  EXPECT_NE(source.render("[{}]", 0, "{}").find("the tools are not a JSON array"), std::string::npos);
  EXPECT_NE(source.render("[{}]", 0, "", "[]").find("variables are not a JSON object"), std::string::npos);
}

TEST(Render, KeepsLargeMapsInOrderWithTheLastOfEqualKeys) {
  std::string map, expected;
  for (int i = 0; i < 200; ++i) {
    map += (i ? ",\"k" : "\"k") + std::to_string(i % 100) + "\":" + std::to_string(i);
    expected += i < 100 ? "k" + std::to_string(i) + "=" + std::to_string(i + 100) + ";" : "";
  }
  CompiledTemplate source("{% for k, v in messages[0].m.items() %}{{ k }}={{ v }};{% endfor %}");
  EXPECT_EQ(source.render("[{\"m\":{" + map + "}}]"), expected);
}

TEST(Render, IsBoundedOnHostileTemplates) {
  const std::string templates[] = {
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
      "{% set ns = namespace(x='aaaaaaaa') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "{{ 'x' * 99999999999 }}",
      "{% set ns = namespace(x=[1]) %}{% for a in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
      "{% set ns = namespace(x=[1], y=[1]) %}{% for a in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, "
      "ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
      "{% set ns = namespace(x=[1]) %}{% for a in range(9000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
      "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x }}",
      "{% set s = 'ab' * 4000000 %}{% for a in range(99999) %}{% if 'ba' * 2000000 in s %}{% endif %}{% endfor %}",
      "{% set s = 'a' * 2000000 %}{{ s.rsplit('a' * 1000000 + 'b') }}",
      "{% set s = ' ' * 2000000 %}{% for a in range(99999) %}{{ s.split() | length }}{% endfor %}",
      "{% for a in range(99999) %}{{ (range(99999) | list | sort | reverse | list)[0] }}{% endfor %}",
  };
  for (const std::string &source : templates) {
    CompiledTemplate compiled(source);
    ASSERT_TRUE(compiled.valid()) << source << ": " << compiled.error.message;
    EXPECT_TRUE(isError(compiled.render())) << source;
  }
}

/// A part of a text is copied, dropped, or one of its characters replaced by one of `letters`.
std::string damage(std::string text, const std::string &letters, std::mt19937 &random) {
  for (int k = random() % 4; k >= 0 && !text.empty(); --k) {
    size_t at = random() % text.size();
    switch (random() % 3) {
    case 0:
      text[at] = letters[random() % letters.size()];
      break;
    case 1:
      text.insert(at, text.substr(random() % text.size(), random() % 20));
      break;
    default:
      text.erase(at, random() % 8);
    }
  }
  return text;
}

TEST(Render, NeverCrashesOnDamagedTemplates) {
  std::mt19937 random(17);
  std::string google = readTestFile(folder + "google-gemma-4-31B-it.jinja"), variables = recorded()["variables"];
  std::vector<std::string> sources = {officialTemplate, readTestFile(folder + "edge.jinja")};
  for (const json &entry : recorded()["language"]) {
    sources.push_back(entry["template"]);
  }
  size_t rendered = 0, rounds = 6000;
  for (size_t round = 0; round < rounds; ++round) {
    std::string source = damage(sources[round % sources.size()], "{}%#-'\"()[]|.,:=+~*/<>! nsmlx01\\if\n", random);
    rendered += !isError(CompiledTemplate(source).render(R"([{"role":"user","content":"x"}])", 0, "[]", variables));
  }
  EXPECT_GT(rendered, rounds / 10) << "too few damaged templates still work to say anything";
  for (int round = 0; round < 30; ++round) {
    CompiledTemplate(damage(google, "{}%-'|[](). x", random)).render();
  }
}

TEST(Render, NeverCrashesOnDamagedConversations) {
  std::mt19937 random(18);
  CompiledTemplate google(readTestFile(folder + "google-gemma-4-31B-it.jinja")), official(officialTemplate);
  size_t rendered = 0, rounds = 0;
  for (int pass = 0; pass < 20; ++pass) {
    for (const json &entry : recorded()["conversations"]) {
      std::string letters = "{}[]\",:\\u0 1e-ntf\xff\xe4", messages = damage(entry["messages"], letters, random);
      std::string tools = damage(entry.value("tools", "[]"), letters, random);
      rendered += !isError((pass % 2 ? google : official).render(messages, random() % 8, pass % 3 ? tools : ""));
      ++rounds;
    }
  }
  EXPECT_GT(rendered, rounds / 20);
}

} // namespace
