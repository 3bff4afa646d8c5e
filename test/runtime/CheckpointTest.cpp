//===- CheckpointTest.cpp - going back, reuse, copies ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The fake program reads its latest ids from a ring of 16 slots with a window of 8, so a ring that was not put back
// changes the answer. Every position that can be returned to must continue as a fresh session would.
//===----------------------------------------------------------------------===//
#include "test/runtime/SessionFixture.h"

namespace {

struct Opened : OpenedModel {
  lap_session *session = nullptr;
  lap_error error{};

  explicit Opened(uint32_t checkpoints = 2) {
    lap_session_options options{};
    options.struct_size = sizeof(options);
    options.threads = 2;
    options.checkpoints = checkpoints;
    EXPECT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
  }
  ~Opened() { lap_session_free(session); }

  void read(const std::vector<int32_t> &ids, size_t from, size_t to) {
    ASSERT_EQ(lap_session_prefill(session, ids.data() + from, to - from, &error), LAP_OK) << error.message;
    ASSERT_EQ(greedy(session), fakeNext(ids.data(), uint32_t(to))) << "after " << to << " ids, from " << from;
  }
  void keep() { ASSERT_EQ(lap_session_checkpoint(session, &error), LAP_OK) << error.message; }
};

} // namespace

TEST(Checkpoint, ReturnsToItsPositionAndJustBehindIt) {
  const auto ids = someIds(60, 1);
  for (uint32_t target = 0; target <= 20; ++target) { // the fake's ring can go back 9 tokens
    Opened o;
    o.read(ids, 0, 20);
    o.keep();
    o.read(ids, 20, 55);
    const bool near = target == 0 || target >= 11;
    ASSERT_EQ(lap_session_rewind(o.session, target, &o.error), near ? LAP_OK : LAP_INVALID_ARGUMENT) << target;
    if (near) {
      o.read(ids, target, 60);
    }
  }
}

TEST(Checkpoint, TwoStepsBackAreNoFurtherThanOne) {
  const auto ids = someIds(40, 2); // the ring holds 16 positions, whatever the position is now
  Opened o(0);
  o.read(ids, 0, 40);
  ASSERT_EQ(lap_session_rewind(o.session, 33, nullptr), LAP_OK);
  EXPECT_EQ(lap_session_rewind(o.session, 26, &o.error), LAP_INVALID_ARGUMENT);
  ASSERT_EQ(lap_session_rewind(o.session, 31, nullptr), LAP_OK);
  o.read(ids, 31, 32);
  EXPECT_EQ(lap_session_rewind(o.session, 30, &o.error), LAP_INVALID_ARGUMENT);
  o.read(ids, 32, 40);
}

TEST(Checkpoint, OtherTokensBehindItKeepItAndOtherTokensBeforeItEndIt) {
  const auto ids = someIds(60, 3), others = someIds(60, 4);
  Opened o(3);
  o.read(ids, 0, 12);
  o.keep();
  o.read(ids, 12, 30);
  o.keep();
  ASSERT_EQ(lap_session_rewind(o.session, 12, nullptr), LAP_OK);
  auto mixed = ids;
  std::copy(others.begin() + 12, others.end(), mixed.begin() + 12);
  o.read(mixed, 12, 55);
  EXPECT_EQ(lap_session_rewind(o.session, 30, nullptr), LAP_INVALID_ARGUMENT); // was of the old tokens
  ASSERT_EQ(lap_session_rewind(o.session, 12, nullptr), LAP_OK);
  o.read(ids, 12, 33);
}

TEST(Checkpoint, TheLeastRecentlyUsedIsGivenUp) {
  const auto ids = someIds(64, 5);
  Opened o(2);
  o.read(ids, 0, 12);
  o.keep();
  o.read(ids, 12, 25);
  o.keep();
  ASSERT_EQ(lap_session_rewind(o.session, 12, nullptr), LAP_OK); // used
  ASSERT_EQ(lap_session_rewind(o.session, 12, nullptr), LAP_OK);
  o.read(ids, 12, 40); // ends the one at 25
  o.keep();
  o.read(ids, 40, 60);
  o.keep(); // in place of the one at 12
  EXPECT_EQ(lap_session_rewind(o.session, 12, nullptr), LAP_INVALID_ARGUMENT);
  ASSERT_EQ(lap_session_rewind(o.session, 40, nullptr), LAP_OK);
  o.read(ids, 40, 64);
}

