//===- Interpreter.cpp - limits, errors, scopes ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What every evaluation stands on: the first error stops it, steps and depth are counted, names are looked up from the
// innermost scope on.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"
#include "runtime/src/MemoryPlan.h"

#include <stdarg.h>
#include <stdio.h>

namespace lap {

namespace {

constexpr uint64_t MaxSteps = 20'000'000; // less than a second
constexpr int MaxDepth = 400;             // bodies and expressions together
constexpr uint64_t WorkPerStep = 16;      // bytes that are moved in the time of a step

const char *base(const lap_template &program) { return reinterpret_cast<const char *>(&program); }

} // namespace

Interpreter::Interpreter(const lap_template &program, Arena &arena, Buffer &out, int64_t now, lap_error *error)
    : program(program), nodes(reinterpret_cast<const Node *>(base(program) + program.nodes)),
      links(reinterpret_cast<const uint32_t *>(base(program) + program.links)),
      strings(base(program) + program.strings), arena(arena), out(out), now(now), error(error), steps(MaxSteps) {
  root = scope = newScope(nullptr);
}

bool Interpreter::run() {
  Value constants = ok() ? evaluate(program.constants) : Value();
  if (constants.is(Value::MapKind)) {
    for (uint32_t i = 0; i < constants.map->count; ++i) {
      const Entry &entry = constants.map->entries[i];
      if (lookup(entry.key).is(Value::Undefined)) { // what the caller defined comes first
        set(root, entry.key, entry.value);
      }
    }
  }
  if (ok()) {
    runStatement(program.body);
  }
  if (ok() && out.failed()) {
    failMemory();
  }
  return ok();
}

Value Interpreter::fail(const Node &n, const char *format, ...) {
  if (ok()) {
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    for (char *c = text; *c; ++c) {
      *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    }
    lap::fail(error, LAP_INVALID_ARGUMENT, "chat template, line %u: %s", n.line, text);
  }
  failure = true;
  return Value();
}

Value Interpreter::failMemory() {
  if (ok()) {
    lap::failMemory(arena.used() + out.size(), "writing the prompt", error);
  }
  failure = true;
  return Value();
}

bool Interpreter::spend(const Node &n, uint64_t work) {
  uint64_t cost = 1 + work / WorkPerStep;
  if (cost > steps) {
    fail(n, "takes too many steps; shorten the conversation");
    steps = 0;
    return false;
  }
  steps -= cost;
  return ok();
}

bool Interpreter::enter(const Node &n) {
  if (++depth > MaxDepth) {
    fail(n, "recurses too deeply");
  }
  return spend(n, 0);
}

Scope *Interpreter::newScope(Scope *outer) {
  Scope *fresh = arena.allocate<Scope>(1);
  if (!fresh) {
    failMemory();
    return outer;
  }
  fresh->outer = outer;
  return fresh;
}

void Interpreter::set(Scope *where, Text name, const Value &value) {
  Binding *binding = where ? where->first : nullptr;
  while (binding && !binding->name.equals(name)) {
    binding = binding->next;
  }
  if (!binding) {
    binding = where ? arena.allocate<Binding>(1) : nullptr;
    if (!binding) {
      failMemory();
      return;
    }
    binding->name = name;
    binding->next = where->first;
    where->first = binding;
  }
  binding->value = value;
}

Value Interpreter::lookup(Text name) const {
  for (const Scope *where = scope; where; where = where->outer) {
    for (const Binding *binding = where->first; binding; binding = binding->next) {
      if (binding->name.equals(name)) {
        return binding->value;
      }
    }
  }
  return Value::undefined(name);
}

} // namespace lap
