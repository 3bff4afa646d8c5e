//===- DraftsTest.cpp - tokens that are read before they are drawn --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A session with drafts must say what one without says, whatever is right or wrong about its guesses and whatever is
// done while some are left. The fake program says another id after every sequence, so a row that was read for other ids
// shows. The ids it is given are the test's, so that they repeat.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "test/runtime/SessionFixture.h"

#include <algorithm>
#include <functional>

namespace {

using Ids = std::vector<int32_t>;

Ids guesses(const Ids &ids, uint32_t most) {
  Ids out(most, -1);
  out.resize(lap::lookUp(ids.data(), uint32_t(ids.size()), out.data(), most));
  return out;
}

struct Drafting : OpenedModel {
  lap_session *session = nullptr;
  lap_error error{};
  Ids ids, given; // ids[i] is given[i] unless a test says otherwise

  explicit Drafting(Ids planned, uint32_t drafts = 7, uint32_t chunk = 0) : given(std::move(planned)) {
    lap_session_options options{};
    options.struct_size = sizeof(options);
    options.threads = 2;
    options.chunk = chunk;
    options.score_rows = 4;
    options.checkpoints = 2;
    options.drafts = drafts;
    EXPECT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
  }
  ~Drafting() { lap_session_free(session); }

  void read(const Ids &more) {
    ASSERT_EQ(lap_session_prefill(session, more.data(), more.size(), &error), LAP_OK) << error.message;
    ids.insert(ids.end(), more.begin(), more.end());
  }
  /// Decodes the next `count` ids and compares what the model says in front of each.
  void write(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(greedy(session), fakeNext(ids.data(), uint32_t(ids.size()))) << "after " << ids.size() << " ids";
      const int32_t id = given[ids.size()];
      ASSERT_EQ(lap_session_decode(session, id, &error), LAP_OK) << error.message;
      ids.push_back(id);
      ASSERT_EQ(lap_session_position(session), ids.size());
      ASSERT_EQ(Ids(lap_session_ids(session), lap_session_ids(session) + ids.size()), ids);
    }
  }
  /// Decodes until a guess is left.
  void writeUntilDrafted() {
    for (int i = 0; i < 40 && session->drafts.left == 0; ++i) {
      write(1);
    }
    ASSERT_GT(session->drafts.left, 0u);
  }
};

/// 20 21 22 23 again and again.
Ids loop() {
  Ids ids;
  for (int32_t i = 0; i < FakeContext; ++i) {
    ids.push_back(20 + i % 4);
  }
  return ids;
}

const Ids start = {20, 21};

} // namespace

TEST(Drafts, AreWhatFollowedTheLongestMatch) {
  EXPECT_EQ(guesses({}, 4), Ids());
  EXPECT_EQ(guesses({7}, 4), Ids());
  EXPECT_EQ(guesses({7, 7}, 4), Ids()) << "one id is no match";
  EXPECT_EQ(guesses({1, 2, 3, 9, 1, 2}, 3), Ids({3, 9, 1}));
  EXPECT_EQ(guesses({1, 2, 3, 8, 1, 2, 4, 9, 1, 2}, 2), Ids({4, 9})) << "the latest of two";
  EXPECT_EQ(guesses({8, 1, 2, 3, 9, 1, 2, 4, 8, 1, 2}, 1), Ids({3})) << "the longer of two";
  EXPECT_EQ(guesses({5, 6, 5, 6}, 5), Ids({5, 6, 5, 6, 5})) << "what is guessed goes on";
  EXPECT_EQ(guesses({1, 2, 3, 9, 1, 2}, 0), Ids());
}

TEST(Drafts, ChangeNothingThatIsSaid) {
  for (uint32_t drafts : {0, 1, 3, 7, 15}) {
    for (uint32_t chunk : {1, 2, 3, 8}) {
      Drafting plain(someIds(FakeContext, 0), drafts, chunk); // nothing repeats
      plain.read({plain.given[0]});
      plain.write(50);
      EXPECT_EQ(plain.session->drafts.guessed, 0u);
      Drafting repeated(loop(), drafts, chunk);
      repeated.read(start);
      repeated.write(50);
      EXPECT_EQ(repeated.session->drafts.right > 10, drafts != 0 && chunk != 1) << drafts << ", chunk " << chunk;
    }
  }
}

TEST(Drafts, WrongOnesLeaveNoTrace) {
  Ids ids = loop();
  for (size_t i = 11; i < ids.size(); i += 5) { // guesses are wrong at their end, in the middle, at once
    ids[i] = 30 + int32_t(i);
  }
  for (uint32_t drafts : {1, 2, 5, 7}) {
    Drafting d(ids, drafts);
    d.read(start);
    d.write(60);
    EXPECT_GT(d.session->drafts.right, 0u);
    EXPECT_LT(d.session->drafts.right, d.session->drafts.guessed);
  }
}

TEST(Drafts, EndWithTheContext) {
  Drafting d(loop());
  d.read(start);
  d.write(FakeContext - 2);
  EXPECT_EQ(lap_session_decode(d.session, 3, &d.error), LAP_CONTEXT_FULL);
  EXPECT_EQ(lap_session_position(d.session), uint32_t(FakeContext));
}

