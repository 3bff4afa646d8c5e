//===- Turn.cpp - a chunk of one prompt, a token of every answer ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the scheduler computes in one turn. See Scheduler.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "runtime/src/server/Logprobs.h"
#include "runtime/src/server/Scheduler.h"

#include <algorithm>

namespace lap::server {

namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t SharedChunk = 64; // tokens of a prompt between two steps of others

uint64_t microseconds(Clock::time_point since) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since).count());
}

} // namespace

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

} // namespace lap::server
