//===- ConversationTest.cpp - conversations of the C API ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// On the fake program: its template writes U:text\n and M:text\n, every byte is a token, and the next token is a
// function of the whole sequence. So an answer says whether the session held the right prompt.
//===----------------------------------------------------------------------===//
#include "lapidary/lapidary.h"
#include "test/runtime/TestFiles.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

struct ConversationTest : testing::Test {
  TemporaryFile weights{"conversation-weights"};
  lap_model *model = nullptr;
  lap_session *session = nullptr;
  lap_chat *chat = nullptr;
  lap_error error;
  lap_sampling greedy{sizeof(lap_sampling), 0, 1, 0};

  void SetUp() override {
    weights.write(goodFile());
    lap_model_options options{sizeof(options), weights.path.c_str()};
    ASSERT_EQ(lap_model_open(&options, &model, &error), LAP_OK) << error.message;
    lap_session_options sessionOptions{};
    sessionOptions.struct_size = sizeof(sessionOptions);
    sessionOptions.threads = 1;
    ASSERT_EQ(lap_session_create(model, &sessionOptions, &session, &error), LAP_OK) << error.message;
    ASSERT_EQ(lap_chat_create(session, nullptr, &chat, &error), LAP_OK) << error.message;
  }
  void TearDown() override {
    fakeScript.count = 0;
    lap_chat_free(chat);
    lap_session_free(session);
    lap_model_close(model);
  }

  void say(const std::string &text, const char *role = "user") {
    ASSERT_EQ(lap_chat_add(chat, role, text.data(), text.size(), &error), LAP_OK) << error.message;
  }
  /// The answer's text; its end in `why`.
  std::string answer(uint32_t tokens, std::vector<const char *> stops = {}) {
    lap_answer_options options{sizeof(options), &greedy, stops.data(), uint32_t(stops.size()), tokens, 0, nullptr};
    if (lap_chat_answer(chat, &options, &error) != LAP_OK) {
      ADD_FAILURE() << error.message;
      return "";
    }
    return pull();
  }
  std::string pull() {
    std::string text;
    lap_chat_event event{};
    do {
      if (lap_chat_next(chat, &event, &error) != LAP_OK) {
        ADD_FAILURE() << error.message;
        return text;
      }
      EXPECT_EQ(event.text[event.bytes], 0);
      text += event.kind == LAP_CHAT_TEXT ? std::string(event.text, event.bytes) : "";
      prompts += event.kind == LAP_CHAT_PROMPT;
    } while (event.kind != LAP_CHAT_END);
    why = event.text;
    return text;
  }
  /// Makes the model say these ids behind the prompt of `text`, which is U:text\nM:.
  void script(const std::string &text, const std::vector<int32_t> &ids) {
    fakeScript.start = uint32_t(text.size() + 5);
    fakeScript.count = uint32_t(ids.size());
    std::copy(ids.begin(), ids.end(), fakeScript.ids);
  }
  std::string messages() {
    size_t bytes = 0;
    const char *json = lap_chat_messages(chat, &bytes);
    return std::string(json, bytes);
  }
  lap_chat_usage usage() {
    lap_chat_usage counts{};
    counts.struct_size = sizeof(counts);
    EXPECT_EQ(lap_chat_get_usage(chat, &counts, &error), LAP_OK);
    return counts;
  }
  /// What a new session answers to the same messages.
  std::string freshAnswer(uint32_t tokens) {
    std::string all = messages();
    lap_chat_free(chat);
    lap_session_rewind(session, 0, &error);
    EXPECT_EQ(lap_chat_create(session, nullptr, &chat, &error), LAP_OK);
    EXPECT_EQ(lap_chat_add_json(chat, all.data(), all.size(), &error), LAP_OK) << error.message;
    return answer(tokens);
  }
  std::string why;
  int prompts = 0;
};

