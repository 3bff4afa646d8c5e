//===- SessionGroupTest.cpp - several sequences in one call ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// On the fake program, whose next id depends on the whole sequence: a row that read another sequence's caches or the
// wrong position would say something else.
//===----------------------------------------------------------------------===//
#include "lapidary/lapidary.h"
#include "test/runtime/SessionFixture.h"

#include <gtest/gtest.h>

namespace {

/// A lender with room for `rows` sequences at once, and sessions that share its threads.
struct Group {
  OpenedModel model;
  lap_error error{};
  std::vector<lap_session *> sessions; // the lender first

  explicit Group(size_t count, uint32_t threads = 2, uint32_t rows = 16) {
    for (size_t i = 0; i < count; ++i) {
      lap_session_options options{};
      options.struct_size = sizeof(options);
      options.threads = threads;
      options.score_rows = i == 0 ? rows : 0;
      options.share = i == 0 ? nullptr : sessions[0];
      sessions.push_back(nullptr);
      EXPECT_EQ(lap_session_create(model.model, &options, &sessions[i], &error), LAP_OK) << error.message;
    }
  }
  ~Group() {
    for (size_t i = sessions.size(); i-- != 0;) {
      lap_session_free(sessions[i]);
    }
  }
};

} // namespace

TEST(SessionGroup, EverySequenceContinuesAsIfItWereAlone) {
  for (uint32_t threads : {1, 2, 5}) {
    Group group(11, threads); // more than fit into one call of the program
    std::vector<std::vector<int32_t>> sequences;
    std::vector<int32_t> next;
    for (size_t i = 0; i < group.sessions.size(); ++i) {
      sequences.push_back(someIds(3 * i + 1, i));
      ASSERT_EQ(lap_session_prefill(group.sessions[i], sequences[i].data(), sequences[i].size(), nullptr), LAP_OK);
      next.push_back(greedy(group.sessions[i]));
      EXPECT_EQ(next[i], fakeNext(sequences[i].data(), uint32_t(sequences[i].size())));
    }
    for (int step = 0; step < 25; ++step) {
      ASSERT_EQ(lap_session_decode_many(group.sessions.data(), next.data(), next.size(), &group.error), LAP_OK)
          << group.error.message;
      for (size_t i = 0; i < group.sessions.size(); ++i) {
        sequences[i].push_back(next[i]);
        next[i] = greedy(group.sessions[i]);
        ASSERT_EQ(next[i], fakeNext(sequences[i].data(), uint32_t(sequences[i].size())))
            << "session " << i << ", step " << step << ", " << threads << " threads";
        ASSERT_EQ(lap_session_position(group.sessions[i]), sequences[i].size());
      }
    }
  }
}

TEST(SessionGroup, RowsEndWhenTheirMemoryIsWrittenAgain) {
  Group group(3);
  const int32_t ids[] = {5, 6, 7};
  ASSERT_EQ(lap_session_decode_many(group.sessions.data(), ids, 3, &group.error), LAP_OK) << group.error.message;
  EXPECT_NE(lap_session_logits(group.sessions[2], 0), nullptr);
  EXPECT_EQ(lap_session_logits(group.sessions[2], 1), nullptr);
  ASSERT_EQ(lap_session_decode_many(group.sessions.data(), ids, 2, nullptr), LAP_OK);
  EXPECT_EQ(lap_session_logits(group.sessions[2], 0), nullptr);
  EXPECT_NE(lap_session_logits(group.sessions[1], 0), nullptr);
  ASSERT_EQ(lap_session_decode(group.sessions[2], 9, nullptr), LAP_OK); // has a row of its own
  EXPECT_NE(lap_session_logits(group.sessions[1], 0), nullptr);
  ASSERT_EQ(lap_session_decode(group.sessions[0], 9, nullptr), LAP_OK);
  EXPECT_EQ(lap_session_logits(group.sessions[1], 0), nullptr);
}

TEST(SessionGroup, RefusesWhatIsNoGroupAndChangesNothing) {
  Group group(3, 1, 2), other(1);
  std::vector<int32_t> ids(FakeContext, 4);
  ids[1] = FakeVocab;
  EXPECT_EQ(lap_session_decode_many(group.sessions.data(), ids.data(), 2, &group.error), LAP_INVALID_ARGUMENT);
  ids[1] = 4;
  EXPECT_EQ(lap_session_decode_many(group.sessions.data(), ids.data(), 3, &group.error), LAP_INVALID_ARGUMENT);
  EXPECT_STREQ(group.error.message, "3 sessions, the one that lends was created for 2 (score_rows)");
  lap_session *twice[] = {group.sessions[1], group.sessions[1]};
  EXPECT_EQ(lap_session_decode_many(twice, ids.data(), 2, &group.error), LAP_INVALID_ARGUMENT);
  lap_session *foreign[] = {group.sessions[0], other.sessions[0]};
  EXPECT_EQ(lap_session_decode_many(foreign, ids.data(), 2, &group.error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_session_decode_many(foreign, ids.data(), 0, &group.error), LAP_INVALID_ARGUMENT);
  ASSERT_EQ(lap_session_prefill(group.sessions[1], ids.data(), FakeContext, nullptr), LAP_OK);
  EXPECT_EQ(lap_session_decode_many(group.sessions.data(), ids.data(), 2, &group.error), LAP_CONTEXT_FULL);
  EXPECT_EQ(lap_session_position(group.sessions[0]), 0u);
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.share = group.sessions[1];
  lap_session *session = nullptr;
  EXPECT_EQ(lap_session_create(group.model.model, &options, &session, &group.error), LAP_INVALID_ARGUMENT);
}
