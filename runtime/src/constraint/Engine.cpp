//===- Engine.cpp - what the clones of a constraint share -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Constraint.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Constraint.h"

#include "runtime/src/Error.h"

#include <new>

namespace lap {

lap_status noMemory(lap_error *error) {
  return fail(error, LAP_OUT_OF_MEMORY, "not enough memory for a constraint and its masks");
}

lap_status createEngine(const lap_model &model, Engine **out, lap_error *error) {
  const lap_tokenizer *tokenizer = model.tokenizer;
  if (!tokenizer) {
    return fail(error, LAP_UNAVAILABLE, "this program was compiled without a tokenizer: it has ids, no text");
  }
  const lap_vocabulary *trie = lap_vocabulary_open(
      reinterpret_cast<const char *>(tokenizer) + tokenizer->vocabulary_trie, tokenizer->vocabulary_trie_bytes);
  if (!trie) {
    return fail(error, LAP_UNAVAILABLE, "this program has no table of its tokens' texts; compile the model again");
  }
  void *memory = malloc(sizeof(Engine));
  if (!memory) {
    return noMemory(error);
  }
  *out = new (memory) Engine(model, trie);
  lap_status status = LAP_OK;
  if ((*out)->states.outOfMemory() || (*out)->vocabulary.failed()) {
    status = noMemory(error);
  } else if (!(*out)->vocabulary.hasEveryByte()) {
    status = fail(error, LAP_UNAVAILABLE,
                  "constraints need a model that has a token for every byte; this one's tokenizer has not");
  }
  if (status != LAP_OK) {
    releaseEngine(*out);
  }
  return status;
}

void releaseEngine(Engine *engine) {
  pthread_mutex_lock(&engine->lock);
  bool last = --engine->owners == 0;
  pthread_mutex_unlock(&engine->lock);
  if (last) {
    engine->~Engine();
    free(engine);
  }
}

} // namespace lap