TEST_F(ConversationTest, ReadsOnlyWhatIsNew) {
  say("hello there");
  answer(4);
  EXPECT_EQ(why, "length");
  EXPECT_EQ(usage().prompt_tokens, 16u); // U:hello there\n and M:
  EXPECT_EQ(usage().read_tokens, 16u);
  EXPECT_EQ(usage().answer_tokens, 4u);
  EXPECT_GT(prompts, 0) << "chunks of 8 tokens";
  say("x");
  answer(2);
  EXPECT_LT(usage().read_tokens, usage().prompt_tokens);
}

TEST_F(ConversationTest, AnswersAsAFreshSessionDoes) {
  say("abc");
  answer(3);
  say("d");
  std::string before = messages();
  std::string warm = answer(5);
  lap_chat_clear(chat);
  ASSERT_EQ(lap_chat_add_json(chat, before.data(), before.size(), &error), LAP_OK);
  EXPECT_EQ(freshAnswer(5), warm);
}

TEST_F(ConversationTest, ReadsAgainWhenAMessageChanged) {
  say("first question");
  std::string one = answer(3);
  lap_chat_clear(chat);
  say("other");
  std::string other = answer(3);
  lap_chat_clear(chat);
  say("first question");
  EXPECT_EQ(answer(3), one);
  lap_chat_clear(chat);
  say("other");
  EXPECT_EQ(freshAnswer(3), other);
}

TEST_F(ConversationTest, StopsBeforeAStopText) {
  say("hello");
  std::string whole = answer(6);
  ASSERT_GT(whole.size(), 3u);
  std::string stop = whole.substr(whole.size() / 2, 3);
  lap_chat_clear(chat);
  say("hello");
  EXPECT_EQ(answer(6, {"never there", stop.c_str()}), whole.substr(0, whole.find(stop)));
  EXPECT_EQ(why, "stop");
}

std::vector<int32_t> bytesOf(const std::string &text) {
  std::vector<int32_t> ids;
  for (unsigned char c : text) {
    ids.push_back(FakeFirstByte + c);
  }
  return ids;
}

