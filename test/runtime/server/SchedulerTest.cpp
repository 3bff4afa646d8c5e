//===- SchedulerTest.cpp - many sequences on the fake program -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The fake's next id depends on the whole sequence, so an answer shows whether its session held the right one, whatever
// was reused, copied or computed beside it.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Scheduler.h"
#include "test/runtime/SessionFixture.h"

#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <random>
#include <thread>

using namespace lap::server;

namespace {

struct Recorder : Consumer {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int32_t> ids;
  bool ended = false;
  std::atomic<bool> gone{false};
  Finish finish{};
  Usage usage;
  std::string error;
  size_t enough = SIZE_MAX; // tokens after which it wants no more
  size_t bad = SIZE_MAX;    // tokens after which it throws

  bool token(const Token &token) override {
    std::lock_guard<std::mutex> lock(mutex);
    EXPECT_FALSE(ended);
    ids.push_back(token.id);
    changed.notify_all();
    if (ids.size() == bad) {
      throw std::bad_alloc();
    }
    return ids.size() < enough;
  }
  void end(Finish how, const Usage &used, const std::string &message) override {
    std::lock_guard<std::mutex> lock(mutex);
    EXPECT_FALSE(ended) << "ended twice";
    ended = true, finish = how, usage = used, error = message;
    changed.notify_all();
  }
  bool cancelled() const override { return gone; }
  bool wait(size_t tokens = SIZE_MAX) {
    std::unique_lock<std::mutex> lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return ended || ids.size() >= tokens; });
  }
};

struct Running {
  OpenedModel opened;
  Settings settings;
  Metrics metrics;
  std::unique_ptr<Scheduler> scheduler;

  explicit Running(uint32_t parallel = 3, uint32_t kept = 3, uint32_t waiting = 1000) {
    settings.parallel = parallel, settings.kept = kept, settings.waiting = waiting, settings.threads = 2;
    scheduler = std::make_unique<Scheduler>(opened.model, settings, metrics);
    lap_error error{};
    EXPECT_EQ(scheduler->open(&error), LAP_OK) << error.message;
  }
  Generation make(const std::vector<int32_t> &ids, uint32_t tokens, std::shared_ptr<Recorder> consumer) {
    Generation generation;
    generation.ids = ids;
    generation.sampling = {sizeof(lap_sampling), 0, 1, 0};
    generation.tokens = tokens;
    generation.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    generation.consumer = std::move(consumer);
    return generation;
  }
  std::shared_ptr<Recorder> submit(const std::vector<int32_t> &ids, uint32_t tokens) {
    auto recorder = std::make_shared<Recorder>();
    std::vector<Generation> one;
    one.push_back(make(ids, tokens, recorder));
    EXPECT_TRUE(scheduler->submit(std::move(one)));
    return recorder;
  }
};

std::vector<int32_t> expected(std::vector<int32_t> ids, size_t tokens) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < tokens; ++i) {
    out.push_back(fakeNext(ids.data(), uint32_t(ids.size())));
    ids.push_back(out.back());
  }
  return out;
}

} // namespace

