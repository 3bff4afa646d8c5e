//===- ConstraintApi.cpp - constraints from grammars and schemas ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text to grammar (Gbnf.h, Schema.h), grammar to network, network to a constraint at the start of its text.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/constraint/Constraint.h"
#include "runtime/src/constraint/Gbnf.h"

using lap::fail;

lap_status lap_constraint_create_grammar(const lap_model *model, const char *grammar, size_t bytes,
                                         lap_constraint **out_constraint, lap_error *error) {
  if (!model || (!grammar && bytes) || !out_constraint) {
    return fail(error, LAP_INVALID_ARGUMENT, "model, grammar or out_constraint is NULL");
  }
  lap::Engine *engine;
  lap_status status = lap::createEngine(*model, &engine, error);
  if (status != LAP_OK) {
    return status;
  }
  status = lap::parseGbnf(grammar, bytes, model->tokenizer, engine->grammar, error);
  if (status == LAP_OK) {
    char name[80];
    switch (engine->network.build(engine->grammar, engine->vocabulary)) {
    case lap::Network::Status::Ok:
      break;
    case lap::Network::Status::TooLarge:
      status = fail(error, LAP_INVALID_ARGUMENT, "the grammar is too large: it needs more than %u nodes; use fewer "
                    "repetitions with a count around groups", lap::Network::MaxNodes);
      break;
    case lap::Network::Status::LeftRecursion: {
      uint32_t origin = engine->grammar.rules[engine->network.culprit].origin;
      lap::TextPlace place = lap::placeOf(grammar, bytes, origin);
      lap::gbnfRuleName(grammar, bytes, origin, name, sizeof(name));
      status = fail(error, LAP_INVALID_ARGUMENT, "grammar:%u:%u: rule '%s' calls itself before it reads a character; "
                    "write the recursion at the end, or as a repetition", place.line, place.column, name);
      break;
    }
    case lap::Network::Status::NoText:
      status = fail(error, LAP_INVALID_ARGUMENT, "the grammar describes no finite text: every way through 'root' goes "
                    "on for ever");
      break;
    }
  }
  if (status != LAP_OK) {
    lap::releaseEngine(engine);
    return status;
  }
  return lap::createConstraint(engine, out_constraint, error);
}
