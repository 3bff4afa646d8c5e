//===- Session.cpp - one token sequence ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every call turns into steps of at most `chunk` tokens that the lanes run in lockstep.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "runtime/src/Error.h"

#include <string.h>

namespace lap {

namespace {

/// Runs one function of the program over up to chunk tokens and moves the position.
lap_status runChunk(lap_session &session, lap_program_fn *function, const int32_t *ids, uint32_t tokens, float *logits,
                    Logits where, lap_error *error) {
  lap_step step{};
  step.ids = ids;
  step.tokens = tokens;
  step.position = session.position;
  step.caches = session.caches();
  step.logits = logits;
  lap_status status = runStep(session, function, step, where, error);
  if (status == LAP_OK) {
    appended(session, ids, tokens);
  }
  return status;
}

/// Runs whole chunks of `extend` while more than `keep` tokens are left; adds the tokens consumed to *done.
lap_status extendChunks(lap_session &session, const int32_t *ids, size_t count, size_t keep, size_t *done,
                        lap_error *error) {
  lap_status status = LAP_OK;
  while (count - *done > keep && status == LAP_OK) {
    size_t left = count - *done;
    uint32_t tokens = left < session.chunk ? static_cast<uint32_t>(left) : session.chunk;
    status = runChunk(session, lap_program_extend, ids + *done, tokens, nullptr, Logits::OnHost, error);
    *done += tokens;
  }
  return status;
}

} // namespace

lap_status checkIds(const lap_session &session, const int32_t *ids, size_t count, lap_error *error) {
  if (!ids && count != 0) {
    return fail(error, LAP_INVALID_ARGUMENT, "ids is NULL");
  }
  uint32_t vocab = session.model->program->vocab;
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || static_cast<uint32_t>(ids[i]) >= vocab) {
      return fail(error, LAP_INVALID_ARGUMENT, "token %zu is %d, expected 0..%u", i, ids[i], vocab - 1);
    }
  }
  if (count > session.context - session.position) {
    return fail(error, LAP_CONTEXT_FULL, "%zu tokens do not fit: the context has %u tokens, %u are used", count,
                session.context, session.position);
  }
  return LAP_OK;
}

lap_status runStep(lap_session &session, lap_program_fn *function, lap_step &step, Logits where, lap_error *error) {
  lap_session &lender = *session.lender;
  step.arena = lender.memory.device + lender.plan.arena;
  step.lane_scratch = lender.memory.device + lender.plan.laneScratch;
  step.lane_scratch_bytes = lender.model->program->lane_scratch_bytes;
  step.barrier = lender.team.barrier();
  step.file = &lender.model->map.segment;
  step.observer = session.observer;
  return runCall(session, function, step, where, error);
}

lap_status scoreRows(lap_session &session, const int32_t *ids, size_t count, Logits where, lap_error *error) {
  lap_status status = LAP_OK;
  ++session.logitsWritten;
  for (size_t done = 0; done < count && status == LAP_OK;) {
    const size_t left = count - done;
    const uint32_t tokens = left < session.chunk ? static_cast<uint32_t>(left) : session.chunk;
    status = runChunk(session, lap_program_score, ids + done, tokens, logitRow(session, done), where, error);
    done += tokens;
  }
  return status;
}

void appended(lap_session &session, const int32_t *ids, uint32_t tokens) {
  dropCheckpoints(session, session.position);
  memcpy(session.ids() + session.position, ids, tokens * sizeof(int32_t));
  session.position += tokens;
  const uint32_t slack = session.model->caches.slack();
  if (session.position > slack && session.position - slack > session.floor) {
    session.floor = session.position - slack;
  }
}

float *logitRow(const lap_session &session, size_t row) {
  return reinterpret_cast<float *>(session.memory.host + session.plan.logits) +
         row * session.model->program->vocab_padded;
}

void setRows(lap_session &session, lap_session &owner, size_t first, uint32_t count) {
  session.rows = {first, count, &owner, owner.logitsWritten};
}

uint32_t validRows(const lap_session &session) {
  const LogitRows &rows = session.rows;
  return rows.count != 0 && rows.written == rows.owner->logitsWritten ? rows.count : 0;
}

} // namespace lap

using lap::fail;

uint32_t lap_session_position(const lap_session *session) { return session->position; }
uint32_t lap_session_context(const lap_session *session) { return session->context; }
uint32_t lap_session_threads(const lap_session *session) { return session->lender->team.lanes(); }
const int32_t *lap_session_ids(const lap_session *session) { return session->ids(); }

