//===- Draws.cpp - tokens from logits that stay on the GPU -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Draws.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Draws.h"
#include "runtime/src/Error.h"
#include "runtime/src/Session.h"
#include "runtime/src/cuda/Launch.h"

#include <string.h>

namespace lap {

using namespace cuda;

namespace {

constexpr uint64_t MaximaBytes = LAP_LOGIT_SETS * sizeof(float);
/// Relative: e^x of floats, 2^-17 at 87 below the largest, and sums of 32 of them a thread and 8 levels above.
constexpr double WeightError = 0x1p-15;

uint64_t maskBytes(const lap_program &program) { return alignUp((uint64_t(program.vocab) + 7) / 8, 64); }

/// The session whose device memory the calls of `session` write their logits to.
template <typename Session> Session &holderOf(Session &session) {
  return session.deviceLogitRows ? session : *session.lender;
}

/// A lender's memory for a second look at a row.
struct Again {
  lap_found_row found;
  float sums[LAP_FOUND_PARTS];
};

Again &againOf(lap_session &session) {
  return *reinterpret_cast<Again *>(session.lender->memory.host + session.lender->plan.draws);
}

uint8_t *hostMask(lap_session &session) { return reinterpret_cast<uint8_t *>(&againOf(session) + 1); }

uint64_t lenderBytes(const lap_program &program) { return alignUp(sizeof(Again) + maskBytes(program), 64); }

lap_found_row &foundRow(lap_session &session, size_t row) {
  const uint64_t behind = session.lender == &session ? lenderBytes(*session.model->program) : 0;
  return reinterpret_cast<lap_found_row *>(session.memory.host + session.plan.draws + behind)[row];
}

lap_kernel *kernelOf(const lap_gpu_kernel *kernel) {
  return reinterpret_cast<lap_kernel *>(const_cast<lap_gpu_kernel *>(kernel));
}

uint64_t rowBytes(const lap_program &program) { return uint64_t(program.vocab_padded) * sizeof(float); }

/// One kept row, looked at again.
class SecondLook {
public:
  SecondLook(lap_session &owner, size_t row, const lap_program &program)
      : owner(owner), program(program), calls(*owner.lender->calls) {
    call.calls = &calls;
    call.barrier = owner.lender->team.barrier();
    all = logitRows(owner, 1);
    all.logits += row * rowBytes(program);
    mask = all.found + holderOf(owner).deviceLogitRows * sizeof(lap_found_row);
    sums = mask + maskBytes(program);
  }

  /// What is largest among the ids that are allowed, into againOf(owner).
  const lap_found_row &searchAllowed(const uint64_t *allowed) {
    search(call, all, uploadMask(allowed));
    fetch(calls, &againOf(owner).found, all.found, sizeof(lap_found_row), "copying the largest logits");
    return againOf(owner).found;
  }

  /// The sum of all usable ids' weights.
  double total(const uint64_t *allowed, float temperature, float largest) {
    const Address usable = uploadMask(allowed);
    launch<LogitWeigh>(&call, kernelOf(lap_gpu_module_data.logit_weigh), {LAP_FOUND_PARTS, 1}, all.logits, usable, sums,
                       program.vocab, temperature, largest);
    fetch(calls, againOf(owner).sums, sums, sizeof(Again::sums), "copying sums of weights");
    double sum = 0;
    for (float part : againOf(owner).sums) {
      sum += static_cast<double>(part);
    }
    return sum;
  }

private:
  /// A bitmap of the usable ids; 0 if all are.
  Address uploadMask(const uint64_t *allowed) {
    if (!allowed && program.suppress_count == 0) {
      return 0;
    }
    uint8_t *bits = hostMask(owner);
    if (allowed) {
      memcpy(bits, allowed, (program.vocab + 63) / 64 * sizeof(uint64_t));
    } else {
      memset(bits, 0xff, maskBytes(program));
    }
    for (uint32_t i = 0; i < program.suppress_count; ++i) {
      const uint32_t id = static_cast<uint32_t>(program.suppress[i]);
      if (id < program.vocab) {
        bits[id / 8] = static_cast<uint8_t>(bits[id / 8] & ~(1u << id % 8));
      }
    }
    calls.note(calls.device->driver->copyInAsync(mask, bits, maskBytes(program), calls.stream), "cuMemcpyHtoDAsync",
               "copying the allowed ids");
    return mask;
  }

