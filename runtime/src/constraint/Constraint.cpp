//===- Constraint.cpp - one text that follows a grammar -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Past states are kept in a ring so that a few tokens can be taken back; entering a state writes the next entry of the
// ring, so a token that is refused changes nothing.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Constraint.h"

#include "runtime/src/Error.h"
#include "runtime/src/tokenizer/Decoder.h"

#include <new>

struct lap_constraint {
  struct State {
    lap::ConfigurationList set{lap::States::MaxPlaces};
    lap::Partial partial{0, 0, 0};
  };
  static constexpr uint32_t Kept = LAP_CONSTRAINT_HISTORY + 1;

  explicit lap_constraint(lap::Engine *engine) : engine(engine) {}
  State &now() { return states[tokens % Kept]; }
  const State &now() const { return states[tokens % Kept]; }

  lap::Engine *engine;
  uint32_t tokens = 0; // accepted
  uint32_t oldest = 0; // tokens of the oldest state that is kept
  uint64_t *words = nullptr;
  char *text = nullptr; // of one token
  lap::ConfigurationList scratch{lap::States::MaxPlaces};
  State states[Kept];
};

namespace lap {

namespace {

struct Guard {
  explicit Guard(Engine *engine) : engine(engine) { pthread_mutex_lock(&engine->lock); }
  ~Guard() { pthread_mutex_unlock(&engine->lock); }
  Engine *engine;
};

lap_status tooAmbiguous(const lap_constraint &constraint, lap_error *error) {
  return fail(error, LAP_INVALID_ARGUMENT,
              "the grammar is too ambiguous: after %u tokens the text can be read in more than %u ways; "
              "write rules so that the next characters tell which one applies",
              constraint.tokens, States::MaxPlaces);
}

/// Reads bytes from the state into `next`; false if they cannot come.
bool readBytes(lap_constraint &constraint, const char *bytes, uint32_t count, lap_constraint::State &next) {
  States &states = constraint.engine->states;
  next.set.assign(constraint.now().set);
  next.partial = constraint.now().partial;
  for (uint32_t i = 0; i < count && next.set.size() != 0; ++i) {
    if (!next.partial.add(uint8_t(bytes[i]))) {
      return false;
    }
    if (next.partial.left != 0) {
      if (!states.accepts(next.set.begin(), next.set.size(), next.partial.low(), next.partial.high())) {
        return false;
      }
      continue;
    }
    constraint.scratch.clear();
    states.step(next.set.begin(), next.set.size(), next.partial.value, constraint.scratch);
    next.set.swap(constraint.scratch);
  }
  return next.set.size() != 0;
}

bool readSpecial(lap_constraint &constraint, int32_t id, lap_constraint::State &next) {
  const lap_constraint::State &now = constraint.now();
  next.set.clear();
  next.partial = {0, 0, 0};
  if (now.partial.left == 0) {
    constraint.engine->states.step(now.set.begin(), now.set.size(), FirstToken + uint32_t(id), next.set);
  }
  return next.set.size() != 0;
}

bool readToken(lap_constraint &constraint, int32_t id, lap_constraint::State &next) {
  const lap_tokenizer *tokenizer = constraint.engine->model.tokenizer;
  switch (lap_decode_kind(tokenizer, id, 1)) {
  case LAP_PIECE_NOTHING:
    return readSpecial(constraint, id, next);
  case LAP_PIECE_ONE_BYTE:
    constraint.text[0] = char(lap_decode_byte(tokenizer, id));
    return readBytes(constraint, constraint.text, 1, next);
  case LAP_PIECE_TEXT:
    break;
  }
  uint32_t bytes = lap_decode_piece(tokenizer, id, constraint.text);
  return bytes != 0 && readBytes(constraint, constraint.text, bytes, next);
}

uint32_t distanceOf(const lap_constraint &constraint) {
  const lap_constraint::State &now = constraint.now();
  const States &states = constraint.engine->states;
  if (now.partial.left == 0) {
    return states.distance(now.set.begin(), now.set.size());
  }
  uint32_t rest = states.distanceAfter(now.set.begin(), now.set.size(), now.partial.low(), now.partial.high());
  return addDistance(now.partial.left, rest);
}

void markEnds(const lap_constraint &constraint, const lap_program &program) {
  bool complete = lap_constraint_is_complete(&constraint);
  for (uint32_t i = 0; i < program.eos_count; ++i) {
    uint32_t id = uint32_t(program.eos[i]);
    if (id < program.vocab) {
      uint64_t bit = uint64_t(1) << (id % 64);
      constraint.words[id / 64] = complete ? constraint.words[id / 64] | bit : constraint.words[id / 64] & ~bit;
    }
  }
}

bool startText(lap_constraint &constraint) {
  constraint.tokens = constraint.oldest = 0;
  constraint.now().set.clear();
  constraint.now().partial = {0, 0, 0};
  Guard guard(constraint.engine);
  if (constraint.engine->owners == 1 && constraint.engine->states.isCrowded()) {
    constraint.engine->states.clear(); // long texts leave many stacks behind
    constraint.engine->masks.forgetStacks();
  }
  constraint.engine->states.clearOverflow();
  constraint.engine->states.start(constraint.now().set);
  return !constraint.engine->states.overflowed();
}

} // namespace

lap_status createConstraint(Engine *engine, lap_constraint **out, lap_error *error) {
  void *memory = malloc(sizeof(lap_constraint));
  if (!memory) {
    releaseEngine(engine);
    return noMemory(error);
  }
  lap_constraint *constraint = new (memory) lap_constraint(engine);
  constraint->words = static_cast<uint64_t *>(calloc(engine->masks.words(), sizeof(uint64_t)));
  constraint->text = static_cast<char *>(malloc(engine->model.tokenizer->max_piece_bytes + 8));
  lap_status status = constraint->words && constraint->text ? LAP_OK : noMemory(error);
  if (status == LAP_OK && !startText(*constraint)) {
    status = tooAmbiguous(*constraint, error);
  }
  if (status != LAP_OK) {
    lap_constraint_free(constraint);
    return status;
  }
  *out = constraint;
  return LAP_OK;
}

} // namespace lap

