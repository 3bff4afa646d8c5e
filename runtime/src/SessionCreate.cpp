//===- SessionCreate.cpp - a session's memory and threads -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One anonymous mapping holds caches, arena, lane scratch, logits, sampler scratch and checkpoints (MemoryPlan); the
// kernel hands out zeroed pages as they are touched, so an unused part of the context costs nothing.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"

#include <errno.h>
#include <new>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace lap {

namespace {

/// Resolved options: no zeros left.
struct Settings {
  uint32_t threads, context, chunk, scoreRows, checkpoints;
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
  if (given.share && (given.share->model != &model || given.share->lender != given.share)) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "the session to share with is of another model or shares another's threads itself");
  }
  return LAP_OK;
}

lap_status settle(const lap_model &model, const lap_session_options *options, Settings *out, lap_error *error) {
  const lap_program &program = *model.program;
  lap_session_options given{};
  if (options) {
    memcpy(&given, options, options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
  }
  lap_status status = checkSettings(model, given, error);
  if (status == LAP_OK) {
    out->threads = given.threads ? given.threads : usableCpus();
    out->context = given.context ? given.context : program.context;
    out->chunk = given.chunk ? given.chunk : program.chunk;
    out->scoreRows = given.score_rows < out->context ? given.score_rows : out->context;
    out->checkpoints = given.checkpoints;
    out->lender = given.share;
  }
  return status;
}

lap_status planMemory(const lap_model &model, const Settings &settings, MemoryPlan *out, lap_error *error) {
  SessionSize size;
  size.lanes = settings.lender ? 0 : settings.threads;
  size.logitRows = settings.scoreRows > 1 ? settings.scoreRows : 1;
  size.checkpoints = settings.checkpoints;
  size.checkpointBytes = alignUp(model.caches.ringBytes(), 64);
  if (!planSession(*model.program, size, out)) {
    return fail(error, LAP_OUT_OF_MEMORY, "the session's memory does not fit into 64 bits; use fewer score rows");
  }
  lap_status status = checkMemory(out->total, "caches and scratch", error);
  if (status == LAP_OK && !settings.lender) { // stacks are address space; their pages are few
    uint64_t stacks = uint64_t(settings.threads - 1) * (WorkerStackBytes + 65536); // guard page, thread data
    status = checkAddressSpace(out->total + stacks, "caches, scratch and thread stacks", error);
  }
  return status;
}

/// A session object without threads; null when memory is refused.
lap_session *allocate(const MemoryPlan &plan, lap_error *error) {
  void *block = mmap(nullptr, plan.total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *memory = block == MAP_FAILED ? nullptr : aligned_alloc(64, alignUp(sizeof(lap_session), 64));
  if (!memory) {
    if (block != MAP_FAILED) {
      munmap(block, plan.total);
    }
    fail(error, LAP_OUT_OF_MEMORY, "cannot reserve %llu bytes for caches and scratch: %s",
         static_cast<unsigned long long>(plan.total), strerror(errno));
    return nullptr;
  }
  lap_session *session = new (memory) lap_session;
  session->block = static_cast<uint8_t *>(block);
  session->plan = plan;
  return session;
}

} // namespace
} // namespace lap

lap_status lap_session_create(lap_model *model, const lap_session_options *options, lap_session **out_session,
                              lap_error *error) {
  if (!model || !out_session) {
    return lap::fail(error, LAP_INVALID_ARGUMENT, "model or out_session is NULL");
  }
  lap::Settings settings;
  lap::MemoryPlan plan{};
  lap_status status = lap::settle(*model, options, &settings, error);
  if (status == LAP_OK) {
    status = lap::planMemory(*model, settings, &plan, error);
  }
  if (status != LAP_OK) {
    return status;
  }
  lap_session *session = lap::allocate(plan, error);
  if (!session) {
    return LAP_OUT_OF_MEMORY;
  }
  session->model = model;
  session->context = settings.context;
  session->chunk = settings.chunk;
  session->scoreRows = settings.scoreRows;
  session->checkpointCount = settings.checkpoints;
  session->lender = settings.lender ? settings.lender : session;
  const lap_session &lender = *session->lender;
  session->sampler.program = model->program;
  session->sampler.scratch = reinterpret_cast<lap::Candidate *>(lender.block + lender.plan.sampler);
  session->sampler.random.seed(0);
  status = settings.lender ? LAP_OK : session->team.start(settings.threads, error);
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
