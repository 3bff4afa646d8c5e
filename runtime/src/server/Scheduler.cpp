//===- Scheduler.cpp - many sequences, one model --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Scheduler.h. Placement.cpp chooses the session of a prompt, Turn.cpp computes.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Scheduler.h"

#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <algorithm>

namespace lap::server {

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t CheckpointBytes = uint64_t(64) << 20; // of one session, about
constexpr uint64_t FewestKept = 2, MostKept = 8;         // positions: where prompts part, and where the last one ended

uint32_t checkpointsOf(const lap_model &model) {
  const uint64_t bytes = model.caches.ringBytes();
  return static_cast<uint32_t>(bytes == 0 ? 1 : std::clamp(CheckpointBytes / bytes, FewestKept, MostKept));
}

} // namespace

Scheduler::~Scheduler() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  thread.join();
  for (size_t i = slots.size(); i-- != 0;) {
    lap_session_free(slots[i].session);
  }
}

lap_status Scheduler::open(lap_error *error) {
  lap_session_options options{};
  options.struct_size = sizeof(options);
  options.threads = settings.threads;
  options.context = settings.context;
  options.chunk = settings.chunk;
  options.score_rows = settings.parallel;
  options.checkpoints = checkpointsOf(*model);
  options.drafts = settings.drafts;
  slots.resize(settings.parallel + settings.kept);
  uint64_t bytes = 0; // a session checks what it needs itself, but none is in use yet
  for (Slot &slot : slots) {
    lap_status status = lap_session_create(model, &options, &slot.session, error);
    if (status == LAP_OK) {
      bytes += processBytes(slot.session->plan);
      status = checkMemory(bytes, "all conversations (see --parallel and --kept)", error);
    }
    if (status != LAP_OK) {
      return status;
    }
    options.score_rows = 0;
    options.share = slots[0].session;
  }
  contextTokens = lap_session_context(slots[0].session);
  if (contextTokens < settings.parallel) {
    return fail(error, LAP_INVALID_ARGUMENT, "--parallel %u is more than the context of %u tokens", settings.parallel,
                contextTokens);
  }
  chunkTokens = slots[0].session->chunk;
  return thread.start([this] { run(); }) ? LAP_OK : fail(error, LAP_OUT_OF_MEMORY, "cannot start a thread");
}

bool Scheduler::submit(std::vector<Generation> generations) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (finishing || stopping || queue.size() + generations.size() > settings.waiting) {
      return false;
    }
    for (Generation &generation : generations) {
      queue.push_back({std::move(generation), Clock::now()});
    }
    metrics.waiting = static_cast<uint32_t>(queue.size());
  }
  wake.notify_one();
  return true;
}

void Scheduler::finish() {
  std::lock_guard<std::mutex> lock(mutex);
  finishing = true;
}

bool Scheduler::waitForWork() {
  std::unique_lock<std::mutex> lock(mutex);
  if (metrics.running == 0) {
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
  }
  return !stopping;
}

template <typename Unwanted> void Scheduler::dropWaiting(Unwanted unwanted) {
  std::vector<Work> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto at = queue.begin(); at != queue.end();) {
      if (unwanted(*at)) {
        dropped.push_back(std::move(*at));
        at = queue.erase(at);
      } else {
        ++at;
      }
    }
    metrics.waiting = static_cast<uint32_t>(queue.size());
  }
  for (Work &work : dropped) {
    ++metrics.cancelled;
    work.generation.consumer->end(Finish::Cancelled, {}, "");
  }
}

void Scheduler::run() {
  while (waitForWork()) {
    ++turn;
    dropWaiting([](const Work &work) { return work.generation.consumer->cancelled(); });
    admitAll();
    decode();
    readPrompts();
  }
  for (Slot &slot : slots) {
    if (slot.work) {
      end(slot, Finish::Cancelled);
    }
  }
  dropWaiting([](const Work &) { return true; });
}

void Scheduler::admitAll() {
  while (metrics.running < settings.parallel) {
    std::unique_lock<std::mutex> lock(mutex);
    if (queue.empty()) {
      return;
    }
    Work work = std::move(queue.front());
    queue.pop_front();
    ++metrics.running; // before it stops waiting, so that it is always seen
    metrics.waiting = static_cast<uint32_t>(queue.size());
    lock.unlock();
    admit(std::move(work));
  }
}

void Scheduler::admit(Work work) {
  Slot &slot = place(work.generation.ids);
  slot.work = std::make_unique<Work>(std::move(work));
  slot.next = -1;
  slot.inCall = false;
  slot.usage = {static_cast<uint32_t>(slot.work->generation.ids.size()), static_cast<uint32_t>(slot.read), 0};
  slot.used = turn;
  metrics.promptTokens += slot.usage.prompt;
  metrics.reusedTokens += slot.usage.reused;
  lap_session_seed(slot.session, slot.work->generation.seed);
}

void Scheduler::end(Slot &slot, Finish finish, const std::string &error) {
  metrics.cancelled += finish == Finish::Cancelled;
  metrics.failed += finish == Finish::Failed;
  std::unique_ptr<Work> work = std::move(slot.work);
  try {
    work->generation.consumer->end(finish, slot.usage, error);
  } catch (const std::exception &) {
    ++metrics.failed; // its exchange goes with it, and the client gets an error
  }
  work.reset();
  --metrics.running;
}

} // namespace lap::server
