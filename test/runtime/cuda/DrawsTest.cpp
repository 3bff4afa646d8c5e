//===- DrawsTest.cpp - tokens from logits that stay on the GPU ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sessions of the fake program on the fake GPU, which writes down how many bytes are copied to the host.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "test/runtime/FakeProgram.h"
#include "test/runtime/SessionFixture.h"

#include "lapidary/GpuAbi.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace {

constexpr uint64_t RowBytes = FakeVocabPadded * sizeof(float), FoundBytes = sizeof(lap_found_row);

struct Counted : OpenedModel {
  TemporaryFile log{"cuda-log"};
  lap_session *session = nullptr, *other = nullptr;

  explicit Counted(uint32_t scoreRows = 0) {
    lap_error error{};
    lap_session_options options{};
    options.struct_size = sizeof(options), options.score_rows = scoreRows;
    EXPECT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
    options.share = session, options.score_rows = 0;
    EXPECT_EQ(lap_session_create(model, &options, &other, &error), LAP_OK) << error.message;
    setenv("FAKE_CUDA_LOG", log.path.c_str(), 1);
  }
  ~Counted() {
    unsetenv("FAKE_CUDA_LOG");
    lap_session_free(other);
    lap_session_free(session);
  }

  void read(lap_session *to, size_t count) {
    const std::vector<int32_t> ids = someIds(count, 3);
    lap_error error{};
    ASSERT_EQ(lap_session_prefill(to, ids.data(), count, &error), LAP_OK) << error.message;
  }
  int32_t draw(lap_session *from, lap_sampling sampling, const uint64_t *allowed = nullptr) {
    int32_t id = -1;
    lap_error error{};
    EXPECT_EQ(lap::drawToken(*from, sampling, allowed, &id, &error), LAP_OK) << error.message;
    return id;
  }
  /// What the sampler draws from the whole row, with the session's random numbers.
  int32_t expected(lap_session *from, lap_sampling sampling, const uint64_t *allowed = nullptr) {
    std::vector<lap::Candidate> scratch(FakeVocab);
    lap::Sampler sampler = from->sampler;
    sampler.scratch = scratch.data();
    return sampler.sample(lap_session_logits(from, 0), sampling, allowed);
  }
  /// Bytes copied to the host since the last time.
  uint64_t copied() {
    std::ifstream in(log.path);
    std::string word;
    uint64_t bytes = 0;
    while (in >> word) {
      uint64_t more = 0;
      if (word == "bytes" && in >> more) {
        bytes += more;
      }
    }
    std::ofstream(log.path, std::ios::trunc);
    return bytes;
  }
};

constexpr lap_sampling Greedy{sizeof(lap_sampling), 0, 1, 0};
constexpr lap_sampling TopK{sizeof(lap_sampling), 1.5f, 0.9f, 5};
constexpr lap_sampling TopP{sizeof(lap_sampling), 0.5f, 0.5f, 0};
constexpr lap_sampling Everything{sizeof(lap_sampling), 1, 1, 0};

} // namespace

TEST(Draws, CopiesWhatIsFoundAndNotTheRow) {
  Counted c;
  c.read(c.session, 5);
  for (int step = 0; step < 20; ++step) {
    const int32_t id = c.draw(c.session, step % 2 ? Greedy : TopK);
    EXPECT_NE(id, FakeSuppressed);
    lap_error error{};
    ASSERT_EQ(lap_session_decode(c.session, id, &error), LAP_OK) << error.message;
  }
  EXPECT_EQ(c.copied(), 21 * FoundBytes);
}

TEST(Draws, HasTheTokensOfTheWholeRow) {
  Counted c;
  unsigned copies = 0;
  for (const lap_sampling &sampling : {Greedy, TopK, TopP, Everything}) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      lap_session_seed(c.session, seed);
      c.read(c.session, 1);
      c.copied();
      lap_session_seed(c.session, seed);
      const int32_t id = c.draw(c.session, sampling);
      copies += c.copied() >= RowBytes;
      lap_session_seed(c.session, seed);
      ASSERT_EQ(id, c.expected(c.session, sampling)) << sampling.temperature << " " << seed;
    }
    lap_error error{};
    ASSERT_EQ(lap_session_rewind(c.session, 0, &error), LAP_OK) << error.message;
  }
  EXPECT_EQ(copies, 30u); // those of Everything
}

