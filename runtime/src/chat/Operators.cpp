//===- Operators.cpp - + - in < ... --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Python's arithmetic and comparisons. Whole numbers have 64 bits here; what does not fit is an error, never a wrong
// number.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

#include <math.h>

namespace lap {

bool Interpreter::same(const Node &n, const Value &a, const Value &b) {
  uint64_t before = steps;
  bool result = equals(a, b, &steps);
  if (steps == 0 && before != 0) {
    fail(n, "takes too many steps");
  }
  if (a.is(Value::String) && b.is(Value::String) && a.bytes == b.bytes) {
    spend(n, a.bytes);
  }
  return result;
}

bool Interpreter::less(const Node &n, const Value &a, const Value &b) {
  if (a.isNumber() && b.isNumber()) {
    return a.isWhole() && b.isWhole() ? a.integer < b.integer : a.asReal() < b.asReal();
  }
  if (a.is(Value::String) && b.is(Value::String)) {
    spend(n, a.bytes < b.bytes ? a.bytes : b.bytes);
    return compareTexts(a.text(), b.text()) < 0;
  }
  fail(n, "these two values have no order");
  return false;
}

bool Interpreter::contains(const Node &n, const Value &container, const Value &item) {
  if (container.is(Value::String)) {
    if (!item.is(Value::String)) {
      fail(n, "'in' a text needs a text");
      return false;
    }
    return spend(n, container.bytes) && findText(container.text(), item.text()) != NotFound;
  }
  if (container.is(Value::MapKind)) {
    return item.is(Value::String) && container.map->find(item.text());
  }
  List *items = iterate(n, container);
  for (uint32_t i = 0; items && i < items->count && spend(n, 0); ++i) {
    if (same(n, items->at(i), item)) {
      return ok();
    }
  }
  return false;
}

bool Interpreter::compareOne(const Node &n, uint8_t op, const Value &a, const Value &b) {
  switch (op) {
  case LAP_OP_EQUAL:
    return same(n, a, b);
  case LAP_OP_NOT_EQUAL:
    return !same(n, a, b);
  case LAP_OP_IN:
    return contains(n, b, a);
  case LAP_OP_NOT_IN:
    return !contains(n, b, a);
  case LAP_OP_LESS:
    return less(n, a, b);
  case LAP_OP_GREATER:
    return less(n, b, a);
  case LAP_OP_LESS_EQUAL:
  case LAP_OP_GREATER_EQUAL: {
    bool isLess = less(n, op == LAP_OP_LESS_EQUAL ? a : b, op == LAP_OP_LESS_EQUAL ? b : a);
    return ok() && (isLess || same(n, a, b));
  }
  default:
    failDamaged(n);
    return false;
  }
}

Value Interpreter::compareChain(const Node &n) {
  Value left = evaluate(link(n, 0));
  for (uint32_t i = 1; i < n.count && ok(); ++i) {
    const Node &part = node(link(n, i));
    if (part.kind != LAP_NODE_COMPARE_TO) {
      return failDamaged(n);
    }
    Value right = evaluate(link(part, 0));
    if (!ok() || !compareOne(n, part.op, left, right)) {
      return Value::boolean(false);
    }
    left = right;
  }
  return Value::boolean(true);
}

Value Interpreter::binary(const Node &n) {
  Value a = evaluate(link(n, 0)), b = ok() ? evaluate(link(n, 1)) : Value();
  if (!ok()) {
    return Value();
  }
  if (n.op == LAP_OP_CONCAT) {
    Value left = toText(n, a), right = ok() ? toText(n, b) : Value();
    return ok() && spend(n, right.bytes) ? textValue(concatenate(left.text(), right.text(), arena)) : Value();
  }
  if (n.op == LAP_OP_ADD) {
    return add(n, a, b);
  }
  bool whole = a.isWhole() || b.isWhole();
  if (n.op == LAP_OP_MULTIPLY && whole && (a.is(Value::String) || a.is(Value::ListKind))) {
    return repeat(n, a, b.integer);
  }
  if (n.op == LAP_OP_MULTIPLY && whole && (b.is(Value::String) || b.is(Value::ListKind))) {
    return repeat(n, b, a.integer);
  }
  return arithmetic(n, a, b);
}

Value Interpreter::add(const Node &n, const Value &a, const Value &b) {
  if (a.is(Value::String) && b.is(Value::String)) {
    return spend(n, b.bytes) ? textValue(concatenate(a.text(), b.text(), arena)) : Value();
  }
  if (a.is(Value::ListKind) && b.is(Value::ListKind)) {
    uint64_t count = uint64_t(a.list->count) + b.list->count;
    List *list =
        count < UINT32_MAX && spend(n, count * sizeof(Value)) ? newList(static_cast<uint32_t>(count)) : nullptr;
    for (uint32_t i = 0; list && i < count; ++i) {
      list->items[i] = i < a.list->count ? a.list->at(i) : b.list->at(i - a.list->count);
    }
    return list ? Value::listOf(list) : ok() ? failMemory() : Value();
  }
  return arithmetic(n, a, b);
}

Value Interpreter::repeat(const Node &n, const Value &what, int64_t times) {
  times = times < 0 ? 0 : times;
  uint64_t size = what.is(Value::String) ? what.bytes : what.list->count, total;
  if (__builtin_mul_overflow(size, static_cast<uint64_t>(times), &total) || total > UINT32_MAX) {
    return failMemory();
  }
  if (!spend(n, total)) {
    return Value();
  }
  if (what.is(Value::ListKind)) {
    List *list = newList(static_cast<uint32_t>(total), what.list->tuple);
    for (uint32_t i = 0; list && i < total; ++i) {
      list->items[i] = what.list->at(static_cast<uint32_t>(i % size));
    }
    return list ? Value::listOf(list) : Value();
  }
  char *text = arena.allocate<char>(total);
  for (uint64_t at = 0; text && at < total; at += size) {
    memcpy(text + at, what.data, size);
  }
  return textValue({text, static_cast<size_t>(total)});
}

Value Interpreter::arithmetic(const Node &n, const Value &a, const Value &b) {
  if (!a.isNumber() || !b.isNumber()) {
    static const char *const names[] = {"+", "-", "*", "/", "//", "%", "**"};
    const Value &missing = a.is(Value::Undefined) ? a : b;
    return missing.is(Value::Undefined)
               ? fail(n, "'%.*s' is undefined", int(missing.bytes), missing.data)
               : fail(n, "'%s' between values that it does not fit", n.op < 7 ? names[n.op] : "?");
  }
  bool real = a.is(Value::Float) || b.is(Value::Float) || n.op == LAP_OP_DIVIDE;
  return real ? realArithmetic(n, a.asReal(), b.asReal()) : wholeArithmetic(n, a.integer, b.integer);
}

Value Interpreter::sign(const Node &n, const Value &value) {
  if (ok() && !value.isNumber()) {
    return fail(n, "a sign before something that is not a number");
  }
  bool negate = n.kind == LAP_NODE_NEGATE;
  return value.is(Value::Float) ? Value::realOf(negate ? -value.real : value.real)
         : negate               ? wholeArithmetic(n, 0, value.integer)
                                : Value::integerOf(value.integer);
}

Value Interpreter::power(const Node &n, int64_t base, int64_t exponent) {
  if (exponent < 0) {
    return realArithmetic(n, static_cast<double>(base), static_cast<double>(exponent));
  }
  int64_t result = 1;
  bool fits = true;
  for (; exponent > 0 && fits; exponent >>= 1) {
    fits = !(exponent & 1) || !__builtin_mul_overflow(result, base, &result);
    fits = fits && (exponent == 1 || !__builtin_mul_overflow(base, base, &base));
  }
  return fits ? Value::integerOf(result) : fail(n, "a whole number grows beyond 64 bits");
}

Value Interpreter::wholeArithmetic(const Node &n, int64_t a, int64_t b) {
  uint8_t op = n.kind == LAP_NODE_BINARY ? n.op : uint8_t(LAP_OP_SUBTRACT); // a sign is 0 - x
  int64_t result = 0;
  bool fits = true;
  switch (op) {
  case LAP_OP_ADD:
    fits = !__builtin_add_overflow(a, b, &result);
    break;
  case LAP_OP_SUBTRACT:
    fits = !__builtin_sub_overflow(a, b, &result);
    break;
  case LAP_OP_MULTIPLY:
    fits = !__builtin_mul_overflow(a, b, &result);
    break;
  case LAP_OP_POWER:
    return power(n, a, b);
  case LAP_OP_FLOOR_DIVIDE:
  case LAP_OP_MODULO: {
    if (b == 0) {
      return fail(n, "division by zero");
    }
    if (b == -1) { // INT64_MIN / -1 does not fit
      fits = op == LAP_OP_MODULO || !__builtin_sub_overflow(int64_t(0), a, &result);
      break;
    }
    int64_t quotient = a / b, rest = a % b;
    bool down = rest != 0 && (rest < 0) != (b < 0); // Python rounds down
    result = op == LAP_OP_FLOOR_DIVIDE ? quotient - down : rest + (down ? b : 0);
    break;
  }
  default:
    return failDamaged(n);
  }
  return fits ? Value::integerOf(result) : fail(n, "a whole number grows beyond 64 bits");
}

Value Interpreter::realArithmetic(const Node &n, double a, double b) {
  bool divides = n.op == LAP_OP_DIVIDE || n.op == LAP_OP_FLOOR_DIVIDE || n.op == LAP_OP_MODULO;
  if (divides && b == 0) {
    return fail(n, "division by zero");
  }
  switch (n.op) {
  case LAP_OP_ADD:
    return Value::realOf(a + b);
  case LAP_OP_SUBTRACT:
    return Value::realOf(a - b);
  case LAP_OP_MULTIPLY:
    return Value::realOf(a * b);
  case LAP_OP_DIVIDE:
    return Value::realOf(a / b);
  case LAP_OP_FLOOR_DIVIDE:
    return Value::realOf(floor(a / b));
  case LAP_OP_MODULO: {
    double rest = fmod(a, b);
    return Value::realOf(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  }
  case LAP_OP_POWER:
    return a == 0 && b < 0 ? fail(n, "division by zero") : Value::realOf(pow(a, b));
  default:
    return failDamaged(n);
  }
}

} // namespace lap