  lap_session &owner;
  const lap_program &program;
  DeviceCalls &calls;
  Call call = {};
  Rows all;
  Address mask, sums;
};

/// What was found, as the sampler takes it; nothing known if there was more than fits.
KnownLogits gather(Sampler &sampler, const lap_found_row &row, const uint64_t *allowed) {
  KnownLogits known;
  for (const lap_found_part &part : row.parts) {
    if (part.count > LAP_FOUND_MOST) {
      return {};
    }
    for (uint32_t i = 0; i < part.count; ++i) {
      const Candidate candidate = {part.found[i].logit, part.found[i].id};
      if (sampler.isUsable(candidate, allowed)) {
        sampler.scratch[known.count++] = candidate;
      }
    }
  }
  known.bound = row.parts[0].bound;
  return known;
}

bool needsTotal(const lap_sampling &sampling) {
  return sampling.temperature > 0 && sampling.top_k == 0 && sampling.top_p < 1;
}

/// Draws with the sum of all weights, once the largest logits are known.
int32_t drawWithTotal(Sampler &sampler, SecondLook &look, const lap_found_row &found, const lap_sampling &sampling,
                      const uint64_t *allowed) {
  KnownLogits known = gather(sampler, found, allowed);
  float largest = -INFINITY;
  for (uint32_t i = 0; i < known.count; ++i) {
    largest = sampler.scratch[i].logit > largest ? sampler.scratch[i].logit : largest;
  }
  if (known.count == 0) {
    return Sampler::Unsure;
  }
  const double total = look.total(allowed, sampling.temperature, largest / sampling.temperature);
  known.leastTotal = total * (1 - WeightError);
  known.mostTotal = total * (1 + WeightError);
  return sampler.sampleKnown(known, sampling);
}

/// Draws from a row on the GPU; Unsure if the whole row is needed, or after a failure.
int32_t drawKept(Sampler &sampler, lap_session &owner, size_t row, const lap_sampling &sampling,
                 const uint64_t *allowed) {
  const lap_found_row *found = &foundRow(owner, row);
  int32_t id = sampler.sampleKnown(gather(sampler, *found, allowed), sampling);
  if (id != Sampler::Unsure || found->on_host || (!allowed && !needsTotal(sampling))) {
    return id;
  }
  SecondLook look(owner, row, *owner.model->program);
  if (allowed) {
    found = &look.searchAllowed(allowed);
    if (owner.lender->calls->failed()) {
      return Sampler::Unsure;
    }
    id = sampler.sampleKnown(gather(sampler, *found, allowed), sampling);
  }
  return id == Sampler::Unsure && needsTotal(sampling) ? drawWithTotal(sampler, look, *found, sampling, allowed) : id;
}

} // namespace

Rows cuda::logitRows(const lap_session &session, uint32_t count) {
  const lap_session &holder = holderOf(session);
  const auto base = reinterpret_cast<Address>(holder.memory.device);
  Rows rows = {count, session.model->program, base + holder.plan.deviceLogits, base + holder.plan.deviceDraws, 0};
  rows.found = rows.maxima + holder.deviceLogitRows * MaximaBytes;
  return rows;
}

void cuda::search(const Call &call, const Rows &rows, Address mask) {
  const lap_gpu_module &module = lap_gpu_module_data;
  const Grid grid = {LAP_FOUND_PARTS, rows.count};
  const int32_t bytes = static_cast<int32_t>(rowBytes(*rows.program));
  launch<LogitMaxima>(&call, kernelOf(module.logit_maxima), grid, rows.logits, bytes, mask, rows.maxima,
                      rows.program->vocab);
  launch<LogitSearch>(&call, kernelOf(module.logit_search), grid, rows.logits, bytes, mask, rows.maxima, rows.found,
                      rows.program->vocab);
}

void cuda::fetchFound(lap_session &session, const Rows &rows) {
  fetch(*session.lender->calls, &foundRow(session, 0), rows.found, rows.count * sizeof(lap_found_row),
        "copying the largest logits");
}

lap_status cuda::makeRoom(lap_session &session, lap_error *error) {
  lap_session &holder = holderOf(session);
  lap_session *other = holder.keeps;
  lap_status status = LAP_OK;
  if (other && other != &session && (other == holder.lender || validRows(*other) != 0)) {
    for (uint32_t row = 0; row < other->keptRows && status == LAP_OK; ++row) {
      status = fetchRow(*other, row, error);
    }
  }
  holder.keeps = nullptr;
  session.keptRows = 0;
  return status;
}

void cuda::keepRows(lap_session &session, uint32_t count) {
  session.keptRows = count;
  holderOf(session).keeps = count != 0 ? &session : holderOf(session).keeps;
}

void cuda::forgetRows(lap_session &session) {
  lap_session &holder = holderOf(session);
  holder.keeps = holder.keeps == &session ? nullptr : holder.keeps;
}

void sizeDeviceRows(const lap_program &program, uint32_t rows, bool lent, SessionSize &size) {
  size.hostDrawBytes = rows * sizeof(lap_found_row) + (size.lanes != 0 ? lenderBytes(program) : 0);
  if (!lent) {
    size.deviceLogitRows = rows;
    size.deviceDrawBytes = rows * (MaximaBytes + sizeof(lap_found_row)) + maskBytes(program) + sizeof(Again::sums);
  }
}

lap_status fetchRow(lap_session &session, size_t row, lap_error *error) {
  if (row >= session.keptRows || foundRow(session, row).on_host) {
    return LAP_OK;
  }
  DeviceCalls &calls = *session.lender->calls;
  const uint64_t bytes = rowBytes(*session.model->program);
  enter(*calls.device);
  fetch(calls, logitRow(session, row), logitRows(session, 1).logits + row * bytes, bytes, "copying the logits");
  lap_status status = calls.report(error);
  foundRow(session, row).on_host = status == LAP_OK;
  return status;
}

lap_status drawToken(lap_session &session, const lap_sampling &sampling, const uint64_t *allowed, int32_t *out_id,
                     lap_error *error) {
  lap_session &owner = *session.rows.owner;
  const size_t row = lastRow(session);
  DeviceCalls &calls = *owner.lender->calls;
  enter(*calls.device);
  int32_t id = row < owner.keptRows ? drawKept(session.sampler, owner, row, sampling, allowed)
                                    : static_cast<int32_t>(Sampler::Unsure);
  lap_status status = calls.report(error);
  if (status == LAP_OK && id == Sampler::Unsure) {
    status = fetchRow(owner, row, error);
    id = status == LAP_OK ? session.sampler.sample(logitRow(owner, row), sampling, allowed) : id;
  }
  *out_id = id;
  return status;
}

} // namespace lap
