//===- Macros.cpp - macros, and text that is kept -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every call of a macro has a scope of its own inside the one that the macro was defined in.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

Value Interpreter::capture(const Node &n, uint32_t body) {
  size_t start = out.size();
  runStatement(body);
  return ok() ? takePrinted(n, start) : Value();
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
