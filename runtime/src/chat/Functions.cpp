//===- Functions.cpp - range, namespace, raise_exception .. ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What templates call by name without having defined it: Jinja's own and the two that transformers adds.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

#include <time.h>

namespace lap {

Value Interpreter::makeRange(const Node &n, const Arguments &args) {
  for (uint32_t i = 0; i < args.count; ++i) {
    if (args.has(i) && !args.values[i].isWhole()) {
      return fail(n, "range needs whole numbers");
    }
  }
  bool one = !args.has(1);
  int64_t start = one ? 0 : args.values[0].integer, stop = one ? args.values[0].integer : args.values[1].integer;
  int64_t step = args.has(2) ? args.values[2].integer : 1;
  if (step == 0) {
    return fail(n, "a range with step 0");
  }
  uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : -static_cast<uint64_t>(step);
  bool some = step > 0 ? start < stop : start > stop;
  uint64_t distance = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                               : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  uint64_t count = some ? (distance - 1) / stride + 1 : 0;
  if (count > 99'999) { // as Jinja's sandbox has it
    return fail(n, "a range of more than 99999 numbers");
  }
  List *list = newList(0);
  if (!list) {
    return Value();
  }
  list->range = true;
  list->count = static_cast<uint32_t>(count);
  list->start = start;
  list->step = step;
  return Value::listOf(list);
}

Value Interpreter::formatNow(const Node &n, const Value &format) {
  char pattern[256], text[1024];
  if (!format.is(Value::String) || format.bytes >= sizeof(pattern)) {
    return fail(n, "strftime_now needs a short text");
  }
  memcpy(pattern, format.data, format.bytes);
  pattern[format.bytes] = 0;
  time_t seconds = static_cast<time_t>(now);
  struct tm local;
  size_t bytes = localtime_r(&seconds, &local) ? strftime(text, sizeof(text), pattern, &local) : 0;
  char *copy = arena.allocate<char>(bytes);
  if (!copy) {
    return failMemory();
  }
  memcpy(copy, text, bytes);
  return Value::string({copy, bytes});
}

/// namespace(a=1, ..) and dict(a=1, ..).
Value Interpreter::makeMap(const Node &n) {
  Map *map = Map::create(arena, n.count);
  for (uint32_t i = 0; i < n.count && map && ok(); ++i) {
    if (!hasLink(n, i) || node(link(n, i)).kind != LAP_NODE_KEYWORD) {
      return failDamaged(n);
    }
    const Node &keyword = node(link(n, i));
    Value value = evaluate(link(keyword, 0));
    if (ok() && !map->set(nodeText(keyword), value, arena)) {
      return failMemory();
    }
  }
  return map ? Value::mapOf(map, n.op == LAP_FUNCTION_Dict ? Value::MapKind : Value::Namespace) : failMemory();
}

/// raise_exception: the template's own words reach the user.
Value Interpreter::refuse(const Node &n, const Value &words) {
  Value text = toText(n, words);
  if (ok()) {
    lap::fail(error, LAP_INVALID_ARGUMENT, "the chat template refuses this conversation: %.*s",
              text.bytes < 400 ? int(text.bytes) : 400, text.data);
    failure = true;
  }
  return Value();
}

Value Interpreter::callFunction(const Node &n) {
  if (n.op == LAP_FUNCTION_Namespace || n.op == LAP_FUNCTION_Dict) {
    return makeMap(n);
  }
  Arguments args;
  if (!arguments(n, 0, &args) || !args.has(0)) {
    return ok() ? failDamaged(n) : Value();
  }
  switch (n.op) {
  case LAP_FUNCTION_Range:
    return makeRange(n, args);
  case LAP_FUNCTION_StrftimeNow:
    return formatNow(n, args.values[0]);
  default:
    return refuse(n, args.values[0]);
  }
}

} // namespace lap
