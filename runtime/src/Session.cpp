//===- Session.cpp - one token sequence ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One anonymous mapping holds caches, arena, lane scratch, logits and sampler scratch (MemoryPlan); the kernel hands
// out zeroed pages as they are touched, so an unused part of the context costs nothing. Every call below turns into
// steps of at most `chunk` tokens that the lanes run in lockstep.
//===----------------------------------------------------------------------===//
#include "runtime/src/Session.h"
#include "runtime/src/Error.h"

#include <errno.h>
#include <new>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace lap {

namespace {

struct Call {
  lap_program_fn *function;
  const lap_step *step;
};

void runLane(void *context, uint32_t lane, uint32_t lanes) {
  const Call &call = *static_cast<const Call *>(context);
  call.function(call.step, lane, lanes);
}

/// Resolved options: no zeros left.
struct Settings {
  uint32_t threads, context, chunk, scoreRows;
};

lap_status settle(const lap_program &program, const lap_session_options *options, Settings *out, lap_error *error) {
  lap_session_options given{};
  if (options) {
    memcpy(&given, options, options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
  }
  if (given.threads > MaxLanes) {
    return fail(error, LAP_INVALID_ARGUMENT, "%u threads asked for, at most %d are supported", given.threads,
                int(MaxLanes));
  }
  if (given.context > program.context) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "a context of %u tokens was asked for, the program was compiled for %u; compile with --context=%u",
                given.context, program.context, given.context);
  }
  if (given.chunk > program.chunk) {
    return fail(error, LAP_INVALID_ARGUMENT, "chunks of %u tokens were asked for, the program takes at most %u",
                given.chunk, program.chunk);
  }
  out->threads = given.threads ? given.threads : usableCpus();
  out->context = given.context ? given.context : program.context;
  out->chunk = given.chunk ? given.chunk : program.chunk;
  out->scoreRows = given.score_rows < out->context ? given.score_rows : out->context;
  return LAP_OK;
}

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

/// Runs one function of the program over up to chunk tokens and moves the position.
void runChunk(lap_session &session, lap_program_fn *function, const int32_t *ids, uint32_t tokens, float *logits) {
  lap_step step{};
  step.ids = ids;
  step.tokens = tokens;
  step.position = session.position;
  step.arena = session.block + session.plan.arena;
  step.caches = session.block + session.plan.caches;
  step.weights = session.model->map.weights;
  step.logits = logits;
  step.lane_scratch = session.block + session.plan.laneScratch;
  step.lane_scratch_bytes = session.model->program->lane_scratch_bytes;
  step.barrier = session.team.barrier();
  step.file = &session.model->map.segment;
  step.observer = session.observer;
  Call call{function, &step};
  session.team.run(runLane, &call);
  session.position += tokens;
}

float *logitRow(const lap_session &session, size_t row) {
  return reinterpret_cast<float *>(session.block + session.plan.logits) + row * session.model->program->vocab_padded;
}

/// Runs whole chunks of `extend` while more than `keep` tokens are left; returns the tokens consumed.
size_t extendChunks(lap_session &session, const int32_t *ids, size_t count, size_t keep) {
  size_t done = 0;
  while (count - done > keep) {
    size_t left = count - done;
    uint32_t tokens = left < session.chunk ? static_cast<uint32_t>(left) : session.chunk;
    runChunk(session, lap_program_extend, ids + done, tokens, nullptr);
    done += tokens;
  }
  return done;
}

} // namespace
} // namespace lap

using lap::fail;

