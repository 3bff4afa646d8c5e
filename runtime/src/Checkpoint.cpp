//===- Checkpoint.cpp - going back in a sequence, and copying it ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// The cache of a global layer keeps all positions, so going back is a matter of counting. The ring of a sliding-window
// layer has overwritten what an earlier position saw, unless it is within the ring's slack; a checkpoint is a copy of
// the window. So a new turn of a conversation, or another one with the same beginning, reads only what is new.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <string.h>

namespace lap {

namespace {

uint8_t *memoryOf(const lap_session &session, uint32_t index) {
  return session.memory.device + session.plan.checkpoints + index * alignUp(session.model->caches.ringBytes(), 64);
}

/// An unused checkpoint, or the one that was used least recently.
uint32_t leastUsed(const lap_session &session) {
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < session.checkpointCount; ++i) {
    const Checkpoint &c = session.checkpoints[i];
    if (c.position == 0 || c.position == session.position) {
      return i;
    }
    chosen = c.used < session.checkpoints[chosen].used ? i : chosen;
  }
  return chosen;
}

/// The highest position up to `limit` that the session can return to, and the checkpoint needed (-1: none).
uint32_t reachable(const lap_session &session, uint32_t limit, int *out_checkpoint) {
  *out_checkpoint = -1;
  const uint32_t wanted = limit < session.position ? limit : session.position;
  if (wanted >= session.floor) {
    return wanted;
  }
  uint32_t best = 0;
  for (uint32_t i = 0; i < session.checkpointCount; ++i) {
    const Checkpoint &c = session.checkpoints[i];
    const uint32_t reached = c.position < wanted ? c.position : wanted;
    if (c.position != 0 && reached >= c.floor && reached > best) {
      best = reached;
      *out_checkpoint = static_cast<int>(i);
    }
  }
  return best;
}

/// Writes the rings that a checkpoint of `from` holds into the caches of `to`, and how far back they go.
void putRings(lap_session &to, const lap_session &from, uint32_t index) {
  const Checkpoint &c = from.checkpoints[index];
  const uint8_t *next = memoryOf(from, index);
  to.model->caches.forUsed(c.position, true, [&](uint64_t offset, uint64_t bytes) {
    copyInside(to, to.caches() + offset, next, bytes);
    next += bytes;
    return true;
  });
  to.floor = c.floor;
}

/// The caches of the first `position` tokens; the rings are those of a checkpoint (-1: as they are).
void copyCaches(lap_session &to, const lap_session &from, uint32_t position, int checkpoint) {
  const CacheLayout &caches = from.model->caches;
  caches.forUsed(position, false, [&](uint64_t offset, uint64_t bytes) {
    copyInside(to, to.caches() + offset, from.caches() + offset, bytes);
    return true;
  });
  if (checkpoint >= 0) {
    putRings(to, from, static_cast<uint32_t>(checkpoint));
    return;
  }
  const uint32_t floor = caches.copyFloor(position);
  to.floor = position == 0 ? 0 : floor > from.floor ? floor : from.floor;
}

} // namespace

void dropCheckpoints(lap_session &session, uint32_t position) {
  for (uint32_t i = 0; i < session.checkpointCount; ++i) {
    if (session.checkpoints[i].position > position) {
      session.checkpoints[i] = {};
    }
  }
}

} // namespace lap

using lap::fail;

lap_status lap_session_rewind(lap_session *session, uint32_t position, lap_error *error) {
  if (position > session->position) {
    return fail(error, LAP_INVALID_ARGUMENT, "cannot rewind to token %u: only %u are in the sequence", position,
                session->position);
  }
  int checkpoint = -1;
  if (lap::reachable(*session, position, &checkpoint) != position) {
    return fail(
        error, LAP_INVALID_ARGUMENT,
        "cannot rewind to token %u: sliding-window caches go back to %u and there is no checkpoint; rewind to 0 "
        "and read the tokens again",
        position, session->floor);
  }
  if (checkpoint >= 0) {
    lap::putRings(*session, *session, static_cast<uint32_t>(checkpoint));
    if (lap_status status = lap::settle(*session, error); status != LAP_OK) {
      return status;
    }
    session->checkpoints[checkpoint].used = ++session->clock;
  }
  lap::dropDrafts(*session);
  session->floor = position == 0 ? 0 : session->floor;
  session->rows.count = position == session->position ? session->rows.count : 0;
  session->position = position;
  return LAP_OK;
}

lap_status lap_session_checkpoint(lap_session *session, lap_error *error) {
  if (session->checkpointCount == 0) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "the session was created without checkpoints; set "
                "lap_session_options.checkpoints");
  }
  if (session->position == 0 || session->model->caches.slack() == UINT32_MAX) {
    return LAP_OK; // can be returned to as it is
  }
  const uint32_t index = lap::leastUsed(*session);
  lap::Checkpoint &c = session->checkpoints[index];
  uint8_t *to = lap::memoryOf(*session, index);
  session->model->caches.forUsed(session->position, true, [&](uint64_t offset, uint64_t bytes) {
    lap::copyInside(*session, to, session->caches() + offset, bytes);
    to += bytes;
    return true;
  });
  if (lap_status status = lap::settle(*session, error); status != LAP_OK) {
    c = {};
    return status;
  }
  const uint32_t floor = session->model->caches.copyFloor(session->position);
  c.position = session->position;
  c.floor = floor > session->floor ? floor : session->floor;
  c.used = ++session->clock;
  return LAP_OK;
}

uint32_t lap_session_reusable(const lap_session *session, const int32_t *ids, size_t count) {
  const int32_t *own = session->ids();
  uint32_t same = 0;
  while (same < session->position && size_t(same) + 1 < count && own[same] == ids[same]) {
    ++same;
  }
  int checkpoint = -1;
  return lap::reachable(*session, same, &checkpoint);
}

lap_status lap_session_copy(lap_session *to, const lap_session *from, uint32_t position, lap_error *error) {
  if (!to || !from || to == from || to->model != from->model) {
    return fail(error, LAP_INVALID_ARGUMENT, "a session is NULL, the two are one, or they are of different models");
  }
  if (position > to->context) {
    return fail(error, LAP_CONTEXT_FULL, "%u tokens do not fit: the context has %u tokens", position, to->context);
  }
  int checkpoint = -1;
  if (position > from->position || lap::reachable(*from, position, &checkpoint) != position) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "cannot copy %u tokens: the sequence has %u, and there is no checkpoint at or just behind them",
                position, from->position);
  }
  if (lap_status status = lap::settle(*from, error); status != LAP_OK) {
    return status;
  }
  lap::dropDrafts(*to);
  lap::dropCheckpoints(*to, 0);
  lap::copyCaches(*to, *from, position, checkpoint);
  if (lap_status status = lap::settle(*to, error); status != LAP_OK) {
    to->position = to->floor = to->rows.count = 0;
    return status;
  }
  memcpy(to->ids(), from->ids(), position * sizeof(int32_t));
  to->position = position;
  to->rows.count = 0;
  return LAP_OK;
}
