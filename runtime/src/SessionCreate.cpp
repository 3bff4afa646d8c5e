//===- SessionCreate.cpp - a session's memory and threads -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Caches, arena, lane scratch, logits, sampler scratch and checkpoints are planned together (MemoryPlan) and reserved
// by the device (Device.h) before the first token.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <new>
#include <stdlib.h>
#include <string.h>

namespace lap {

namespace {

/// Resolved options: no zeros left.
struct Settings {
  uint32_t threads, context, chunk, scoreRows, checkpoints, drafts;
  lap_session *lender; // NULL: none
};

lap_status checkSettings(const lap_model &model, const lap_session_options &given, lap_error *error) {
  const lap_program &program = *model.program;
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
  if (given.checkpoints > MaxCheckpoints) {
    return fail(error, LAP_INVALID_ARGUMENT, "%u checkpoints asked for, at most %d are supported", given.checkpoints,
                int(MaxCheckpoints));
  }
  if (given.drafts > MaxDrafts) {
    return fail(error, LAP_INVALID_ARGUMENT, "%u drafts asked for, at most %d are supported", given.drafts,
                int(MaxDrafts));
  }
  if (given.share && (given.share->model != &model || given.share->lender != given.share)) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "the session to share with is of another model or shares another's threads itself");
  }
  return LAP_OK;
}

lap_status resolve(const lap_model &model, const lap_session_options *options, Settings *out, lap_error *error) {
  const lap_program &program = *model.program;
  lap_session_options given{};
  if (options) {
    memcpy(&given, options, options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
  }
  lap_status status = checkSettings(model, given, error);
  if (status == LAP_OK) {
    out->threads = lanesOf(given.threads ? given.threads : usableCpus());
    out->context = given.context ? given.context : program.context;
    out->chunk = given.chunk ? given.chunk : program.chunk;
    out->scoreRows = given.score_rows < out->context ? given.score_rows : out->context;
    out->checkpoints = given.checkpoints;
    out->drafts = given.drafts < out->chunk ? given.drafts : out->chunk - 1;
    out->lender = given.share;
  }
  return status;
}

/// A call writes at most a chunk of rows, into its lender's memory if they fit there.
void sizeCallRows(const lap_model &model, const Settings &settings, SessionSize &size) {
  const uint32_t most = model.program->chunk < size.logitRows ? model.program->chunk : size.logitRows;
  sizeDeviceRows(*model.program, most, settings.lender && most <= settings.lender->deviceLogitRows, size);
}

lap_status planMemory(const lap_model &model, const Settings &settings, SessionSize &size, MemoryPlan *out,
                      lap_error *error) {
  size.lanes = settings.lender ? 0 : settings.threads;
  size.logitRows = settings.scoreRows > settings.drafts ? settings.scoreRows : settings.drafts + 1;
  sizeCallRows(model, settings, size);
  size.checkpoints = settings.checkpoints;
  size.checkpointBytes = alignUp(model.caches.ringBytes(), 64);
  if (!planSession(*model.program, size, out)) {
    return fail(error, LAP_OUT_OF_MEMORY, "the session's memory does not fit into 64 bits; use fewer score rows");
  }
  return LAP_OK;
}

/// A session object without threads and memory; null when there is none for itself.
lap_session *allocate(lap_model *model, const Settings &settings, const MemoryPlan &plan, lap_error *error) {
  const uint64_t bytes = alignUp(sizeof(lap_session), 64);
  void *memory = aligned_alloc(64, bytes);
  if (!memory) {
    failMemory(bytes, "a session", error);
    return nullptr;
  }
  lap_session *session = new (memory) lap_session;
  session->plan = plan;
  session->model = model;
  session->context = settings.context;
  session->chunk = settings.chunk;
  session->scoreRows = settings.scoreRows;
  session->checkpointCount = settings.checkpoints;
  session->drafts.most = settings.drafts;
  session->lender = settings.lender ? settings.lender : session;
  return session;
}

void prepareSampler(lap_session &session) {
  const lap_session &lender = *session.lender;
  session.sampler.program = session.model->program;
  session.sampler.scratch = reinterpret_cast<Candidate *>(lender.memory.host + lender.plan.sampler);
  session.sampler.random.seed(0);
}

} // namespace
} // namespace lap

lap_status lap_session_create(lap_model *model, const lap_session_options *options, lap_session **out_session,
                              lap_error *error) {
  if (!model || !out_session) {
    return lap::fail(error, LAP_INVALID_ARGUMENT, "model or out_session is NULL");
  }
  lap::Settings settings;
  lap::SessionSize size;
  lap::MemoryPlan plan{};
  lap_status status = lap::resolve(*model, options, &settings, error);
  if (status == LAP_OK) {
    status = lap::planMemory(*model, settings, size, &plan, error);
  }
  if (status != LAP_OK) {
    return status;
  }
  lap_session *session = lap::allocate(model, settings, plan, error);
  if (!session) {
    return LAP_OUT_OF_MEMORY;
  }
  session->deviceLogitRows = size.deviceLogitRows;
  status = lap::openMemory(*session, size.lanes, error);
  if (status == LAP_OK) {
    lap::prepareSampler(*session);
    status = settings.lender ? LAP_OK : session->team.start(settings.threads, error);
  }
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
    lap::closeMemory(*session);
    session->~lap_session();
    free(session);
  }
}