std::vector<int32_t> operator+(std::vector<int32_t> a, const std::vector<int32_t> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(ConversationTest, KeepsCallsAndThoughtsAsMessages) {
  std::vector<int32_t> thought =
      std::vector<int32_t>{FakeChannelOpen} + bytesOf("thought\nhm") + std::vector<int32_t>{FakeChannelClose};
  std::vector<int32_t> call = std::vector<int32_t>{FakeCallOpen} + bytesOf("call:f{a:") +
                              std::vector<int32_t>{FakeQuote} + bytesOf("x") + std::vector<int32_t>{FakeQuote} +
                              bytesOf("}") + std::vector<int32_t>{FakeCallClose};
  script("hi", thought + bytesOf("ok") + call + std::vector<int32_t>{FakeEos});
  say("hi");
  EXPECT_EQ(answer(0), "ok");
  EXPECT_EQ(why, "calls");
  EXPECT_EQ(messages(),
            R"([{"role":"user","content":"hi"},{"role":"assistant","content":"ok","reasoning_content":"hm",)"
            R"("tool_calls":[{"id":"call_2_0","type":"function","function":{"name":"f","arguments":{"a":"x"}}}]}])");
}

TEST_F(ConversationTest, EndsAThoughtWhenItsTokensAreSpent) {
  std::vector<int32_t> words = std::vector<int32_t>{FakeChannelOpen} + bytesOf("thought\nabcdefghij");
  script("hi", words);
  say("hi");
  lap_answer_options options{sizeof(options), &greedy, nullptr, 0, 22, 12, nullptr};
  ASSERT_EQ(lap_chat_answer(chat, &options, &error), LAP_OK);
  std::string text = pull();
  EXPECT_NE(messages().find("\"reasoning_content\":\"abcd\""), std::string::npos) << messages();
  EXPECT_FALSE(text.empty()) << "what follows the thought is the answer";
  EXPECT_EQ(why, "length");
}

TEST_F(ConversationTest, EndsWithTheContext) {
  say(std::string(50, 'x'));
  answer(0);
  EXPECT_EQ(why, "context");
  EXPECT_EQ(lap_session_position(session), 64u);
  lap_answer_options options{sizeof(options), &greedy, nullptr, 0, 3, 0, nullptr};
  say(std::string(50, 'y'));
  EXPECT_EQ(lap_chat_answer(chat, &options, &error), LAP_CONTEXT_FULL);
  EXPECT_NE(std::string(error.message).find("but the context only 64"), std::string::npos) << error.message;
  lap_chat_clear(chat);
  say("x");
  answer(3);
  EXPECT_EQ(why, "length");
}

TEST_F(ConversationTest, CanBeCancelledAtAnyTime) {
  for (int after = 0; after < 8; ++after) {
    lap_chat_clear(chat);
    say("a question of some length");
    lap_answer_options options{sizeof(options), &greedy, nullptr, 0, 20, 0, nullptr};
    ASSERT_EQ(lap_chat_answer(chat, &options, &error), LAP_OK);
    lap_chat_event event{};
    for (int i = 0; i < after; ++i) {
      ASSERT_EQ(lap_chat_next(chat, &event, &error), LAP_OK);
    }
    lap_chat_cancel(chat);
    pull();
    EXPECT_EQ(why, "cancelled");
    bool said = usage().answer_tokens > 0;
    EXPECT_EQ(messages().find("assistant") != std::string::npos, said) << after;
  }
}

/// A session that returns to a checkpoint, or comes from a file, answers as one that reads everything.
TEST_F(ConversationTest, ReadsLittleAgainWithACheckpoint) {
  lap_chat_free(chat);
  lap_session_free(session);
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.threads = 1, options.checkpoints = 2;
  ASSERT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
  ASSERT_EQ(lap_chat_create(session, nullptr, &chat, &error), LAP_OK) << error.message;
  say("some words here");
  answer(12);
  lap_chat_clear(chat);
  say("some words here");
  std::string warm = answer(12);
  EXPECT_EQ(usage().read_tokens, 1u) << "the prompt is known but for the one token that gives logits";
  lap_session_rewind(session, 0, &error);
  lap_chat_clear(chat);
  say("some words here");
  EXPECT_EQ(answer(12), warm);
}

TEST_F(ConversationTest, GoesOnFromAFile) {
  TemporaryFile file("conversation-session");
  say("some words");
  answer(3);
  std::string saved = messages();
  ASSERT_EQ(lap_session_save(session, file.path.c_str(), &error), LAP_OK) << error.message;
  say("x");
  std::string expected = answer(3);
  lap_chat_clear(chat);
  lap_session_rewind(session, 0, &error);
  ASSERT_EQ(lap_session_load(session, file.path.c_str(), &error), LAP_OK) << error.message;
  ASSERT_EQ(lap_chat_add_json(chat, saved.data(), saved.size(), &error), LAP_OK);
  say("x");
  EXPECT_EQ(answer(3), expected);
  EXPECT_LT(usage().read_tokens, usage().prompt_tokens);
}

TEST_F(ConversationTest, RefusesWhatMakesNoSense) {
  lap_chat_event event;
  EXPECT_EQ(lap_chat_next(chat, &event, &error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_chat_answer(chat, nullptr, &error), LAP_INVALID_ARGUMENT); // no messages
  EXPECT_EQ(lap_chat_add_json(chat, "no", 2, &error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_chat_add_json(chat, "[]", 2, &error), LAP_OK);
  EXPECT_EQ(lap_chat_add_json(chat, "{broken}", 8, &error), LAP_OK);
  EXPECT_EQ(lap_chat_answer(chat, nullptr, &error), LAP_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("the messages: byte"), std::string::npos) << error.message;
  lap_chat_drop(chat);
  EXPECT_EQ(messages(), "[]");
  say("x", "system");
  EXPECT_EQ(lap_chat_answer(chat, nullptr, &error), LAP_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("refuses this conversation: no system instruction"), std::string::npos);
}

} // namespace
