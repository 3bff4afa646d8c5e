//===- Constraint.h - what lap_constraint is inside -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A constraint is the state of one text: a set of places and perhaps the first bytes of a character. The compiled
// grammar and its masks (Engine) are shared by the clones of a constraint and guarded by a lock.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_CONSTRAINT_H
#define LAPIDARY_RUNTIME_CONSTRAINT_CONSTRAINT_H

#include "lapidary/lapidary.h"
#include "runtime/src/Model.h"
#include "runtime/src/constraint/Masks.h"

#include <pthread.h>

namespace lap {

struct Engine {
  Engine(const lap_model &model, const lap_vocabulary *trie)
      : model(model), vocabulary(trie, *model.program), states(network), masks(states, vocabulary) {}

  const lap_model &model;
  Vocabulary vocabulary;
  Grammar grammar;
  Network network;
  States states;
  Masks masks;
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  uint32_t owners = 1; // under the lock
};

/// LAP_OUT_OF_MEMORY with its message.
lap_status noMemory(lap_error *error);

/// An engine whose grammar is to be filled in. Errors: LAP_UNAVAILABLE, LAP_OUT_OF_MEMORY.
lap_status createEngine(const lap_model &model, Engine **out, lap_error *error);
void releaseEngine(Engine *engine);

/// A constraint at the start of its text; takes the engine over, also on failure.
lap_status createConstraint(Engine *engine, lap_constraint **out, lap_error *error);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_CONSTRAINT_H
