//===- NetworkEmitter.cpp - from expressions to nodes ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Expressions are emitted from their end to their start: emit(expression, next) returns the node at which the
// expression begins when `next` follows it. Repetitions that need more than a counter become rules that are called
// often.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Network.h"

namespace lap {

namespace {

constexpr uint32_t MaxDepth = 400; // of nested expressions; front ends stay far below

class Emitter {
public:
  explicit Emitter(Network &network) : net(network), grammar(*network.grammar) {}

  uint32_t emit(uint32_t expr, uint32_t next);
  bool failed() const { return deep || net.nodes.failed() || net.lists.failed(); }

private:
  uint32_t add(NodeKind kind, uint32_t a, uint32_t b, uint32_t c, uint32_t next) {
    return net.nodes.add({kind, Repeats::No, a, b, c, next, loop, NoWay});
  }
  uint32_t split(uint32_t first, uint32_t second);
  uint32_t emitText(const Expr &expr, uint32_t next);
  uint32_t emitChoice(const Expr &expr, uint32_t next);
  uint32_t emitRepeat(const Expr &expr, uint32_t next);
  uint32_t emitStar(uint32_t body, uint32_t next, bool atLeastOnce);
  uint32_t emitCounted(const Expr &expr, uint32_t next);
  uint32_t emitCalls(const Expr &expr, uint32_t next);
  uint32_t emitCopies(const Expr &expr, uint32_t next);
  bool isShort(const Expr &repeat) const;
  bool isFlat(uint32_t expr, uint32_t level) const;
  bool mayBeEmpty(uint32_t expr, uint32_t level) const;

