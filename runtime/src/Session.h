//===- Session.h - what lap_session is inside -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One token sequence: its memory block, its team of lanes, its sampler. See lapidary.h for the behaviour.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SESSION_H
#define LAPIDARY_RUNTIME_SESSION_H

#include "runtime/src/Lockstep.h"
#include "runtime/src/MemoryPlan.h"
#include "runtime/src/Model.h"
#include "runtime/src/Sampler.h"

struct lap_session {
  lap_model *model = nullptr;
  uint8_t *block = nullptr; // plan.total bytes, parts at the plan's offsets
  lap::MemoryPlan plan{};
  lap::Lockstep team;
  lap::Sampler sampler;
  uint32_t context = 0;             // most tokens
  uint32_t chunk = 0;               // most tokens per step
  uint32_t scoreRows = 0;           // rows of logits that lap_session_score may fill
  uint32_t position = 0;            // tokens in the sequence
  uint32_t rows = 0;                // valid rows of logits
  lap_observer *observer = nullptr; // borrowed; set by the command that calibrates
};

#endif // LAPIDARY_RUNTIME_SESSION_H