TEST(Scheduler, ManySequencesGetTheirOwnAnswers) {
  Running running;
  std::mt19937 random(1);
  std::vector<std::pair<std::vector<int32_t>, std::shared_ptr<Recorder>>> all;
  for (size_t i = 0; i < 200; ++i) {
    // Prompts share starts of many lengths, some are the same, and some continue an answer.
    auto ids = someIds(45, random() % 4);
    ids.resize(1 + random() % 44);
    const auto tail = someIds(random() % 5, random() % 3 + 10);
    ids.insert(ids.end(), tail.begin(), tail.end());
    if (i % 3 == 2) {
      all[random() % i].second->wait();
    }
    all.emplace_back(ids, running.submit(ids, 1 + random() % 12));
  }
  for (auto &[ids, recorder] : all) {
    ASSERT_TRUE(recorder->wait());
    ASSERT_EQ(recorder->finish, Finish::Length) << recorder->error;
    ASSERT_EQ(recorder->ids, expected(ids, recorder->ids.size()));
    ASSERT_EQ(recorder->usage.prompt, ids.size());
    ASSERT_EQ(recorder->usage.generated, recorder->ids.size());
    ASSERT_LT(recorder->usage.reused, ids.size());
  }
  EXPECT_GT(running.metrics.reusedTokens.load(), 200u);
  EXPECT_EQ(running.metrics.failed.load(), 0u);
  for (int i = 0; i < 2000 && running.metrics.running != 0; ++i) { // the last end has been told, its place follows
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(running.metrics.running, 0u);
}

TEST(Scheduler, ANextTurnReadsOnlyWhatIsNew) {
  Running running(1, 0);
  auto ids = someIds(20, 2);
  for (int turn = 0; turn < 3; ++turn) {
    auto recorder = running.submit(ids, 6);
    ASSERT_TRUE(recorder->wait());
    ASSERT_EQ(recorder->ids, expected(ids, 6));
    if (turn != 0) {
      EXPECT_EQ(recorder->usage.reused, ids.size() - 5); // the answer's last token was never read, and 4 are new
    }
    ids.insert(ids.end(), recorder->ids.begin(), recorder->ids.end());
    ids.insert(ids.end(), {7, 8, 9, 10});
  }
}

TEST(Scheduler, TheSameInstructionsAreReadTwiceAtMost) {
  Running running(1, 3);
  const auto instructions = someIds(40, 5);
  std::vector<uint32_t> reused;
  for (int32_t i = 0; i < 4; ++i) {
    auto ids = instructions;
    ids.insert(ids.end(), {20 + i, 30 + i, 40 + i});
    auto recorder = running.submit(ids, 15); // long enough that the ring forgets the instructions
    ASSERT_TRUE(recorder->wait());
    ASSERT_EQ(recorder->ids, expected(ids, 15));
    reused.push_back(recorder->usage.reused);
  }
  EXPECT_EQ(reused[0], 0u);
  EXPECT_EQ(reused[2], 40u);
  EXPECT_EQ(reused[3], 40u);
}

TEST(Scheduler, EndsWhenTheContextIsFullOrTheConsumerHasEnough) {
  Running running;
  const auto ids = someIds(FakeContext - 3, 3);
  auto full = running.submit(ids, 100);
  ASSERT_TRUE(full->wait());
  EXPECT_EQ(full->finish, Finish::Length);
  EXPECT_EQ(full->ids, expected(ids, 4)); // the last one need not be read
  auto enough = std::make_shared<Recorder>();
  enough->enough = 2;
  std::vector<Generation> one;
  one.push_back(running.make(someIds(3, 1), 30, enough));
  ASSERT_TRUE(running.scheduler->submit(std::move(one)));
  ASSERT_TRUE(enough->wait());
  EXPECT_EQ(enough->finish, Finish::Stop);
  EXPECT_EQ(enough->ids.size(), 2u);
}

TEST(Scheduler, AConsumerThatThrowsEndsAlone) {
  Running running;
  auto bad = std::make_shared<Recorder>();
  bad->bad = 3;
  std::vector<Generation> one;
  one.push_back(running.make(someIds(3, 1), 30, bad));
  auto other = running.submit(someIds(4, 2), 40);
  ASSERT_TRUE(running.scheduler->submit(std::move(one)));
  ASSERT_TRUE(bad->wait());
  ASSERT_TRUE(other->wait());
  EXPECT_EQ(bad->finish, Finish::Failed);
  EXPECT_NE(bad->error.find("bad_alloc"), std::string::npos) << bad->error;
  EXPECT_EQ(other->ids, expected(someIds(4, 2), 40));
}

TEST(Scheduler, CancelledAndLateSequencesMakeRoom) {
  Running running(1, 0);
  auto first = std::make_shared<Recorder>(), late = std::make_shared<Recorder>();
  std::vector<Generation> two;
  two.push_back(running.make(someIds(3, 1), 60, first));
  two.push_back(running.make(someIds(3, 2), 60, late));
  two[1].deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  first->gone = true;
  ASSERT_TRUE(running.scheduler->submit(std::move(two)));
  ASSERT_TRUE(first->wait());
  ASSERT_TRUE(late->wait());
  EXPECT_EQ(first->finish, Finish::Cancelled);
  EXPECT_EQ(late->finish, Finish::Length);
  EXPECT_EQ(late->ids.size(), 0u);
  auto next = running.submit(someIds(5, 1), 4);
  ASSERT_TRUE(next->wait());
  EXPECT_EQ(next->ids, expected(someIds(5, 1), 4));
}

TEST(Scheduler, RefusesBeyondItsQueueAllOrNone) {
  Running running(1, 0, 2);
  std::vector<Generation> three;
  for (int i = 0; i < 3; ++i) {
    three.push_back(running.make(someIds(3, 1), 4, std::make_shared<Recorder>()));
  }
  EXPECT_FALSE(running.scheduler->submit(std::move(three)));
  EXPECT_EQ(running.metrics.promptTokens.load(), 0u);
  running.scheduler->finish();
  std::vector<Generation> one;
  one.push_back(running.make(someIds(3, 1), 4, std::make_shared<Recorder>()));
  EXPECT_FALSE(running.scheduler->submit(std::move(one)));
}

TEST(Scheduler, EveryConsumerIsToldWhenTheSchedulerGoes) {
  std::vector<std::shared_ptr<Recorder>> recorders;
  {
    Running running(2, 0);
    for (size_t i = 0; i < 8; ++i) {
      recorders.push_back(running.submit(someIds(40, i), 24));
    }
  }
  for (auto &recorder : recorders) {
    EXPECT_TRUE(recorder->ended);
  }
}
