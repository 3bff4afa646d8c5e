//===- ConstraintApi.cpp - constraints from grammars and schemas ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text to grammar (Gbnf.h, Schema.h), grammar to network, network to a constraint at the start of its text.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"
#include "runtime/src/constraint/Constraint.h"
#include "runtime/src/constraint/Gbnf.h"
#include "runtime/src/constraint/Schema.h"
#include "runtime/src/constraint/TextPlace.h"

namespace lap {

namespace {

/// Control tokens of the grammar must be tokens that the model can write inside a text.
lap_status checkTokens(const Engine &engine, lap_error *error) {
  for (const CharSet &set : engine.grammar.sets) {
    for (uint32_t i = 0; i < set.count; ++i) {
      uint32_t id = engine.grammar.ranges[set.first + i].high;
      if (id >= FirstToken && !engine.vocabulary.isUsable(id - FirstToken)) {
        uint32_t bytes;
        const char *text = lap_tokenizer_piece(engine.model.tokenizer, id - FirstToken, &bytes);
        return fail(
            error, LAP_INVALID_ARGUMENT,
            "the control token %.*s cannot be part of a text: it ends the sequence, or the model never writes it",
            int(bytes < 80 ? bytes : 80), text);
      }
    }
  }
  return LAP_OK;
}

/// Builds the network of an engine's grammar. `gbnf` is the text the grammar came from, null for a schema.
lap_status buildNetwork(Engine &engine, const char *gbnf, size_t bytes, lap_error *error) {
  if (checkTokens(engine, error) != LAP_OK) {
    return LAP_INVALID_ARGUMENT;
  }
  Network::Status status = engine.network.build(engine.grammar, engine.vocabulary);
  if (status == Network::Status::TooLarge) {
    return fail(error, LAP_INVALID_ARGUMENT,
                "the %s is too large: it needs more than %u nodes; use fewer and smaller counts of repetitions",
                gbnf ? "grammar" : "schema", Network::MaxNodes);
  }
  if (status == Network::Status::NoText) {
    return fail(error, LAP_INVALID_ARGUMENT,
                gbnf ? "the grammar describes no finite text: every way through 'root' goes on for ever"
                     : "no value satisfies the schema, or only endless ones do");
  }
  if (status == Network::Status::LeftRecursion && gbnf) {
    char name[80];
    uint32_t origin = engine.grammar.rules[engine.network.culprit].origin;
    TextPlace place = placeOf(gbnf, bytes, origin);
    gbnfRuleName(gbnf, bytes, origin, name, sizeof(name));
    return fail(error, LAP_INVALID_ARGUMENT,
                "grammar:%u:%u: rule '%s' calls itself before it reads a character; write the recursion at the end, or "
                "as a repetition",
                place.line, place.column, name);
  }
  if (status == Network::Status::LeftRecursion) {
    return fail(error, LAP_INVALID_ARGUMENT, "the schema refers to itself without a value in between");
  }
  return LAP_OK;
}

/// The common end of the functions that create: takes the engine over.
lap_status finish(Engine *engine, lap_status status, const char *gbnf, size_t bytes, lap_constraint **out,
                  lap_error *error) {
  if (status == LAP_OK) {
    status = buildNetwork(*engine, gbnf, bytes, error);
  }
  if (status != LAP_OK) {
    releaseEngine(engine);
    return status;
  }
  return createConstraint(engine, out, error);
}

lap_status begin(const lap_model *model, const char *text, size_t bytes, lap_constraint **out, Engine **engine,
                 lap_error *error) {
  if (!model || (!text && bytes) || !out) {
    return fail(error, LAP_INVALID_ARGUMENT, "model, the text or out_constraint is NULL");
  }
  return createEngine(*model, engine, error);
}

} // namespace
} // namespace lap

lap_status lap_constraint_create_grammar(const lap_model *model, const char *grammar, size_t bytes,
                                         lap_constraint **out_constraint, lap_error *error) {
  lap::Engine *engine;
  lap_status status = lap::begin(model, grammar, bytes, out_constraint, &engine, error);
  if (status != LAP_OK) {
    return status;
  }
  const char *text = grammar ? grammar : "";
  status = lap::parseGbnf(text, bytes, model->tokenizer, engine->grammar, error);
  return lap::finish(engine, status, text, bytes, out_constraint, error);
}

lap_status lap_constraint_create_json_schema(const lap_model *model, const char *schema, size_t bytes,
                                             lap_notation notation, lap_constraint **out_constraint, lap_error *error) {
  lap::Engine *engine;
  lap_status status = lap::begin(model, schema, bytes, out_constraint, &engine, error);
  if (status != LAP_OK) {
    return status;
  }
  status = lap::translateSchema(schema ? schema : "", bytes, notation, model->tokenizer, engine->grammar, error);
  return lap::finish(engine, status, nullptr, 0, out_constraint, error);
}

lap_status lap_constraint_create_tool_call(const lap_model *model, const char *tools, size_t bytes,
                                           lap_constraint **out_constraint, lap_error *error) {
  lap::Engine *engine;
  lap_status status = lap::begin(model, tools, bytes, out_constraint, &engine, error);
  if (status != LAP_OK) {
    return status;
  }
  status = lap::translateTools(tools ? tools : "", bytes, model->tokenizer, engine->grammar, error);
  return lap::finish(engine, status, nullptr, 0, out_constraint, error);
}