lap_status lap_session_create(lap_model *model, const lap_session_options *options, lap_session **out_session,
                              lap_error *error) {
  if (!model || !out_session) {
    return fail(error, LAP_INVALID_ARGUMENT, "model or out_session is NULL");
  }
  lap::Settings settings;
  lap_status status = lap::settle(*model->program, options, &settings, error);
  lap::MemoryPlan plan{};
  uint32_t rows = settings.scoreRows > 1 ? settings.scoreRows : 1;
  if (status == LAP_OK && !lap::planSession(*model->program, settings.threads, rows, &plan)) {
    status = fail(error, LAP_OUT_OF_MEMORY, "the session's memory does not fit into 64 bits; use fewer score rows");
  }
  if (status == LAP_OK) {
    status = lap::checkMemory(plan.total, "caches and scratch", error);
  }
  if (status == LAP_OK) { // stacks are address space; their pages are few
    uint64_t stacks = uint64_t(settings.threads - 1) * (lap::WorkerStackBytes + 65536); // guard page, thread data
    status = lap::checkAddressSpace(plan.total + stacks, "caches, scratch and thread stacks", error);
  }
  if (status != LAP_OK) {
    return status;
  }
  void *block = mmap(nullptr, plan.total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *memory = block == MAP_FAILED ? nullptr : aligned_alloc(64, lap::alignUp(sizeof(lap_session), 64));
  if (!memory) {
    if (block != MAP_FAILED) {
      munmap(block, plan.total);
    }
    return fail(error, LAP_OUT_OF_MEMORY, "cannot reserve %llu bytes for caches and scratch: %s",
                static_cast<unsigned long long>(plan.total), strerror(errno));
  }
  lap_session *session = new (memory) lap_session;
  session->model = model;
  session->block = static_cast<uint8_t *>(block);
  session->plan = plan;
  session->context = settings.context;
  session->chunk = settings.chunk;
  session->scoreRows = settings.scoreRows;
  session->sampler.program = model->program;
  session->sampler.scratch = reinterpret_cast<lap::Candidate *>(session->block + plan.sampler);
  session->sampler.random.seed(0);
  status = session->team.start(settings.threads, error);
  if (status != LAP_OK) {
    lap_session_free(session);
    return status;
  }
  *out_session = session;
  return LAP_OK;
}

void lap_session_free(lap_session *session) {
  if (session) {
    session->team.stop();
    munmap(session->block, session->plan.total);
    session->~lap_session();
    free(session);
  }
}

uint32_t lap_session_position(const lap_session *session) { return session->position; }
uint32_t lap_session_context(const lap_session *session) { return session->context; }
uint32_t lap_session_threads(const lap_session *session) { return session->team.lanes(); }

lap_status lap_session_extend(lap_session *session, const int32_t *ids, size_t count, lap_error *error) {
  lap_status status = lap::checkIds(*session, ids, count, error);
  if (status == LAP_OK && count != 0) {
    lap::extendChunks(*session, ids, count, 0);
    session->rows = 0;
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
  size_t done = lap::extendChunks(*session, ids, count, session->chunk);
  lap::runChunk(*session, lap_program_step, ids + done, static_cast<uint32_t>(count - done),
                lap::logitRow(*session, 0));
  session->rows = 1;
  return LAP_OK;
}

lap_status lap_session_decode(lap_session *session, int32_t id, lap_error *error) {
  return lap_session_prefill(session, &id, 1, error);
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
  for (size_t done = 0; done < count;) {
    size_t left = count - done;
    uint32_t tokens = left < session->chunk ? static_cast<uint32_t>(left) : session->chunk;
    lap::runChunk(*session, lap_program_score, ids + done, tokens, lap::logitRow(*session, done));
    done += tokens;
  }
  session->rows = static_cast<uint32_t>(count);
  return LAP_OK;
}

const float *lap_session_logits(const lap_session *session, size_t row) {
  return row < session->rows ? lap::logitRow(*session, row) : nullptr;
}

lap_status lap_session_rewind(lap_session *session, uint32_t position, lap_error *error) {
  if (position > session->position) {
    return fail(error, LAP_INVALID_ARGUMENT, "cannot rewind to token %u: only %u are in the sequence", position,
                session->position);
  }
  // Rings hold window + chunk - 1 positions, so after going back `chunk` tokens every window is still complete.
  uint32_t back = session->position - position;
  if (position != 0 && back > session->model->program->chunk) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "cannot rewind %u tokens: sliding-window caches keep %u; rewind to 0 and read the tokens again", back,
                session->model->program->chunk);
  }
  session->position = position;
  session->rows = back ? 0 : session->rows;
  return LAP_OK;
}

void lap_session_seed(lap_session *session, uint64_t seed) { session->sampler.random.seed(seed); }

lap_status lap_session_sample(lap_session *session, const lap_sampling *sampling, int32_t *out_id, lap_error *error) {
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
  if (session->rows == 0) {
    return fail(error, LAP_INVALID_ARGUMENT, "there are no logits to sample from; read a token first");
  }
  int32_t id = session->sampler.sample(lap::logitRow(*session, session->rows - 1), chosen);
  if (id < 0) {
    return fail(error, LAP_NUMERIC_ERROR, "no logit of token %u is a number; check the program with `verify`",
                session->position);
  }
  *out_id = id;
  return LAP_OK;
}
