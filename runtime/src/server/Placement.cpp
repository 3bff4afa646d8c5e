//===- Placement.cpp - which session reads a prompt -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The session that saves most reading is the best start. If it is free and what it would lose is little (the next turn
// of a conversation loses nothing), the prompt continues in it; otherwise in a copy of the common start, so that
// neither a running answer nor another conversation with the same instructions is lost.
//
// A checkpoint is only made where a prompt ends. When a prompt shares a start with some session but that start cannot
// be returned to, a checkpoint is made there while the prompt is read: the third conversation with the same
// instructions then saves reading them.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Scheduler.h"

#include <algorithm>

namespace lap::server {

namespace {

constexpr uint32_t WorthCopying = 32; // tokens
constexpr uint32_t WorthMarking = 32;

uint32_t commonStart(const lap_session *session, const std::vector<int32_t> &ids) {
  const int32_t *own = lap_session_ids(session);
  const size_t most = std::min<size_t>(lap_session_position(session), ids.size() - 1);
  return static_cast<uint32_t>(std::mismatch(own, own + most, ids.begin()).first - own);
}

} // namespace

/// There is one: fewer sequences run than there are sessions.
Scheduler::Slot *Scheduler::leastUsedFree() {
  Slot *chosen = nullptr;
  for (Slot &slot : slots) {
    if (!slot.work && (!chosen || slot.used < chosen->used)) {
      chosen = &slot;
    }
  }
  return chosen;
}

Scheduler::Slot &Scheduler::place(const std::vector<int32_t> &ids) {
  Slot *best = nullptr;
  uint32_t reused = 0, common = 0;
  for (Slot &slot : slots) {
    const uint32_t reusable = lap_session_reusable(slot.session, ids.data(), ids.size());
    common = std::max(common, commonStart(slot.session, ids));
    if (reusable > reused || (reusable == reused && best && best->work && !slot.work && reusable != 0)) {
      best = &slot;
      reused = reusable;
    }
  }
  Slot *target = leastUsedFree();
  const uint32_t lost = best ? lap_session_position(best->session) - reused : 0;
  if (best && !best->work && (best == target || lost <= reused / 2 || lost < WorthCopying)) {
    target = best;
    lap_session_rewind(target->session, reused, nullptr);
  } else if (!best || reused < WorthCopying ||
             lap_session_copy(target->session, best->session, reused, nullptr) != LAP_OK) {
    reused = 0;
    lap_session_rewind(target->session, 0, nullptr);
  }
  target->read = reused;
  target->mark = common >= reused + WorthMarking ? common : 0;
  return *target;
}

} // namespace lap::server
