//===- SessionGroup.cpp - one token for each of several sessions ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Decoding reads every weight for one row of activations; rows of other sequences come almost for free. A call of
// `score` whose rows have places of their own (lap_row_place) gives each row its logits.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

namespace lap {

namespace {

lap_status checkGroup(lap_session *const *sessions, const int32_t *ids, size_t count, lap_error *error) {
  if (count == 0 || !sessions || !ids) {
    return fail(error, LAP_INVALID_ARGUMENT, "there are no sessions or no ids");
  }
  const lap_session *lender = sessions[0] ? sessions[0]->lender : nullptr;
  const size_t most = lender && lender->scoreRows > 1 ? lender->scoreRows : 1;
  if (count > most) {
    return fail(error, LAP_INVALID_ARGUMENT, "%zu sessions, the one that lends was created for %zu (score_rows)", count,
                most);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!sessions[i] || sessions[i]->lender != lender) {
      return fail(error, LAP_INVALID_ARGUMENT, "session %zu does not share the threads of session 0", i);
    }
    for (size_t j = 0; j < i; ++j) {
      if (sessions[j] == sessions[i]) {
        return fail(error, LAP_INVALID_ARGUMENT, "session %zu is given twice, as %zu too", i, j);
      }
    }
    lap_status status = checkIds(*sessions[i], ids + i, 1, error);
    if (status != LAP_OK) {
      return status;
    }
  }
  return LAP_OK;
}

/// One call of the program for sessions[count], count <= chunk; logits go to the lender's rows from `row` on.
lap_status runTogether(lap_session *const *sessions, const int32_t *ids, uint32_t count, size_t row, Logits where,
                       lap_error *error) {
  lap_session &lender = *sessions[0]->lender;
  lap_row_place *places = reinterpret_cast<lap_row_place *>(lender.memory.host + lender.plan.places);
  for (uint32_t i = 0; i < count; ++i) {
    places[i] = {sessions[i]->caches(), sessions[i]->position, 0};
  }
  lap_step step{};
  step.ids = ids;
  step.tokens = count;
  step.logits = logitRow(lender, row);
  step.places = places;
  return runStep(lender, lap_program_score, step, where, error);
}

} // namespace
} // namespace lap

lap_status lap_session_decode_many(lap_session *const *sessions, const int32_t *ids, size_t count, lap_error *error) {
  lap_status status = lap::checkGroup(sessions, ids, count, error);
  if (status != LAP_OK) {
    return status;
  }
  if (count == 1) { // the function for one row is faster
    return lap_session_decode(sessions[0], ids[0], error);
  }
  lap_session &lender = *sessions[0]->lender;
  for (size_t i = 0; i < count; ++i) {
    lap::dropDrafts(*sessions[i]);
  }
  ++lender.logitsWritten;
  const size_t chunk = lender.model->program->chunk;
  const lap::Logits where =
      count <= chunk ? lap::Logits::MayStay : lap::Logits::OnHost; // the next call's take the place
  for (size_t done = 0; done < count && status == LAP_OK;) {
    const uint32_t some = static_cast<uint32_t>(count - done < chunk ? count - done : chunk);
    status = lap::runTogether(sessions + done, ids + done, some, done, where, error);
    done += some;
  }
  for (size_t i = 0; i < count && status == LAP_OK; ++i) {
    lap::appended(*sessions[i], ids + i, 1);
    lap::setRows(*sessions[i], lender, i, 1);
  }
  return status;
}