using lap::fail;

lap_status lap_constraint_clone(const lap_constraint *constraint, lap_constraint **out_constraint, lap_error *error) {
  if (!constraint || !out_constraint) {
    return fail(error, LAP_INVALID_ARGUMENT, "constraint or out_constraint is NULL");
  }
  {
    lap::Guard guard(constraint->engine);
    ++constraint->engine->owners;
  }
  lap_constraint *copy = nullptr;
  lap_status status = lap::createConstraint(constraint->engine, &copy, error);
  if (status != LAP_OK) {
    return status;
  }
  copy->tokens = constraint->tokens;
  copy->oldest = constraint->oldest;
  bool failed = false;
  for (uint32_t i = 0; i < lap_constraint::Kept; ++i) {
    copy->states[i].set.assign(constraint->states[i].set);
    copy->states[i].partial = constraint->states[i].partial;
    failed |= copy->states[i].set.failed();
  }
  if (failed) {
    lap_constraint_free(copy);
    return lap::noMemory(error);
  }
  *out_constraint = copy;
  return LAP_OK;
}

void lap_constraint_free(lap_constraint *constraint) {
  if (constraint) {
    lap::releaseEngine(constraint->engine);
    free(constraint->words);
    free(constraint->text);
    constraint->~lap_constraint();
    free(constraint);
  }
}

void lap_constraint_reset(lap_constraint *constraint) { lap::startText(*constraint); }

lap_status lap_constraint_accept(lap_constraint *constraint, int32_t id, lap_error *error) {
  if (!constraint) {
    return fail(error, LAP_INVALID_ARGUMENT, "constraint is NULL");
  }
  if (lap_model_is_eos(&constraint->engine->model, id)) {
    return fail(error, LAP_INVALID_ARGUMENT, "token %d ends the sequence; it is no part of the text", id);
  }
  lap::Guard guard(constraint->engine);
  lap::States &states = constraint->engine->states;
  lap_constraint::State &next = constraint->states[(constraint->tokens + 1) % lap_constraint::Kept];
  states.clearOverflow();
  bool read = lap::readToken(*constraint, id, next);
  if (constraint->tokens - constraint->oldest == LAP_CONSTRAINT_HISTORY) {
    ++constraint->oldest; // its entry was overwritten
  }
  if (states.outOfMemory() || next.set.failed() || constraint->scratch.failed()) {
    return lap::noMemory(error);
  }
  if (states.overflowed()) {
    return lap::tooAmbiguous(*constraint, error);
  }
  if (!read) {
    return fail(error, LAP_INVALID_ARGUMENT, "token %d cannot come here: after %u tokens the grammar has no such text",
                id, constraint->tokens);
  }
  ++constraint->tokens;
  return LAP_OK;
}

lap_status lap_constraint_rewind(lap_constraint *constraint, uint32_t tokens, lap_error *error) {
  if (!constraint || tokens > constraint->tokens - constraint->oldest) {
    return fail(error, LAP_INVALID_ARGUMENT, "cannot take back %u tokens: the states of the last %u are kept", tokens,
                constraint ? constraint->tokens - constraint->oldest : 0);
  }
  constraint->tokens -= tokens;
  return LAP_OK;
}

int lap_constraint_is_complete(const lap_constraint *constraint) {
  const lap_constraint::State &now = constraint->now();
  for (const lap::Configuration &place : now.set) {
    if (place.node == 0 && now.partial.left == 0) {
      return 1;
    }
  }
  return 0;
}

int lap_constraint_is_finished(const lap_constraint *constraint) {
  return lap_constraint_is_complete(constraint) && constraint->now().set.size() == 1;
}

uint32_t lap_constraint_tokens_to_finish(lap_constraint *constraint) {
  lap::Guard guard(constraint->engine);
  return lap::distanceOf(*constraint);
}

lap_status lap_constraint_mask(lap_constraint *constraint, uint32_t tokens_left, const uint64_t **out_words,
                               lap_error *error) {
  if (!constraint || !out_words) {
    return fail(error, LAP_INVALID_ARGUMENT, "constraint or out_words is NULL");
  }
  lap::Guard guard(constraint->engine);
  lap::Engine &engine = *constraint->engine;
  uint32_t distance = lap::distanceOf(*constraint), limit = lap::NoWay;
  if (tokens_left != UINT32_MAX) { // too late: by the shortest way
    limit = tokens_left > distance ? tokens_left - 1 : distance == 0 ? 0 : distance - 1;
  }
  const lap_constraint::State &now = constraint->now();
  lap::Masks::Status status = engine.masks.find(now.set.begin(), now.set.size(), now.partial, limit, constraint->words);
  if (status != lap::Masks::Status::Ok) {
    return status == lap::Masks::Status::OutOfMemory ? lap::noMemory(error) : lap::tooAmbiguous(*constraint, error);
  }
  lap::markEnds(*constraint, *engine.model.program);
  *out_words = constraint->words;
  return LAP_OK;
}
