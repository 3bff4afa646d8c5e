//===- Scheduler.h - many sequences, one model ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One thread owns all sessions (one group, see lap_session_options.share). In turns it lets every running sequence
// decode one token, all in one pass over the weights, and reads one chunk of one prompt; so a long prompt delays others
// by a chunk at most, and new sequences join while others run.
//
// Sessions stay as they are when an answer ends. A prompt that begins like one of them continues from there: in place
// if the session is free and would lose little, in a copy otherwise.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SERVER_SCHEDULER_H
#define LAPIDARY_RUNTIME_SERVER_SCHEDULER_H

#include "runtime/src/server/Generation.h"
#include "runtime/src/server/Metrics.h"
#include "runtime/src/server/Settings.h"
#include "runtime/src/server/Thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace lap::server {

class Scheduler {
public:
  Scheduler(lap_model *model, const Settings &settings, Metrics &metrics)
      : model(model), settings(settings), metrics(metrics) {}
  ~Scheduler();
  Scheduler(const Scheduler &) = delete;
  Scheduler &operator=(const Scheduler &) = delete;

  /// Reserves all sessions and starts the thread. Errors: those of lap_session_create; LAP_INVALID_ARGUMENT when more
  /// sequences at once are asked for than the context has tokens.
  lap_status open(lap_error *error);
  /// Queues sequences, whose ids fit the context; all or none. False: too many wait, or the server stops.
  bool submit(std::vector<Generation> generations);
  /// Takes no more; what runs and waits ends as it may. Returns at once.
  void finish();
  /// Most tokens of one sequence.
  uint32_t context() const { return contextTokens; }

private:
  struct Work {
    Generation generation;
    std::chrono::steady_clock::time_point since;
  };
  /// A session and what it is doing.
  struct Slot {
    lap_session *session = nullptr;
    std::unique_ptr<Work> work; // null: free
    size_t read = 0;            // ids of the prompt in the session
    size_t mark = 0;            // a checkpoint is due there; 0: none
    bool inCall = false;        // generation.call holds
    int32_t next = -1;          // sampled, not yet appended; -1: the prompt is being read
    Usage usage;
    uint64_t used = 0; // turn in which it was last busy
  };

  void run();
  bool waitForWork();
  template <typename Unwanted> void dropWaiting(Unwanted unwanted);
  void admitAll();
  void admit(Work work);
  Slot &place(const std::vector<int32_t> &ids);
  Slot *leastUsedFree();
  void readPrompts();
  void readChunk(Slot &slot);
  void decode();
  void countGuesses();
  lap_status draw(Slot &slot, Token &out, bool *out_complete, lap_error *error);
  void sample(Slot &slot);
  void sampleOrEnd(Slot &slot);
  void end(Slot &slot, Finish finish, const std::string &error = {});
  bool mayContinue(Slot &slot);

  lap_model *model;
  const Settings &settings;
  Metrics &metrics;
  std::vector<Slot> slots; // the lender first
  uint32_t contextTokens = 0, chunkTokens = 0;
  uint64_t turn = 0;
  Thread thread;

  std::mutex mutex; // of what follows
  std::condition_variable wake;
  std::deque<Work> queue;
  bool finishing = false, stopping = false;
};

} // namespace lap::server

#endif // LAPIDARY_RUNTIME_SERVER_SCHEDULER_H
