//===- Scheduler.cpp - many sequences, one model --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Scheduler.h. Placement.cpp chooses the session of a prompt.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Scheduler.h"

#include "runtime/src/Error.h"
#include "runtime/src/Session.h"
#include "runtime/src/server/Logprobs.h"

#include <algorithm>

namespace lap::server {

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t SharedChunk = 64;                     // tokens of a prompt between two steps of others
constexpr uint64_t CheckpointBytes = uint64_t(64) << 20; // of one session, about
constexpr uint64_t FewestKept = 2, MostKept = 8;         // positions: where prompts part, and where the last one ended

uint64_t microseconds(Clock::time_point since) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since).count());
}

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

bool Scheduler::mayContinue(Slot &slot) {
  const Generation &generation = slot.work->generation;
  if (generation.consumer->cancelled()) {
    end(slot, Finish::Cancelled);
    return false;
  }
  if (Clock::now() > generation.deadline) {
    end(slot, Finish::Length);
    return false;
  }
  return true;
}

/// One chunk for the sequence that has waited longest.
void Scheduler::readPrompts() {
  Slot *oldest = nullptr;
  for (Slot &slot : slots) {
    if (slot.work && slot.next < 0 && mayContinue(slot) && (!oldest || slot.work->since < oldest->work->since)) {
      oldest = &slot;
    }
  }
  if (oldest) {
    readChunk(*oldest);
  }
}

void Scheduler::readChunk(Slot &slot) {
  const std::vector<int32_t> &ids = slot.work->generation.ids;
  const bool alone = metrics.running == 1;
  size_t until = std::min(ids.size(), slot.read + (alone ? chunkTokens : std::min(chunkTokens, SharedChunk)));
  until = slot.mark > slot.read ? std::min(until, slot.mark) : until;
  const auto start = Clock::now();
  const bool last = until == ids.size();
  lap_error error{};
  lap_status status = (last ? lap_session_prefill : lap_session_extend)(slot.session, ids.data() + slot.read,
                                                                        until - slot.read, &error);
  if (status != LAP_OK) {
    return end(slot, Finish::Failed, error.message);
  }
  slot.read = until;
  if (last || until == slot.mark) {
    lap_session_checkpoint(slot.session, nullptr); // cannot fail: there is room for one
  }
  metrics.promptMicroseconds += microseconds(start);
  if (last) {
    metrics.firstTokenMicroseconds += microseconds(slot.work->since);
    ++metrics.firstTokens;
    sampleOrEnd(slot);
  }
}

/// One token for every sequence whose prompt has been read.
void Scheduler::decode() {
  std::vector<Slot *> rows;
  std::vector<lap_session *> sessions;
  std::vector<int32_t> ids;
  for (Slot &slot : slots) {
    if (!slot.work || slot.next < 0 || !mayContinue(slot)) {
      continue;
    }
    if (lap_session_position(slot.session) == contextTokens) {
      end(slot, Finish::Length);
      continue;
    }
    rows.push_back(&slot);
    sessions.push_back(slot.session);
    ids.push_back(slot.next);
  }
  if (rows.empty()) {
    return;
  }
  const auto start = Clock::now();
  lap_error error{};
  lap_status status = lap_session_decode_many(sessions.data(), ids.data(), ids.size(), &error);
  for (Slot *slot : rows) {
    if (status == LAP_OK) {
      sampleOrEnd(*slot);
    } else {
      end(*slot, Finish::Failed, error.message);
    }
  }
  ++metrics.steps;
  metrics.stepRows += rows.size();
  metrics.decodeMicroseconds += microseconds(start);
  countGuesses();
}

void Scheduler::countGuesses() {
  uint64_t guesses = 0, right = 0;
  for (const Slot &slot : slots) {
    guesses += slot.session->drafts.allGuessed();
    right += slot.session->drafts.allRight();
  }
  metrics.guesses = guesses;
  metrics.rightGuesses = right;
}

/// Draws the next token from the session's logits, under the constraint that holds, and follows it. *out_complete: the
/// whole answer was under it and nothing can follow.
lap_status Scheduler::draw(Slot &slot, Token &out, bool *out_complete, lap_error *error) {
  Generation &generation = slot.work->generation;
  lap_constraint *constraint = slot.inCall ? generation.call.get() : generation.constraint.get();
  const uint32_t left = std::min(generation.tokens - slot.usage.generated,
                                 contextTokens - lap_session_position(slot.session) + 1); // the last is not appended
  lap_status status =
      lap_session_sample_constrained(slot.session, &generation.sampling, constraint, left, &out.id, error);
  if (status == LAP_OK && constraint && !lap_model_is_eos(model, out.id)) {
    status = lap_constraint_accept(constraint, out.id, error);
  }
  const bool finished = status == LAP_OK && constraint && lap_constraint_is_finished(constraint);
  *out_complete = finished && generation.constraint;
  if (generation.call && !constraint && out.id == generation.callStart) {
    lap_constraint_reset(generation.call.get());
    slot.inCall = true;
  } else if (finished) {
    slot.inCall = false;
  }
  return status;
}

/// Hands the next token over.
void Scheduler::sample(Slot &slot) {
  Generation &generation = slot.work->generation;
  slot.used = turn;
  Token token;
  lap_error error{};
  bool complete = false;
  if (draw(slot, token, &complete, &error) != LAP_OK) {
    return end(slot, Finish::Failed, error.message);
  }
  if (generation.logprobs) {
    const float *logits = lap_session_logits(slot.session, 0);
    if (!logits) {
      return end(slot, Finish::Failed, "the logits could not be copied from the device");
    }
    findLogprobs(logits, model->program->vocab, generation.topLogprobs, token);
  }
  ++slot.usage.generated;
  ++metrics.generatedTokens;
  slot.next = token.id;
  const bool wanted = generation.consumer->token(token);
  if (!wanted || complete || (!generation.ignoreEos && lap_model_is_eos(model, token.id))) {
    end(slot, Finish::Stop);
  } else if (slot.usage.generated >= generation.tokens) {
    end(slot, Finish::Length);
  }
}

/// What goes wrong with one answer (its consumer throws: no memory, a tool call without end) must not end the others.
void Scheduler::sampleOrEnd(Slot &slot) {
  try {
    sample(slot);
  } catch (const std::exception &error) {
    end(slot, Finish::Failed, error.what());
  }
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