  Network &net;
  Grammar &grammar;
  uint32_t loop = 0, depth = 0;
  bool deep = false;
};

uint32_t Emitter::emit(uint32_t index, uint32_t next) {
  if (failed() || ++depth > MaxDepth) {
    deep = true;
    return 0;
  }
  const Expr expr = grammar.exprs[index];
  uint32_t node = next;
  switch (expr.kind) {
  case ExprKind::Never:
    node = add(NodeKind::Split, 0, 0, 0, 0);
    break;
  case ExprKind::Empty:
    break;
  case ExprKind::Set:
    node = add(NodeKind::Char, expr.a, 0, 0, next);
    break;
  case ExprKind::Text:
    node = emitText(expr, next);
    break;
  case ExprKind::Sequence:
    for (uint32_t i = expr.b; i-- > 0;) {
      node = emit(grammar.lists[expr.a + i], node);
    }
    break;
  case ExprKind::Choice:
    node = emitChoice(expr, next);
    break;
  case ExprKind::Repeat:
    node = emitRepeat(expr, next);
    break;
  case ExprKind::Rule:
    node = add(NodeKind::Call, expr.a, 0, 0, next);
    break;
  }
  --depth;
  return node;
}

uint32_t Emitter::emitText(const Expr &expr, uint32_t next) {
  for (uint32_t i = expr.b; i-- > 0;) {
    uint32_t one = grammar.exprs[grammar.character(grammar.lists[expr.a + i])].a;
    next = add(NodeKind::Char, one, 0, 0, next);
  }
  return next;
}

uint32_t Emitter::split(uint32_t first, uint32_t second) {
  uint32_t list = net.lists.add(first);
  net.lists.add(second);
  return add(NodeKind::Split, list, 2, 0, 0);
}

uint32_t Emitter::emitChoice(const Expr &expr, uint32_t next) {
  uint32_t list = net.lists.addZeros(expr.b);
  for (uint32_t i = 0; i < expr.b && !failed(); ++i) {
    uint32_t start = emit(grammar.lists[expr.a + i], next);
    net.lists[list + i] = start;
  }
  return add(NodeKind::Split, list, expr.b, 0, 0);
}

uint32_t Emitter::emitStar(uint32_t body, uint32_t next, bool atLeastOnce) {
  uint32_t choice = split(0, next);
  uint32_t start = emit(body, choice);
  if (!failed()) {
    net.lists[net.nodes[choice].a] = start;
  }
  return atLeastOnce ? start : choice;
}

uint32_t Emitter::emitRepeat(const Expr &expr, uint32_t next) {
  if (expr.c == Unlimited && expr.b <= 1) {
    return emitStar(expr.a, next, expr.b == 1);
  }
  if (expr.b == 0 && expr.c == 1) {
    uint32_t start = emit(expr.a, next);
    return split(start, next);
  }
  if (isShort(expr)) {
    return emitCopies(expr, next);
  }
  bool counts = loop == 0 && isFlat(expr.a, 0) && !mayBeEmpty(expr.a, 0);
  return counts ? emitCounted(expr, next) : emitCalls(expr, next);
}

/// [a-z]{1,3} and the like: so few characters that copies are smaller than a counter.
bool Emitter::isShort(const Expr &repeat) const {
  return repeat.c <= 4 && grammar.exprs[repeat.a].kind == ExprKind::Set;
}

uint32_t Emitter::emitCopies(const Expr &expr, uint32_t next) {
  uint32_t start = next;
  for (uint32_t i = expr.b; i < expr.c; ++i) {
    uint32_t copy = emit(expr.a, start);
    start = split(copy, next);
  }
  for (uint32_t i = 0; i < expr.b; ++i) {
    start = emit(expr.a, start);
  }
  return start;
}

uint32_t Emitter::emitCounted(const Expr &expr, uint32_t next) {
  uint32_t head = add(NodeKind::Loop, expr.b, expr.c, 0, next);
  loop = head;
  uint32_t again = add(NodeKind::Again, head, 0, 0, 0);
  uint32_t body = emit(expr.a, again);
  loop = 0;
  net.nodes[head].c = body;
  return head;
}

/// X{2,4} as R R (R R?)? with R ::= X; X{2,} as R R R*.
uint32_t Emitter::emitCalls(const Expr &expr, uint32_t next) {
  uint32_t rule = grammar.addRule(0);
  grammar.define(rule, expr.a);
  uint32_t start = next;
  if (expr.c == Unlimited) {
    start = split(0, next);
    uint32_t call = add(NodeKind::Call, rule, 0, 0, start);
    if (!failed()) {
      net.lists[net.nodes[start].a] = call;
    }
  } else {
    for (uint32_t i = expr.b; i < expr.c && !failed(); ++i) {
      uint32_t call = add(NodeKind::Call, rule, 0, 0, start);
      start = split(call, next);
    }
  }
  for (uint32_t i = 0; i < expr.b && !failed(); ++i) {
    start = add(NodeKind::Call, rule, 0, 0, start);
  }
  return start;
}

/// Whether a counter can stay with the expression: no calls and no counters inside.
bool Emitter::isFlat(uint32_t index, uint32_t level) const {
  const Expr &expr = grammar.exprs[index];
  if (level > 20 || expr.kind == ExprKind::Rule) {
    return false;
  }
  if (expr.kind == ExprKind::Repeat) {
    bool plain = (expr.c == Unlimited && expr.b <= 1) || (expr.b == 0 && expr.c == 1) || isShort(expr);
    return plain && isFlat(expr.a, level + 1);
  }
  if (expr.kind == ExprKind::Sequence || expr.kind == ExprKind::Choice) {
    for (uint32_t i = 0; i < expr.b; ++i) {
      if (!isFlat(grammar.lists[expr.a + i], level + 1)) {
        return false;
      }
    }
  }
  return true;
}

/// For flat expressions.
bool Emitter::mayBeEmpty(uint32_t index, uint32_t level) const {
  const Expr &expr = grammar.exprs[index];
  if (expr.kind == ExprKind::Repeat) {
    return expr.b == 0 || mayBeEmpty(expr.a, level + 1);
  }
  if (expr.kind != ExprKind::Sequence && expr.kind != ExprKind::Choice) {
    return expr.kind == ExprKind::Empty;
  }
  bool sequence = expr.kind == ExprKind::Sequence;
  for (uint32_t i = 0; i < expr.b; ++i) {
    if (mayBeEmpty(grammar.lists[expr.a + i], level + 1) != sequence) {
      return !sequence;
    }
  }
  return sequence;
}

} // namespace

/// Rules may be added while others are emitted.
bool Network::emitRules() {
  Emitter emitter(*this);
  for (uint32_t rule = 0; rule < grammar->rules.size(); ++rule) {
    starts.add(emitter.emit(grammar->rules[rule].expr, 0));
    if (emitter.failed() || grammar->failed() || starts.failed()) {
      return false;
    }
  }
  return true;
}

} // namespace lap