lap_status lap_session_extend(lap_session *session, const int32_t *ids, size_t count, lap_error *error) {
  lap_status status = lap::checkIds(*session, ids, count, error);
  if (status == LAP_OK && count != 0) {
    size_t done = 0;
    lap::dropDrafts(*session);
    session->rows.count = 0;
    status = lap::extendChunks(*session, ids, count, 0, &done, error);
  }
  return status;
}

lap_status lap_session_prefill(lap_session *session, const int32_t *ids, size_t count, lap_error *error) {
  if (count == 0) {
    return fail(error, LAP_INVALID_ARGUMENT, "there are no tokens to read; the model needs at least one");
  }
  lap_status status = lap::checkIds(*session, ids, count, error);
  if (status != LAP_OK) {
    return status;
  }
  lap::dropDrafts(*session);
  ++session->logitsWritten;
  size_t done = 0;
  status = lap::extendChunks(*session, ids, count, session->chunk, &done, error);
  if (status == LAP_OK) {
    status = lap::runChunk(*session, lap_program_step, ids + done, static_cast<uint32_t>(count - done),
                           lap::logitRow(*session, 0), lap::Logits::MayStay, error);
  }
  if (status == LAP_OK) {
    lap::setRows(*session, *session, 0, 1);
  }
  return status;
}

lap_status lap_session_decode(lap_session *session, int32_t id, lap_error *error) {
  return session->drafts.most ? lap::decodeWithDrafts(*session, id, error)
                              : lap_session_prefill(session, &id, 1, error);
}

lap_status lap_session_score(lap_session *session, const int32_t *ids, size_t count, lap_error *error) {
  if (count == 0 || count > session->scoreRows) {
    return fail(error, LAP_INVALID_ARGUMENT, "%zu tokens to score, the session was created for 1..%u (score_rows)",
                count, session->scoreRows);
  }
  lap_status status = lap::checkIds(*session, ids, count, error);
  if (status != LAP_OK) {
    return status;
  }
  lap::dropDrafts(*session);
  status = lap::scoreRows(*session, ids, count, lap::Logits::OnHost, error);
  if (status == LAP_OK) {
    lap::setRows(*session, *session, 0, static_cast<uint32_t>(count));
  }
  return status;
}

const float *lap_session_logits(const lap_session *session, size_t row) {
  if (row >= lap::validRows(*session)) {
    return nullptr;
  }
  const lap::LogitRows &rows = session->rows;
  return lap::fetchRow(*rows.owner, rows.first + row, nullptr) == LAP_OK ? lap::logitRow(*rows.owner, rows.first + row)
                                                                         : nullptr;
}

void lap_session_seed(lap_session *session, uint64_t seed) { session->sampler.random.seed(seed); }

lap_status lap_session_sample(lap_session *session, const lap_sampling *sampling, int32_t *out_id, lap_error *error) {
  return lap_session_sample_constrained(session, sampling, nullptr, UINT32_MAX, out_id, error);
}

lap_status lap_session_sample_constrained(lap_session *session, const lap_sampling *sampling,
                                          lap_constraint *constraint, uint32_t tokens_left, int32_t *out_id,
                                          lap_error *error) {
  lap_sampling chosen{};
  chosen.struct_size = sizeof(chosen);
  if (sampling && sampling->struct_size >= sizeof(chosen)) {
    chosen = *sampling;
  } else {
    lap_model_get_sampling(session->model, &chosen, error);
  }
  bool valid = chosen.temperature >= 0 && chosen.temperature <= 1e9f && chosen.top_p > 0 && chosen.top_p <= 1;
  if (!valid || !out_id) {
    return fail(error, LAP_INVALID_ARGUMENT, "temperature %g must be >= 0 and top_p %g in (0, 1]",
                double(chosen.temperature), double(chosen.top_p));
  }
  if (lap::validRows(*session) == 0) {
    return fail(error, LAP_INVALID_ARGUMENT, "there are no logits to sample from; read a token first");
  }
  const uint64_t *allowed = nullptr;
  lap_status status = constraint ? lap_constraint_mask(constraint, tokens_left, &allowed, error) : LAP_OK;
  if (status != LAP_OK) {
    return status;
  }
  int32_t id = -1;
  status = lap::drawToken(*session, chosen, allowed, &id, error);
  if (status != LAP_OK) {
    return status;
  }
  if (id < 0 && constraint && lap_constraint_is_finished(constraint)) {
    return fail(error, LAP_INVALID_ARGUMENT, "the text is whole and the model has no end-of-sequence token: stop here");
  }
  if (id < 0) {
    return fail(error, LAP_NUMERIC_ERROR, "no logit of token %u is a number; check the program with `verify`",
                session->position);
  }
  *out_id = id;
  return LAP_OK;
}
