//===- AnswerTest.cpp - stop texts, probabilities, JSON -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The parts from which answers are made.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/AnswerJson.h"
#include "runtime/src/server/Logprobs.h"
#include "runtime/src/server/StopText.h"
#include "test/runtime/SessionFixture.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace lap::server;

namespace {

/// The text in pieces of every size up to 5, each through a matcher of its own.
std::vector<std::string> inPieces(const std::string &text, const std::vector<std::string> &stops, bool *out_found) {
  std::vector<std::string> results;
  for (size_t size = 1; size <= 5; ++size) {
    StopText stop(stops);
    std::string out;
    for (size_t at = 0; at < text.size(); at += size) {
      out += stop.push(text.substr(at, size));
    }
    out += stop.finish();
    *out_found = stop.found();
    results.push_back(out);
  }
  return results;
}

} // namespace

TEST(StopText, EndsBeforeTheFirstStopHoweverTheTextIsCut) {
  bool found = false;
  for (const std::string &out : inPieces("one two three", {"three", "two"}, &found)) {
    EXPECT_EQ(out, "one ");
    EXPECT_TRUE(found);
  }
  for (const std::string &out : inPieces("aaab aab", {"aab"}, &found)) {
    EXPECT_EQ(out, "a");
  }
  for (const std::string &out : inPieces("one two thre", {"three", "four"}, &found)) {
    EXPECT_EQ(out, "one two thre"); // what was held back comes at the end
    EXPECT_FALSE(found);
  }
  for (const std::string &out : inPieces("anything", {}, &found)) {
    EXPECT_EQ(out, "anything");
  }
}

TEST(StopText, HoldsBackOnlyWhatCouldBeAStop) {
  StopText stop({"END."});
  EXPECT_EQ(stop.push("the E"), "the ");
  EXPECT_EQ(stop.push("agle EN"), "Eagle ");
  EXPECT_EQ(stop.push("D. more"), "");
  EXPECT_TRUE(stop.found());
  EXPECT_EQ(stop.push("never"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(Logprobs, AreNormalisedAndInOrder) {
  const std::vector<float> logits = {1, 3, 3, -std::numeric_limits<float>::infinity(), 2};
  Token token;
  token.id = 4;
  findLogprobs(logits.data(), 5, 3, token);
  const double sum = std::exp(1.0) + 2 * std::exp(3.0) + std::exp(2.0);
  EXPECT_NEAR(token.logprob, 2 - std::log(sum), 1e-6);
  ASSERT_EQ(token.top.size(), 3u);
  EXPECT_EQ(token.top[0].id, 1); // of equal ones the lower id first
  EXPECT_EQ(token.top[1].id, 2);
  EXPECT_EQ(token.top[2].id, 4);
  EXPECT_NEAR(token.top[0].logprob, 3 - std::log(sum), 1e-6);
  findLogprobs(logits.data(), 5, 20, token);
  EXPECT_EQ(token.top.size(), 5u);
  findLogprobs(logits.data(), 5, 0, token);
  EXPECT_TRUE(token.top.empty());
}

TEST(AnswerJson, PartsOfCharactersAndImpossibleTokensAreStillJson) {
  OpenedModel opened;
  AnswerShape shape;
  shape.logprobs = true;
  ChoiceText text;
  text.text = "\xE4";
  Token token;
  token.id = FakeFirstByte + 0xE4;
  token.logprob = -1;
  token.top = {{FakeFirstByte + 'a', -std::numeric_limits<float>::infinity()}};
  text.tokens = {token};
  for (bool chat : {true, false}) {
    shape.chat = chat;
    const std::string json =
        written(answerJson(shape, Json::array({choiceJson(*opened.model, shape, 0, text, "stop")})));
    EXPECT_NO_THROW((void)Json::parse(json)) << json;
    EXPECT_NE(json.find("-9999.0"), std::string::npos) << json;
    EXPECT_NE(json.find("\xEF\xBF\xBD"), std::string::npos) << json;
  }
}

TEST(AnswerJson, ToolCallsHaveAnIndexInPartsOnly) {
  OpenedModel opened;
  AnswerShape shape;
  ChoiceText text;
  text.calls = {{0, "call_1", "weather", "{\"city\":\"Bern\"}"}};
  const Json whole = choiceJson(*opened.model, shape, 0, text, "tool_calls");
  EXPECT_TRUE(whole["message"]["content"].is_null());
  EXPECT_EQ(whole["message"]["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Bern\"}");
  EXPECT_FALSE(whole["message"]["tool_calls"][0].contains("index"));
  const Json part = deltaJson(*opened.model, shape, 0, text, nullptr, false);
  EXPECT_EQ(part["delta"]["tool_calls"][0]["index"], 0);
  EXPECT_FALSE(part["delta"].contains("role"));
  EXPECT_TRUE(part["finish_reason"].is_null());
}
