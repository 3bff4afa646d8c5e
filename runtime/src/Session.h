//===- Session.h - what lap_session is inside -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One token sequence: its memory, its sampler, and a team of lanes that it has or borrows. See lapidary.h for the
// behaviour; where memory and lanes are is the business of Device.h. SessionCreate.cpp makes it, Session.cpp feeds it
// tokens, SessionGroup.cpp several at once; Checkpoint.cpp returns to earlier positions, SessionFile.cpp keeps it in a
// file.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SESSION_H
#define LAPIDARY_RUNTIME_SESSION_H

#include "runtime/src/Device.h"
#include "runtime/src/Drafts.h"
#include "runtime/src/Lockstep.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Model.h"
#include "runtime/src/Sampler.h"

namespace lap {

enum { MaxCheckpoints = 64 };

/// A copy of the rings at an earlier position.
struct Checkpoint {
  uint32_t position = 0; // 0: none
  uint32_t floor = 0;    // lowest position that the copy can return to
  uint64_t used = 0;     // the session's clock when it was made or returned to
};

/// Rows of logits: they may lie in another session's memory, which counts how often it has been written.
struct LogitRows {
  size_t first = 0; // in the owner's memory
  uint32_t count = 0;
  lap_session *owner = nullptr;
  uint64_t written = 0; // owner's count when these rows were made
};

} // namespace lap

struct lap_session {
  lap_model *model = nullptr;
  lap::SessionMemory memory; // parts at the plan's offsets
  lap::MemoryPlan plan{};
  lap_session *lender = nullptr; // whose team, arena and scratch run this session; itself if it has its own
  lap::Lockstep team;
  lap::DeviceCalls *calls = nullptr; // of a session with lanes, where the device needs any
  lap::Sampler sampler;
  uint32_t context = 0;             // most tokens
  uint32_t chunk = 0;               // most tokens per step
  uint32_t scoreRows = 0;           // rows of logits that lap_session_score may fill
  uint32_t deviceLogitRows = 0;     // rows at plan.deviceLogits
  uint32_t position = 0;            // tokens in the sequence
  uint32_t floor = 0;               // lowest position, except 0, that the rings can return to
  lap::LogitRows rows;              // of the latest call
  lap::Drafts drafts;               // guesses behind the sequence
  uint64_t logitsWritten = 0;       // how often this session's memory for logits was
  uint32_t keptRows = 0;            // first rows of that memory that the latest call left on the device
  lap_session *keeps = nullptr;     // whose keptRows lie at this session's plan.deviceLogits; null: nobody's
  lap_observer *observer = nullptr; // borrowed; set by the command that calibrates
  lap::Checkpoint checkpoints[lap::MaxCheckpoints];
  uint32_t checkpointCount = 0; // how many there is memory for
  uint64_t clock = 0;

  int32_t *ids() const { return reinterpret_cast<int32_t *>(memory.host + plan.ids); } // [context]
  uint8_t *caches() const { return memory.device + plan.caches; }
};

namespace lap {

/// Errors: LAP_INVALID_ARGUMENT (NULL, an id out of range), LAP_CONTEXT_FULL.
lap_status checkIds(const lap_session &session, const int32_t *ids, size_t count, lap_error *error);

/// Runs one call of the program on the session's (or its lender's) lanes; fills in the scratch, weights and barrier.
/// Errors: those of runCall.
lap_status runStep(lap_session &session, lap_program_fn *function, lap_step &step, Logits where, lap_error *error);

/// Appends ids[count] in chunks, with the logits of every one in the session's own rows from 0 on; where they are is
/// for the caller to say (setRows). `where` is OnHost for more than one chunk. Errors: those of runCall.
lap_status scoreRows(lap_session &session, const int32_t *ids, size_t count, Logits where, lap_error *error);

/// The sequence grew by ids[tokens], whose keys and values are in the caches.
void appended(lap_session &session, const int32_t *ids, uint32_t tokens);

/// Row `row` of the session's own memory for logits.
float *logitRow(const lap_session &session, size_t row);

/// The session's logits are now `count` rows in `owner`'s memory from row `first` on, written just now.
void setRows(lap_session &session, lap_session &owner, size_t first, uint32_t count);

/// How many rows of logits are valid.
uint32_t validRows(const lap_session &session);

/// The last of them, in session.rows.owner's memory.
inline size_t lastRow(const lap_session &session) { return session.rows.first + session.rows.count - 1; }

/// Ends the checkpoints behind `position`: other tokens may be read there.
void dropCheckpoints(lap_session &session, uint32_t position);

} // namespace lap

#endif // LAPIDARY_RUNTIME_SESSION_H
