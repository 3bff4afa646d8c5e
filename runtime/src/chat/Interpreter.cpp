//===- Interpreter.cpp - statements, scopes, macros ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Scoping as in Jinja: `if` has none, every pass of a loop and every call of a macro has its own, a macro sees the
// scope it was defined in.
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

Interpreter::Flow Interpreter::runStatement(uint32_t index) {
  const Node &n = node(index);
  Flow flow = enter(n) ? runKind(n) : Flow::Normal;
  leave();
  return flow;
}

Interpreter::Flow Interpreter::runKind(const Node &n) {
  switch (n.kind) {
  case LAP_NODE_TEXT:
    out.put(nodeText(n));
    break;
  case LAP_NODE_OUTPUT: {
    Value value = evaluate(link(n, 0));
    if (ok() && !printValue(value, out)) {
      fail(n, "a value of this kind cannot be printed");
    }
    break;
  }
  case LAP_NODE_BLOCK: {
    Flow flow = Flow::Normal;
    for (uint32_t i = 0; i < n.count && flow == Flow::Normal && ok(); ++i) {
      flow = runStatement(link(n, i));
    }
    return flow;
  }
  case LAP_NODE_IF:
    return runIf(n);
  case LAP_NODE_FOR:
    return runFor(n);
  case LAP_NODE_SET:
    bindTargets(n, 1, evaluate(link(n, 0)));
    break;
  case LAP_NODE_SET_BLOCK:
    runSetBlock(n);
    break;
  case LAP_NODE_MACRO:
    defineMacro(n);
    break;
  case LAP_NODE_WITH:
    return runWith(n);
  case LAP_NODE_BREAK:
    return Flow::Break;
  case LAP_NODE_CONTINUE:
    return Flow::Continue;
  default:
    failDamaged(n);
  }
  if (out.failed()) {
    failMemory();
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::runIf(const Node &n) {
  for (uint32_t i = 0; i + 1 < n.count; i += 2) {
    bool taken = evaluate(link(n, i)).truthy();
    if (!ok() || taken) {
      return ok() ? runStatement(link(n, i + 1)) : Flow::Normal;
    }
  }
  return n.count % 2 ? runStatement(link(n, n.count - 1)) : Flow::Normal;
}

void Interpreter::assign(const Node &target, const Value &value) {
  if (target.kind == LAP_NODE_NAME) {
    set(scope, nodeText(target), value);
    return;
  }
  if (target.kind != LAP_NODE_MEMBER) {
    failDamaged(target);
    return;
  }
  Value object = evaluate(link(target, 0));
  if (ok() && !object.is(Value::Namespace)) {
    fail(target, "only members of a namespace can be set");
  } else if (ok() && !object.map->set(nodeText(target), value, arena)) {
    failMemory();
  }
}

/// Assigns to the targets among n's children from `first` on; several take a list apart.
void Interpreter::bindTargets(const Node &n, uint32_t first, const Value &value) {
  if (!ok()) {
    return;
  }
  if (n.count == first + 1) {
    assign(node(link(n, first)), value);
    return;
  }
  List *items = iterate(n, value);
  if (items && items->count != n.count - first) {
    fail(n, "%u values for %u names", items->count, n.count - first);
  }
  for (uint32_t i = first; i < n.count && ok(); ++i) {
    assign(node(link(n, i)), items->at(i - first));
  }
}

/// The items for which the loop's condition holds.
List *Interpreter::filterItems(const Node &n, List *items) {
  Scope *outer = scope;
  List *kept = newList(items->count);
  uint32_t count = 0;
  for (uint32_t i = 0; i < items->count && ok(); ++i) {
    scope = newScope(outer);
    bindTargets(n, 4, items->at(i));
    if (ok() && evaluate(link(n, 1)).truthy()) {
      kept->items[count++] = items->at(i);
    }
  }
  scope = outer;
  if (!ok()) {
    return nullptr;
  }
  kept->count = count;
  return kept;
}

Interpreter::Flow Interpreter::runFor(const Node &n) {
  Scope *outer = scope;
  List *items = iterate(n, evaluate(link(n, 0)));
  if (items && hasLink(n, 1)) {
    items = filterItems(n, items);
  }
  Loop *loop = ok() ? arena.allocate<Loop>(1) : nullptr;
  if (!loop) {
    failMemory();
    return Flow::Normal;
  }
  loop->items = items;
  loop->depth = loops++;
  Flow flow = Flow::Normal;
  for (uint32_t i = 0; i < items->count && ok() && flow != Flow::Break; ++i) {
    loop->index = i;
    scope = newScope(outer); // what a pass sets is gone in the next
    Value self;
    self.kind = Value::LoopKind;
    self.loop = loop;
    set(scope, {"loop", 4}, self);
    bindTargets(n, 4, items->at(i));
    flow = ok() ? runStatement(link(n, 2)) : flow;
  }
  --loops;
  scope = outer;
  return ok() && items->count == 0 && hasLink(n, 3) ? runStatement(link(n, 3)) : Flow::Normal;
}

Interpreter::Flow Interpreter::runWith(const Node &n) {
  Scope *outer = scope;
  scope = newScope(outer);
  for (uint32_t i = 1; i < n.count && ok(); ++i) {
    runStatement(link(n, i));
  }
  Flow flow = ok() ? runStatement(link(n, 0)) : Flow::Normal;
  scope = outer;
  return flow;
}

Value Interpreter::capture(const Node &n, uint32_t body) {
  size_t start = out.size();
  runStatement(body);
  return ok() ? takePrinted(n, start) : Value();
}

void Interpreter::runSetBlock(const Node &n) {
  Scope *outer = scope;
  scope = newScope(outer);
  Value text = ok() ? capture(n, link(n, 0)) : Value();
  scope = outer;
  if (ok()) {
    assign(node(link(n, 1)), text);
  }
}

void Interpreter::defineMacro(const Node &n) {
  Macro *macro = arena.allocate<Macro>(1);
  if (!macro) {
    failMemory();
    return;
  }
  macro->node = &n;
  macro->scope = scope;
  Value value;
  value.kind = Value::MacroKind;
  value.macro = macro;
  set(scope, nodeText(n), value);
}

/// The node of the argument for parameter `name`, the i-th from 1, or LAP_NO_NODE.
uint32_t Interpreter::argumentFor(const Node &call, Text name, uint32_t i) const {
  for (uint32_t k = 1; k < call.count; ++k) {
    const Node &given = node(link(call, k));
    bool named = given.kind == LAP_NODE_KEYWORD;
    if (named ? nodeText(given).equals(name) : k == i) {
      return named ? link(given, 0) : link(call, k);
    }
  }
  return LAP_NO_NODE;
}

Value Interpreter::callMacro(const Node &call, const Macro &macro) {
  const Node &definition = *macro.node;
  Scope *caller = scope, *own = newScope(macro.scope);
  uint32_t used = 1; // the callee, then arguments that found their parameter
  for (uint32_t i = 1; i < definition.count && ok(); ++i) {
    const Node &parameter = node(link(definition, i));
    if (parameter.kind != LAP_NODE_PARAMETER) {
      return failDamaged(definition);
    }
    Text name = nodeText(parameter);
    uint32_t argument = argumentFor(call, name, i);
    used += argument != LAP_NO_NODE;
    scope = argument != LAP_NO_NODE ? caller : own;
    uint32_t source = argument != LAP_NO_NODE ? argument : link(parameter, 0);
    set(own, name, source != LAP_NO_NODE ? evaluate(source) : Value::undefined(name));
  }
  if (ok() && used != call.count) {
    fail(call, "the macro '%.*s' does not take these arguments", int(definition.text_bytes), strings + definition.text);
  }
  scope = own;
  Value text = ok() ? capture(definition, link(definition, 0)) : Value();
  scope = caller;
  return text;
}

} // namespace lap
