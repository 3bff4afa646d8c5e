//===- SessionFileTest.cpp - sessions in files ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What was saved continues as if nothing had happened; every other file is refused with what was found, and the session
// stays as it was.
//===----------------------------------------------------------------------===//
#include "test/runtime/SessionFixture.h"

#include <random>
#include <sys/stat.h>

namespace {

struct Opened : OpenedModel {
  lap_session *session = nullptr;
  lap_error error{};
  TemporaryFile state{"state"};

  explicit Opened(uint32_t context = 0) {
    lap_session_options options{};
    options.struct_size = sizeof(options);
    options.threads = 1;
    options.context = context;
    EXPECT_EQ(lap_session_create(model, &options, &session, &error), LAP_OK) << error.message;
  }
  ~Opened() { lap_session_free(session); }
  void save() { ASSERT_EQ(lap_session_save(session, state.path.c_str(), &error), LAP_OK) << error.message; }
  lap_status load(const std::string &bytes) {
    state.write(bytes);
    return lap_session_load(session, state.path.c_str(), &error);
  }
};

constexpr uint64_t VersionAt = 8, WeightsAt = 16, CachesAt = 48, PositionAt = 96, HeaderBytes = 104;

/// The file with a hash that fits: what a forger would write.
std::string rehashed(std::string bytes) {
  lap::Sha256 hash;
  hash.update(bytes.data(), bytes.size() - 32);
  hash.finish(reinterpret_cast<uint8_t *>(bytes.data() + bytes.size() - 32));
  return bytes;
}

} // namespace

TEST(SessionFile, ContinuesWhereItWasSaved) {
  const auto ids = someIds(60, 1);
  for (size_t length : {size_t(0), size_t(1), size_t(7), size_t(16), size_t(30), size_t(49)}) {
    Opened a, b;
    ASSERT_EQ(lap_session_extend(a.session, ids.data(), length, nullptr), LAP_OK);
    lap_session_seed(a.session, 77);
    a.save();
    ASSERT_EQ(lap_session_prefill(b.session, ids.data() + 3, 40, nullptr), LAP_OK); // something else before
    ASSERT_EQ(lap_session_load(b.session, a.state.path.c_str(), &b.error), LAP_OK) << b.error.message;
    EXPECT_EQ(lap_session_position(b.session), length);
    EXPECT_EQ(lap_session_logits(b.session, 0), nullptr);
    EXPECT_TRUE(std::equal(ids.begin(), ids.begin() + long(length), lap_session_ids(b.session)));
    for (lap_session *session : {a.session, b.session}) {
      ASSERT_EQ(lap_session_prefill(session, ids.data() + length, 11, nullptr), LAP_OK);
    }
    EXPECT_EQ(greedy(b.session), fakeNext(ids.data(), uint32_t(length + 11)));
    lap_sampling warm{sizeof(warm), 5, 1, 0};
    for (int i = 0; i < 20; ++i) { // the random numbers continue too
      int32_t one = -1, two = -2;
      lap_session_sample(a.session, &warm, &one, nullptr);
      lap_session_sample(b.session, &warm, &two, nullptr);
      ASSERT_EQ(one, two);
    }
  }
}

