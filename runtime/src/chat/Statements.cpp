//===- Statements.cpp - statements of templates ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Scoping as in Jinja: `if` has none, every pass of a loop has its own.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

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

void Interpreter::runSetBlock(const Node &n) {
  Scope *outer = scope;
  scope = newScope(outer);
  Value text = ok() ? capture(n, link(n, 0)) : Value();
  scope = outer;
  if (ok()) {
    assign(node(link(n, 1)), text);
  }
}

} // namespace lap
