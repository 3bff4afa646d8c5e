//===- Draws.h - tokens from logits that stay on the GPU -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A call that may leave its logits on the GPU searches them as its last kernels, captured with the others: 8 KiB a row
// come back, with the 256 largest and whatever else reaches their bound. The sampler decides from these
// (Sampler::sampleKnown) with the result of the whole row. Where they do not decide it, the row is searched again among
// the ids that a constraint allows, or its weights are summed for top_p; where that is not enough either (top_p 1
// without top_k, more ties than fit), the row is copied.
//
// Rows stay in the memory of a session or of its lender (holderOf), until another session's call writes there: what is
// still wanted of them is copied first (makeRoom).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_DRAWS_H
#define LAPIDARY_RUNTIME_CUDA_DRAWS_H

#include "runtime/src/cuda/Calls.h"

namespace lap::cuda {

/// Where `count` rows of logits of the session's calls lie, and what is found in them.
Rows logitRows(const lap_session &session, uint32_t count);

/// Enqueues a search of the rows. mask: address of a bitmap of ids, 0 for all.
void search(const Call &call, const Rows &rows, Address mask);

/// Copies what was found to the session's memory, waits for all.
void fetchFound(lap_session &session, const Rows &rows);

/// Copies rows of another session from where the session's next call writes. The session's own are given up. Errors:
/// LAP_DEVICE_FAILED.
lap_status makeRoom(lap_session &session, lap_error *error);
/// The session's first `count` rows are on the GPU alone now, and what was found in them is in its memory. 0: none are.
void keepRows(lap_session &session, uint32_t count);
/// The session is about to end.
void forgetRows(lap_session &session);

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_DRAWS_H
