//===- RequestTest.cpp - bodies of requests -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is accepted, what is refused with which field, and that damaged bodies never do anything but be refused. Run the
// mutations in the asan-ubsan preset to look for memory errors; LAPIDARY_SEED repeats a run.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Request.h"
#include "test/runtime/SessionFixture.h"

#include <gtest/gtest.h>
#include <random>

using namespace lap::server;

namespace {

const std::string Chat = R"({"model":"m","messages":[{"role":"system","content":"s"},)"
                         R"({"role":"user","content":[{"type":"text","text":"ab"},{"type":"text","text":"\u4e2d"}]}],)"
                         R"("temperature":0.5,"top_p":0.9,"top_k":7,"seed":-3,"max_tokens":9,"n":2,"stop":["x","yz"],)"
                         R"("stream":true,"stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":4,)"
                         R"("user":"u","metadata":{"a":[1,2,{"b":null}]}})";
const std::string Text = R"({"prompt":[5,6,7],"max_tokens":3,"logprobs":2,"temperature":0,"stop":"q","echo":false})";

const std::string Shaped =
    R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":)"
    R"("function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"2"}],)"
    R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object",)"
    R"("properties":{"a":{"type":"string","maxLength":5,"pattern":"^[a-z]+$"},"b":{"type":"integer","minimum":-3},)"
    R"("c":{"anyOf":[{"$ref":"#/$defs/d"},{"type":"null"}]}},"required":["a"],"$defs":{"d":{"enum":[1,"x"]}}}}},)"
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":)"
    R"("number"}}}}}]})";

struct Reader {
  OpenedModel opened;
  Settings settings;

  TextRequest chat(const std::string &body) { return readChatRequest(*opened.model, settings, FakeContext, body); }
  TextRequest text(const std::string &body) {
    return readCompletionRequest(*opened.model, settings, FakeContext, body);
  }
};

/// The field and the message of a refusal.
template <typename Read> std::pair<std::string, std::string> refusal(Read read) {
  try {
    read();
  } catch (const ApiError &error) {
    EXPECT_EQ(error.status, 400u);
    return {error.field, error.what()};
  }
  return {"none", "was accepted"};
}

} // namespace

TEST(Request, ReadsEverythingThatChangesTheAnswer) {
  Reader reader;
  std::string body = Chat;
  body.replace(body.find(R"({"role":"system","content":"s"},)"), 32, "");
  const TextRequest request = reader.chat(body);
  EXPECT_FLOAT_EQ(request.sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(request.sampling.top_p, 0.9f);
  EXPECT_EQ(request.sampling.top_k, 7u);
  EXPECT_EQ(request.seed, uint64_t(-3));
  EXPECT_EQ(request.tokens, 9u);
  EXPECT_EQ(request.choices, 2u);
  EXPECT_EQ(request.topLogprobs, 4u);
  EXPECT_TRUE(request.shape.stream && request.shape.streamUsage && request.shape.logprobs && request.shape.chat);
  EXPECT_EQ(request.shape.stops, (std::vector<std::string>{"x", "yz"}));
  EXPECT_EQ(request.ids.size(), std::string("U:ab\xE4\xB8\xAD\nM:").size());
  const TextRequest ids = reader.text(Text);
  EXPECT_EQ(ids.ids, (std::vector<int32_t>{5, 6, 7}));
  EXPECT_EQ(ids.topLogprobs, 2u);
  EXPECT_FALSE(ids.shape.chat);
  EXPECT_EQ(reader.text(R"({"prompt":["ab"]})").ids.size(), 3u); // with bos
}

TEST(Request, LimitsTokensByTheContextTheServerAndTheClient) {
  Reader reader;
  EXPECT_EQ(reader.text(R"({"prompt":[5],"max_tokens":1000})").tokens, uint32_t(FakeContext));
  EXPECT_EQ(reader.text(R"({"prompt":[5]})").tokens, 16u);
  reader.settings.tokens = 4;
  EXPECT_EQ(reader.text(R"({"prompt":[5],"max_tokens":1000})").tokens, 4u);
  EXPECT_NE(refusal([&] {
              reader.text(R"({"prompt":")" + std::string(FakeContext, 'x') + "\"}");
            }).second.find("the prompt has 65 tokens, the context has 64"),
            std::string::npos);
  EXPECT_EQ(refusal([&] { reader.text(R"({"prompt":[]})"); }).first, "prompt");
}