TEST(SessionFile, IsReplacedWholeAndPrivate) {
  const auto ids = someIds(20, 2);
  Opened o;
  o.state.write("old");
  ASSERT_EQ(lap_session_extend(o.session, ids.data(), 20, nullptr), LAP_OK);
  o.save();
  struct stat status;
  ASSERT_EQ(stat(o.state.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(lap_session_save(o.session, "/nonexistent/state", &o.error), LAP_IO_ERROR);
  EXPECT_NE(std::string(o.error.message).find("/nonexistent/state"), std::string::npos) << o.error.message;
  EXPECT_EQ(lap_session_save(o.session, std::string(5000, 'a').c_str(), &o.error), LAP_INVALID_ARGUMENT);
}

TEST(SessionFile, EveryFlippedByteAndEveryCutIsNoticed) {
  const auto ids = someIds(40, 3);
  Opened o;
  ASSERT_EQ(lap_session_extend(o.session, ids.data(), 33, nullptr), LAP_OK);
  o.save();
  const std::string good = o.state.read();
  ASSERT_GT(good.size(), HeaderBytes + 33 * 4 + 32);
  ASSERT_EQ(lap_session_rewind(o.session, 0, nullptr), LAP_OK);
  ASSERT_EQ(lap_session_prefill(o.session, ids.data(), 5, nullptr), LAP_OK);
  for (size_t i = 0; i < good.size(); i += i < HeaderBytes ? 1 : 37) {
    std::string bad = good;
    bad[i] = char(bad[i] ^ 0x10);
    ASSERT_EQ(o.load(bad), LAP_BAD_FILE) << "byte " << i;
    ASSERT_EQ(lap_session_position(o.session), 5u) << "byte " << i;
    ASSERT_EQ(o.load(good.substr(0, i)), LAP_BAD_FILE) << "cut at " << i;
  }
  EXPECT_EQ(o.load(good + "x"), LAP_BAD_FILE);
  EXPECT_EQ(greedy(o.session), fakeNext(ids.data(), 5)); // still there
  EXPECT_EQ(o.load(good), LAP_OK) << o.error.message;
}

TEST(SessionFile, SaysWhatWasFoundAndWhatWasExpected) {
  const auto ids = someIds(40, 4);
  Opened o;
  ASSERT_EQ(lap_session_extend(o.session, ids.data(), 33, nullptr), LAP_OK);
  o.save();
  const std::string good = o.state.read();
  auto message = [&](uint64_t at, char value) {
    std::string bad = good;
    bad[at] = value;
    EXPECT_EQ(o.load(rehashed(bad)), LAP_BAD_FILE);
    return std::string(o.error.message).substr(o.state.path.size());
  };
  EXPECT_EQ(message(0, 'x'), " is not a saved session: it does not start with LAPSTATE");
  EXPECT_EQ(message(VersionAt, 9),
            " is a saved session of version 9 with a header of 104 bytes, expected version 1 and 104 bytes");
  EXPECT_EQ(message(WeightsAt, 0), " was saved by another model: weights 006d8bb5.., this program's are 9f6d8bb5..");
  EXPECT_NE(message(CachesAt, char(good[CachesAt] ^ 1)).find("other caches"), std::string::npos);
  EXPECT_NE(message(PositionAt, 127).find("says it holds 127 tokens"), std::string::npos);
  EXPECT_NE(message(PositionAt, 32).find("it was cut off or damaged"), std::string::npos);
  EXPECT_EQ(lap_session_load(o.session, "/nonexistent", &o.error), LAP_IO_ERROR);
  EXPECT_EQ(lap_session_load(o.session, "/tmp", &o.error), LAP_BAD_FILE);
  EXPECT_EQ(lap_session_load(o.session, "/dev/zero", &o.error), LAP_BAD_FILE);
}

TEST(SessionFile, ForgedIdsAreRefused) {
  const auto ids = someIds(40, 5);
  Opened o;
  ASSERT_EQ(lap_session_extend(o.session, ids.data(), 33, nullptr), LAP_OK);
  o.save();
  std::string bad = o.state.read();
  bad[HeaderBytes + 3] = 0x7f;
  EXPECT_NE(o.load(rehashed(bad)), LAP_OK);
  EXPECT_EQ(lap_session_position(o.session), 0u);
}

TEST(SessionFile, ForgedFilesAreRefusedOrUsable) {
  const char *wanted = std::getenv("LAPIDARY_SEED");
  const uint64_t seed = wanted ? std::strtoull(wanted, nullptr, 0) : 20261125;
  std::printf("seed %llu (LAPIDARY_SEED repeats)\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const auto ids = someIds(40, 7);
  Opened o;
  ASSERT_EQ(lap_session_extend(o.session, ids.data(), 33, nullptr), LAP_OK);
  o.save();
  const std::string good = o.state.read();
  unsigned loaded = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string bad = good;
    for (uint64_t edits = 1 + random() % 4; edits != 0; --edits) {
      const size_t header = CachesAt + 32; // sizes, positions, ids
      const size_t at = random() % 2 ? random() % bad.size() : header + random() % (HeaderBytes + 33 * 4 - header);
      bad[at] = static_cast<char>(random() % 2 ? random() : random() % 64);
    }
    if (random() % 8 == 0) {
      bad.resize(bad.size() - random() % 64);
    }
    if (o.load(rehashed(bad)) == LAP_OK) {
      ++loaded;
      ASSERT_LE(lap_session_position(o.session), 33u);
      lap_session_rewind(o.session, lap_session_position(o.session) / 2, nullptr);
      ASSERT_EQ(lap_session_decode(o.session, 5, nullptr), LAP_OK);
    }
  }
  std::printf("%u of 1000 were loaded\n", loaded);
  EXPECT_GT(loaded, 50u);
  EXPECT_LT(loaded, 950u);
}

TEST(SessionFile, DoesNotFitIntoASmallerContext) {
  const auto ids = someIds(40, 6);
  Opened big, small(20);
  ASSERT_EQ(lap_session_extend(big.session, ids.data(), 33, nullptr), LAP_OK);
  big.save();
  EXPECT_EQ(lap_session_load(small.session, big.state.path.c_str(), &small.error), LAP_CONTEXT_FULL);
}