TEST(Checkpoint, ReusableIsTheLongestCommonStartThatCanBeReachedAndLeavesOneTokenToRead) {
  const auto ids = someIds(60, 6);
  Opened o;
  o.read(ids, 0, 20);
  o.keep();
  o.read(ids, 20, 50);
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 60), 50u);
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 50), 49u);
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 30), 20u); // 29 is neither in the ring nor at a checkpoint
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 20), 19u);
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 5), 0u);
  EXPECT_EQ(lap_session_reusable(o.session, ids.data(), 0), 0u);
  auto other = ids;
  other[45] = 1;
  EXPECT_EQ(lap_session_reusable(o.session, other.data(), 60), 45u);
  other[15] = 1;
  EXPECT_EQ(lap_session_reusable(o.session, other.data(), 60), 15u);
  ASSERT_EQ(lap_session_rewind(o.session, 15, nullptr), LAP_OK);
  o.read(other, 15, 60);
}

TEST(Checkpoint, ACopyContinuesFromEveryPositionThatCanBeReached) {
  const auto ids = someIds(60, 7), others = someIds(60, 8);
  Opened o;
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.share = o.session;
  lap_session *copy = nullptr;
  ASSERT_EQ(lap_session_create(o.model, &options, &copy, nullptr), LAP_OK);
  o.read(ids, 0, 20);
  o.keep();
  o.read(ids, 20, 50);
  uint32_t copied = 0;
  for (uint32_t position = 0; position <= 51; ++position) {
    const bool reached = position == 0 || (position >= 11 && position <= 20) || (position >= 41 && position <= 50);
    ASSERT_EQ(lap_session_rewind(copy, 0, nullptr), LAP_OK);
    ASSERT_EQ(lap_session_prefill(copy, others.data(), 60, nullptr), LAP_OK);
    ASSERT_EQ(lap_session_copy(copy, o.session, position, &o.error), reached ? LAP_OK : LAP_INVALID_ARGUMENT);
    if (reached) {
      EXPECT_EQ(lap_session_logits(copy, 0), nullptr);
      ASSERT_EQ(lap_session_prefill(copy, ids.data() + position, 60 - position, nullptr), LAP_OK);
      ASSERT_EQ(greedy(copy), fakeNext(ids.data(), 60)) << "from " << position;
      ++copied;
    }
  }
  EXPECT_EQ(copied, 21u);
  o.read(ids, 50, 60); // the original has not noticed
  lap_session_free(copy);
}

TEST(Checkpoint, ACopyNeedsRoomAndTheSameModel) {
  const auto ids = someIds(60, 9);
  Opened from, other;
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.context = 30;
  lap_session *small = nullptr;
  ASSERT_EQ(lap_session_create(from.model, &options, &small, nullptr), LAP_OK);
  from.read(ids, 0, 40);
  EXPECT_EQ(lap_session_copy(other.session, from.session, 40, &from.error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_session_copy(from.session, from.session, 40, &from.error), LAP_INVALID_ARGUMENT);
  EXPECT_EQ(lap_session_copy(small, from.session, 40, &from.error), LAP_CONTEXT_FULL);
  lap_session_free(small);
}

TEST(Checkpoint, NeedsRoomForIt) {
  Opened o(0);
  EXPECT_EQ(lap_session_checkpoint(o.session, &o.error), LAP_INVALID_ARGUMENT);
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.checkpoints = 65;
  lap_session *session = nullptr;
  EXPECT_EQ(lap_session_create(o.model, &options, &session, &o.error), LAP_INVALID_ARGUMENT);
}
