//===- Drafts.cpp - tokens that are read before they are drawn ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Drafts.h. The position of a session never counts guesses, so a wrong one needs no cleaning up: the next call
// writes over it. Rings of sliding windows have room for a chunk behind their window, so guesses push nothing out that
// is needed.
//===----------------------------------------------------------------------===//
#include "runtime/src/Drafts.h"

#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

namespace lap {

namespace {

enum { LeastMatch = 2, MostMatch = 8 };

/// How many ids before ids[a] and ids[b], a < b, these included, are the same: at most MostMatch.
uint32_t matchLength(const int32_t *ids, uint32_t a, uint32_t b) {
  uint32_t length = 0;
  while (length < MostMatch && length <= a && ids[a - length] == ids[b - length]) {
    ++length;
  }
  return length;
}

/// Counts what became of the latest guesses.
void settleDrafts(Drafts &drafts) {
  const uint32_t right = drafts.made - drafts.left;
  if (drafts.made != 0) {
    drafts.length = drafts.left == 0 ? 2 * drafts.length : right > 1 ? right : 1;
    drafts.length = drafts.length < drafts.most ? drafts.length : drafts.most;
  }
  drafts.guessed += drafts.made;
  drafts.right += right;
  drafts.made = drafts.left = 0;
}

void acceptDraft(lap_session &session) {
  ++session.position;
  ++session.rows.first;
  --session.drafts.left;
}

/// The id and what may follow it, as far as one call and the context take it; returns how many ids that are.
uint32_t idsWithDrafts(const lap_session &session, int32_t id, int32_t *out) {
  const uint32_t room = session.context - session.position - 1;
  uint32_t most = session.drafts.length < room ? session.drafts.length : room;
  most = most < session.chunk - 1 ? most : session.chunk - 1;
  int32_t *ids = session.ids();
  ids[session.position] = id;
  out[0] = id;
  return 1 + lookUp(ids, session.position + 1, out + 1, most);
}

} // namespace

uint32_t lookUp(const int32_t *ids, uint32_t count, int32_t *out, uint32_t most) {
  uint32_t best = 0, place = 0;
  for (uint32_t i = count == 0 ? 0 : count - 1; i-- > 0 && best < MostMatch;) {
    const uint32_t length = ids[i] == ids[count - 1] ? matchLength(ids, i, count - 1) : 0;
    if (length > best) {
      best = length;
      place = i + 1;
    }
  }
  if (best < LeastMatch) {
    return 0;
  }
  for (uint32_t i = 0; i < most; ++i) { // a place near the end is followed by what is written here
    out[i] = place + i < count ? ids[place + i] : out[place + i - count];
  }
  return most;
}

lap_status decodeWithDrafts(lap_session &session, int32_t id, lap_error *error) {
  Drafts &drafts = session.drafts;
  if (drafts.left != 0 && validRows(session) != 0 && id == session.ids()[session.position]) {
    acceptDraft(session);
    return LAP_OK;
  }
  settleDrafts(drafts);
  lap_status status = checkIds(session, &id, 1, error);
  if (status != LAP_OK) {
    return status;
  }
  int32_t ids[1 + MaxDrafts];
  const uint32_t count = idsWithDrafts(session, id, ids);
  if (count == 1) {
    return lap_session_prefill(&session, ids, 1, error);
  }
  status = scoreRows(session, ids, count, Logits::MayStay, error);
  if (status == LAP_OK) {
    setRows(session, session, 0, 1);
    session.position -= count - 1;
    drafts.made = drafts.left = count - 1;
  }
  return status;
}

void dropDrafts(lap_session &session) {
  if (session.drafts.made != 0) {
    settleDrafts(session.drafts);
  }
}

} // namespace lap