TEST(Drafts, OtherCallsMayComeBetween) {
  const std::vector<std::function<void(Drafting &)>> calls = {
      [](Drafting &d) { d.read({9, 10, 11}); },
      [](Drafting &d) {
        const Ids more = {9, 10};
        ASSERT_EQ(lap_session_extend(d.session, more.data(), 2, &d.error), LAP_OK);
        d.ids.insert(d.ids.end(), more.begin(), more.end());
        d.read({11});
      },
      [](Drafting &d) {
        const Ids more = {20, 9, 10};
        ASSERT_EQ(lap_session_score(d.session, more.data(), 3, &d.error), LAP_OK);
        EXPECT_NE(lap_session_logits(d.session, 2), nullptr);
        d.ids.insert(d.ids.end(), more.begin(), more.end());
      },
      [](Drafting &d) {
        d.ids.resize(d.ids.size() - 2);
        ASSERT_EQ(lap_session_rewind(d.session, uint32_t(d.ids.size()), &d.error), LAP_OK);
        d.read({12});
      },
      [](Drafting &d) { ASSERT_EQ(lap_session_rewind(d.session, uint32_t(d.ids.size()), &d.error), LAP_OK); },
      [](Drafting &d) {
        ASSERT_EQ(lap_session_checkpoint(d.session, &d.error), LAP_OK);
        const Ids kept = d.ids;
        d.write(20);
        ASSERT_EQ(lap_session_rewind(d.session, uint32_t(kept.size()), &d.error), LAP_OK) << d.error.message;
        d.ids = kept;
        d.read({13});
      },
      [](Drafting &d) {
        TemporaryFile file("drafts");
        ASSERT_EQ(lap_session_save(d.session, file.path.c_str(), &d.error), LAP_OK) << d.error.message;
        ASSERT_EQ(lap_session_load(d.session, file.path.c_str(), &d.error), LAP_OK) << d.error.message;
        d.read({14});
      },
      [](Drafting &d) { ASSERT_EQ(lap_session_decode(d.session, FakeVocab, &d.error), LAP_INVALID_ARGUMENT); }};
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    Drafting d(loop());
    d.read(start);
    d.writeUntilDrafted();
    calls[i](d);
    d.write(24);
  }
}

TEST(Drafts, OfASessionThatBecomesACopyAreForgotten) {
  Drafting from(loop());
  from.read(start);
  from.writeUntilDrafted();
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.drafts = 7;
  lap_session *to = nullptr;
  ASSERT_EQ(lap_session_create(from.model, &options, &to, &from.error), LAP_OK) << from.error.message;
  const Ids ids = loop();
  ASSERT_EQ(lap_session_prefill(to, ids.data(), 9, &from.error), LAP_OK);
  ASSERT_EQ(lap_session_decode(to, ids[9], &from.error), LAP_OK);
  ASSERT_GT(to->drafts.left, 0u);
  ASSERT_EQ(lap_session_copy(to, from.session, uint32_t(from.ids.size()), &from.error), LAP_OK) << from.error.message;
  EXPECT_EQ(to->drafts.left, 0u);
  std::swap(to, from.session); // the copy goes on, and then the original with its guesses
  from.read({9});
  from.write(20);
  from.ids.resize(lap_session_position(to));
  std::swap(to, from.session);
  from.read({9});
  from.write(20);
  lap_session_free(to);
}

TEST(Drafts, AGroupMakesThemWhileOneSequenceRunsAlone) {
  OpenedModel opened;
  lap_error error{};
  lap_session *sessions[2] = {};
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.threads = 2;
  options.score_rows = 2;
  options.drafts = 5;
  for (lap_session *&session : sessions) {
    ASSERT_EQ(lap_session_create(opened.model, &options, &session, &error), LAP_OK) << error.message;
    options.share = sessions[0];
    ASSERT_EQ(lap_session_prefill(session, start.data(), start.size(), &error), LAP_OK);
  }
  Ids ids[2] = {start, start};
  for (size_t step = 0; step < 30; ++step) { // the second joins for a while
    const size_t count = step >= 10 && step < 20 ? 2 : 1;
    int32_t next[2];
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(greedy(sessions[i]), fakeNext(ids[i].data(), uint32_t(ids[i].size()))) << "sequence " << i;
      next[i] = loop()[ids[i].size()];
      ids[i].push_back(next[i]);
    }
    ASSERT_EQ(lap_session_decode_many(sessions, next, count, &error), LAP_OK) << error.message;
  }
  EXPECT_GT(sessions[0]->drafts.right, 4u);
  EXPECT_EQ(sessions[1]->drafts.guessed, 0u);
  lap_session_free(sessions[1]);
  lap_session_free(sessions[0]);
}

TEST(Drafts, MoreThanSupportedAreRefused) {
  OpenedModel opened;
  lap_error error{};
  lap_session *session = nullptr;
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.drafts = 16;
  EXPECT_EQ(lap_session_create(opened.model, &options, &session, &error), LAP_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "16 drafts asked for, at most 15 are supported");
}