TEST(Request, RefusesByField) {
  Reader reader;
  const std::string start = R"({"messages":[{"role":"user","content":"a"}],)";
  const std::pair<const char *, const char *> cases[] = {{R"("temperature":-0.1)", "temperature"},
                                                         {R"("temperature":1e400)", ""},
                                                         {R"("top_p":1.5)", "top_p"},
                                                         {R"("top_k":1.5)", "top_k"},
                                                         {R"("n":0)", "n"},
                                                         {R"("n":17)", "n"},
                                                         {R"("max_tokens":0)", "max_tokens"},
                                                         {R"("max_tokens":"9")", "max_tokens"},
                                                         {R"("stream":1)", "stream"},
                                                         {R"("stop":[1])", "stop"},
                                                         {R"("stop":"")", "stop"},
                                                         {R"("logit_bias":{"1":2})", "logit_bias"},
                                                         {R"("frequency_penalty":1)", "frequency_penalty"},
                                                         {R"("stream_options":3)", "stream_options"},
                                                         {R"("top_logprobs":2)", "top_logprobs"},
                                                         {R"("logprobs":true,"top_logprobs":21)", "top_logprobs"}};
  for (const auto &[member, field] : cases) {
    const auto [found, message] = refusal([&, text = member] { reader.chat(start + text + "}"); });
    EXPECT_EQ(found, field) << member << ": " << message;
  }
  EXPECT_EQ(refusal([&] { reader.chat(R"({"messages":{}})"); }).first, "messages");
  EXPECT_EQ(refusal([&] { reader.chat(R"({"messages":[{"role":7,"content":"x"}]})"); }).first, "role");
  EXPECT_EQ(refusal([&] { reader.chat(R"({"messages":[3]})"); }).first, "messages[0]");
  EXPECT_EQ(refusal([&] { reader.chat(start + R"("tools":{}})"); }).first, "tools");
  EXPECT_EQ(refusal([&] { reader.chat(start + R"("tool_choice":"required"})"); }).first, "tool_choice");
  EXPECT_EQ(refusal([&] { reader.chat(start + R"("response_format":{"type":"xml"}})"); }).first, "response_format");
  EXPECT_EQ(refusal([&] { reader.text("{\"prompt\":[" + std::to_string(FakeVocab) + "]}"); }).first, "prompt");
  EXPECT_EQ(refusal([&] { reader.text(R"({"prompt":[-1]})"); }).first, "prompt");
  EXPECT_EQ(refusal([&] { reader.text(R"({"prompt":["a","b"]})"); }).first, "prompt");
  EXPECT_EQ(refusal([&] { reader.text(R"({"prompt":"a","suffix":"b"})"); }).first, "suffix");
}

TEST(Request, NestingIsBounded) {
  Reader reader;
  for (const char *open : {"[", "{\"a\":"}) {
    std::string body = "{\"messages\":";
    for (int i = 0; i < 100000; ++i) {
      body += open;
    }
    EXPECT_NE(refusal([&] { reader.chat(body); }).second.find("nested deeper"), std::string::npos);
  }
  EXPECT_NE(refusal([&] { reader.chat("{\"a\":\"" + std::string(1000, '[') + "\"}"); }).first, "none"); // in a text
}

TEST(Request, DamagedBodiesAreRefusedOrRead) {
  Reader reader;
  const char *wanted = std::getenv("LAPIDARY_SEED");
  const uint64_t seed = wanted ? std::strtoull(wanted, nullptr, 0) : 20261125;
  std::printf("seed %llu (LAPIDARY_SEED repeats)\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces = {"null",
                                           "true",
                                           "-1",
                                           "1e999",
                                           "\"",
                                           "{}",
                                           "[]",
                                           "[",
                                           "}",
                                           ",",
                                           ":",
                                           "\\u0000",
                                           "\\ud800",
                                           "\xff",
                                           "99999999999999999999",
                                           "\"role\"",
                                           "\"user\"",
                                           "\"tools\":[]",
                                           "[[[[",
                                           "\"content\":",
                                           "4294967296",
                                           "0.5",
                                           std::string(300, '9')};
  unsigned accepted = 0, refused = 0;
  const std::string bodies[] = {Chat, Text, Shaped};
  for (int round = 0; round < 20000; ++round) {
    const bool text = round % 3 == 1;
    std::string body = bodies[round % 3];
    for (uint64_t edits = 1 + random() % 4; edits != 0; --edits) {
      const size_t at = random() % (body.size() + 1);
      const uint64_t kind = random() % 4;
      if (kind == 0 && at < body.size()) {
        body[at] = static_cast<char>(random());
      } else if (kind == 1) {
        body.erase(at, random() % 9);
      } else if (kind == 2) {
        body.insert(at, pieces[random() % pieces.size()]);
      } else { // another value after a colon
        const size_t colon = body.find(':', at), end = body.find_first_of(",}", colon);
        if (end != std::string::npos) {
          body.replace(colon + 1, end - colon - 1, pieces[random() % pieces.size()]);
        }
      }
    }
    try {
      const TextRequest request = text ? reader.text(body) : reader.chat(body);
      ASSERT_LT(request.ids.size(), size_t(FakeContext));
      ASSERT_GE(request.tokens, 1u);
      ++accepted;
    } catch (const ApiError &error) {
      ASSERT_EQ(error.status, 400u) << error.what();
      ASSERT_NO_THROW((void)Json::parse(errorJson(error)));
      ++refused;
    }
  }
  std::printf("%u accepted, %u refused\n", accepted, refused);
  EXPECT_GT(accepted, 500u);
  EXPECT_GT(refused, 5000u);
}
