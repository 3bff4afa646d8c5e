//===- Expressions.cpp - expressions, by their kind ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Literals and names, lists and maps, then everything that has operands.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

namespace {

double bitsToReal(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

} // namespace

Value Interpreter::evaluate(uint32_t index) {
  const Node &n = node(index);
  Value value = enter(n) ? evaluateKind(n) : Value();
  leave();
  return value;
}

Value Interpreter::evaluateKind(const Node &n) {
  uint64_t bits = n.first | static_cast<uint64_t>(n.count) << 32;
  switch (n.kind) {
  case LAP_NODE_NONE:
    return Value::none();
  case LAP_NODE_BOOL:
    return Value::boolean(n.op);
  case LAP_NODE_INTEGER:
    return Value::integerOf(static_cast<int64_t>(bits));
  case LAP_NODE_FLOAT:
    return Value::realOf(bitsToReal(bits));
  case LAP_NODE_STRING:
    return Value::string(nodeText(n));
  case LAP_NODE_NAME:
    return lookup(nodeText(n));
  case LAP_NODE_LIST:
  case LAP_NODE_TUPLE:
    return evaluateItems(n, n.kind == LAP_NODE_TUPLE);
  case LAP_NODE_MAP:
    return evaluateMap(n);
  case LAP_NODE_MEMBER:
    return member(n, evaluate(link(n, 0)), nodeText(n));
  case LAP_NODE_INDEX: {
    Value object = evaluate(link(n, 0));
    return index(n, object, evaluate(link(n, 1)));
  }
  case LAP_NODE_SLICE:
    return slice(n);
  default:
    return n.kind < LAP_NODE_NOT ? evaluateCall(n) : evaluateOperator(n);
  }
}

/// What is called by its name.
Value Interpreter::evaluateCall(const Node &n) {
  switch (n.kind) {
  case LAP_NODE_CALL:
    return call(n);
  case LAP_NODE_FUNCTION:
    return callFunction(n);
  case LAP_NODE_METHOD:
    return method(n);
  case LAP_NODE_FILTER:
  case LAP_NODE_TEST: {
    Value value = evaluate(link(n, 0));
    Arguments args;
    if (!arguments(n, 1, &args)) {
      return Value();
    }
    return n.kind == LAP_NODE_FILTER ? filter(n, n.op, value, args) : Value::boolean(test(n, n.op, value, args));
  }
  case LAP_NODE_MAP_FILTER:
    return mapFilter(n);
  case LAP_NODE_MAP_MEMBER:
    return mapMember(n);
  case LAP_NODE_SELECT:
    return select(n);
  default:
    return failDamaged(n);
  }
}

Value Interpreter::evaluateOperator(const Node &n) {
  switch (n.kind) {
  case LAP_NODE_NOT:
    return Value::boolean(!evaluate(link(n, 0)).truthy());
  case LAP_NODE_NEGATE:
  case LAP_NODE_POSITIVE:
    return sign(n, evaluate(link(n, 0)));
  case LAP_NODE_AND:
  case LAP_NODE_OR: {
    Value value = evaluate(link(n, 0));
    return value.truthy() == (n.kind == LAP_NODE_OR) ? value : evaluate(link(n, 1));
  }
  case LAP_NODE_BINARY:
    return binary(n);
  case LAP_NODE_COMPARE:
    return compareChain(n);
  case LAP_NODE_CONDITIONAL: {
    bool first = evaluate(link(n, 1)).truthy();
    uint32_t chosen = first ? 0 : 2;
    return ok() && hasLink(n, chosen) ? evaluate(link(n, chosen)) : Value::undefined({});
  }
  default:
    return failDamaged(n);
  }
}

Value Interpreter::evaluateItems(const Node &n, bool tuple) {
  List *list = newList(n.count, tuple);
  for (uint32_t i = 0; i < n.count && ok(); ++i) {
    list->items[i] = evaluate(link(n, i));
  }
  return ok() ? Value::listOf(list) : Value();
}

Value Interpreter::evaluateMap(const Node &n) {
  Map *map = Map::create(arena, n.count / 2);
  for (uint32_t i = 0; i + 1 < n.count && map && ok(); i += 2) {
    Value key = evaluate(link(n, i)), value = evaluate(link(n, i + 1));
    if (ok() && !key.is(Value::String)) {
      return fail(n, "a key of a map that is not a text is not supported");
    }
    if (ok() && !map->set(key.text(), value, arena)) {
      return failMemory();
    }
  }
  return map ? Value::mapOf(map) : failMemory();
}

bool Interpreter::arguments(const Node &n, uint32_t first, Arguments *args) {
  args->values = nullptr;
  args->count = n.count > first ? n.count - first : 0;
  Value *values = args->count ? arena.allocate<Value>(args->count) : nullptr;
  if (args->count && !values) {
    failMemory();
  }
  for (uint32_t i = 0; i < args->count && ok(); ++i) {
    values[i] = hasLink(n, first + i) ? evaluate(link(n, first + i)) : Value::absent();
  }
  args->values = values;
  return ok();
}

Value Interpreter::call(const Node &n) {
  Value callee = evaluate(link(n, 0));
  if (callee.is(Value::MacroKind)) {
    return callMacro(n, *callee.macro);
  }
  Text name = nodeText(node(link(n, 0)));
  return fail(n, "'%.*s' is called, but is no macro", int(name.bytes), name.data);
}

} // namespace lap