TEST(Draws, CopiesARowOnceWhenItIsAskedFor) {
  Counted c;
  c.read(c.session, 5);
  EXPECT_EQ(c.copied(), FoundBytes);
  const float *row = lap_session_logits(c.session, 0);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row[c.draw(c.session, Greedy)], 8);
  EXPECT_EQ(lap_session_logits(c.session, 0), row);
  EXPECT_EQ(c.copied(), RowBytes);
}

TEST(Draws, ScoresAreCopiedAtOnce) {
  Counted c(8);
  const std::vector<int32_t> ids = someIds(8, 1);
  lap_error error{};
  ASSERT_EQ(lap_session_score(c.session, ids.data(), ids.size(), &error), LAP_OK) << error.message;
  EXPECT_EQ(c.copied(), 8 * RowBytes);
  EXPECT_EQ(c.draw(c.session, Greedy), fakeNext(ids.data(), 8));
  EXPECT_EQ(c.copied(), 0u);
}

TEST(Draws, RowsOutliveTheCallsOfOtherSessions) {
  Counted c;
  c.read(c.session, 5);
  c.read(c.other, 9); // writes where the lender's row was
  EXPECT_EQ(c.copied(), 2 * FoundBytes + RowBytes);
  const std::vector<int32_t> ids = someIds(9, 3);
  EXPECT_EQ(lap_session_logits(c.session, 0)[fakeNext(ids.data(), 5)], 8);
  EXPECT_EQ(lap_session_logits(c.other, 0)[fakeNext(ids.data(), 9)], 8);
  EXPECT_EQ(c.draw(c.session, Greedy), fakeNext(ids.data(), 5));
  EXPECT_EQ(c.draw(c.other, Greedy), fakeNext(ids.data(), 9));
  EXPECT_EQ(c.copied(), RowBytes);
}

TEST(Draws, RowsOfSeveralSequencesAreFoundTogether) {
  Counted c(2);
  c.read(c.session, 5);
  c.read(c.other, 9);
  c.copied();
  lap_session *sessions[] = {c.session, c.other};
  const int32_t ids[] = {7, 8};
  for (int step = 0; step < 3; ++step) {
    lap_error error{};
    ASSERT_EQ(lap_session_decode_many(sessions, ids, 2, &error), LAP_OK) << error.message;
    for (lap_session *session : sessions) {
      EXPECT_EQ(c.draw(session, Greedy), fakeNext(lap_session_ids(session), lap_session_position(session)));
    }
    EXPECT_EQ(c.copied(), 2 * FoundBytes + (step == 0 ? RowBytes : 0)); // first, the row that `other` had
  }
}

TEST(Draws, LooksForWhatAConstraintAllows) {
  Counted c;
  for (uint32_t every : {2u, 5u, 60u, 200u}) {
    std::vector<uint64_t> allowed((FakeVocab + 63) / 64);
    for (uint32_t id = FakeSuppressed % every; id < FakeVocab; id += every) {
      allowed[id / 64] |= uint64_t(1) << id % 64;
    }
    for (const lap_sampling &sampling : {Greedy, TopK, TopP}) {
      lap_error error{};
      ASSERT_EQ(lap_session_rewind(c.session, 0, &error), LAP_OK) << error.message;
      c.read(c.session, 4);
      c.copied();
      lap_session_seed(c.session, every);
      const int32_t id = c.draw(c.session, sampling, allowed.data());
      const uint64_t besides = c.copied() % FoundBytes;
      EXPECT_TRUE(besides == 0 || sampling.top_p == TopP.top_p)
          << besides; // a flat nucleus may be larger than what is found
      lap_session_seed(c.session, every);
      EXPECT_EQ(id, c.expected(c.session, sampling, allowed.data())) << every;
      EXPECT_TRUE(id == -1 || id % every == FakeSuppressed % every) << id;
    }
  }
}

TEST(Draws, ASessionThatEndsTakesItsRowsAlong) {
  Counted c;
  c.read(c.other, 5);
  lap_session_free(c.other);
  c.other = nullptr;
  c.read(c.session, 5);
  EXPECT_GE(c.draw(c.session, Greedy), 0);
}
