//===- Expressions.cpp - values, members, calls --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Members and items follow Jinja: `.` looks for a method first and an item second, `[]` the other way round, what is
// not there is undefined, and looking into something undefined is an error.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

#include <time.h>

namespace lap {

namespace {

template <size_t Count> bool isOneOf(Text name, const char *const (&names)[Count]) {
  for (const char *candidate : names) {
    if (name.equals(textOf(candidate))) {
      return true;
    }
  }
  return false;
}

/// Whether Python's object of this kind has a method of this name.
bool hasMethod(const Value &object, Text name) {
  static const char *const ofMaps[] = {"clear", "copy",    "fromkeys",   "get",    "items", "keys",
                                       "pop",   "popitem", "setdefault", "update", "values"};
  static const char *const ofLists[] = {"append", "clear", "copy",   "count",   "extend", "index",
                                        "insert", "pop",   "remove", "reverse", "sort"};
  static const char *const ofTexts[] = {
      "capitalize", "casefold", "count", "endswith", "find",   "format", "index", "isdigit",    "join",       "lower",
      "lstrip",     "split",    "strip", "replace",  "rsplit", "rstrip", "title", "splitlines", "startswith", "upper"};
  return object.is(Value::MapKind)    ? isOneOf(name, ofMaps)
         : object.is(Value::ListKind) ? isOneOf(name, ofLists)
                                      : object.is(Value::String) && isOneOf(name, ofTexts);
}

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
  case LAP_NODE_NOT:
    return Value::boolean(!evaluate(link(n, 0)).truthy());
  case LAP_NODE_NEGATE:
  case LAP_NODE_POSITIVE: {
    Value value = evaluate(link(n, 0));
    if (ok() && !value.isNumber()) {
      return fail(n, "a sign before something that is not a number");
    }
    bool negate = n.kind == LAP_NODE_NEGATE;
    return value.is(Value::Float) ? Value::realOf(negate ? -value.real : value.real)
           : negate               ? wholeArithmetic(n, 0, value.integer)
                                  : Value::integerOf(value.integer);
  }
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
    return !ok() ? Value() : first ? evaluate(link(n, 0)) : hasLink(n, 2) ? evaluate(link(n, 2)) : Value::undefined({});
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

Value Interpreter::loopMember(const Loop &loop, Text name) {
  const List &items = *loop.items;
  int64_t at = loop.index, count = items.count;
  const struct {
    const char *name;
    Value value;
  } members[] = {
      {"index0", Value::integerOf(at)},
      {"index", Value::integerOf(at + 1)},
      {"first", Value::boolean(at == 0)},
      {"last", Value::boolean(at + 1 == count)},
      {"length", Value::integerOf(count)},
      {"revindex", Value::integerOf(count - at)},
      {"revindex0", Value::integerOf(count - at - 1)},
      {"depth", Value::integerOf(1)}, // of recursive loops, which there are none of
      {"depth0", Value::integerOf(0)},
      {"previtem", at > 0 ? items.at(loop.index - 1) : Value()},
      {"nextitem", at + 1 < count ? items.at(loop.index + 1) : Value()},
  };
  for (const auto &m : members) {
    if (name.equals(textOf(m.name))) {
      return m.value;
    }
  }
  return Value::undefined(name);
}

Value Interpreter::member(const Node &n, const Value &object, Text name) {
  if (object.is(Value::Undefined)) {
    return fail(n, "'%.*s' of '%.*s', which is undefined", int(name.bytes), name.data, int(object.bytes), object.data);
  }
  if (object.is(Value::LoopKind)) {
    return loopMember(*object.loop, name);
  }
  if (hasMethod(object, name)) {
    return Value::string(name, Value::Method);
  }
  bool hasMembers = object.is(Value::MapKind) || object.is(Value::Namespace);
  const Value *found = hasMembers ? object.map->find(name) : nullptr;
  return found ? *found : Value::undefined(name);
}

/// Item `at` of a list or text, negative ones from the end.
Value Interpreter::itemOf(const Value &object, int64_t at) {
  int64_t size = object.is(Value::ListKind) ? object.list->count : static_cast<int64_t>(codePoints(object.text()));
  at += at < 0 ? size : 0;
  if (at < 0 || at >= size) {
    return Value();
  }
  if (object.is(Value::ListKind)) {
    return object.list->at(static_cast<uint32_t>(at));
  }
  size_t begin = offsetOfCodePoint(object.text(), static_cast<size_t>(at)), end = begin;
  nextCodePoint(object.text(), &end);
  return Value::string(object.text().part(begin, end));
}

Value Interpreter::index(const Node &n, const Value &object, const Value &key) {
  if (!ok()) {
    return Value();
  }
  if (object.is(Value::Undefined)) {
    return fail(n, "an item of '%.*s', which is undefined", int(object.bytes), object.data);
  }
  if (key.isWhole() && (object.is(Value::ListKind) || object.is(Value::String))) {
    spend(n, object.is(Value::String) ? object.bytes : 0);
    return itemOf(object, key.integer);
  }
  if (!key.is(Value::String)) {
    return Value();
  }
  if (object.is(Value::MapKind)) {
    if (const Value *found = object.map->find(key.text())) {
      return *found;
    }
  }
  return object.is(Value::MapKind) && !hasMethod(object, key.text()) ? Value::undefined(key.text())
                                                                     : member(n, object, key.text());
}

/// Python's slice.indices(size).
bool Interpreter::sliceBounds(const Node &n, int64_t size, int64_t *begin, int64_t *end, int64_t *step) {
  int64_t bounds[3] = {0, 0, 1};
  bool given[3] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    Value value = hasLink(n, i + 1) ? evaluate(link(n, i + 1)) : Value::none();
    given[i] = !value.is(Value::None);
    if (ok() && given[i] && !value.isWhole()) {
      fail(n, "a slice needs whole numbers");
    }
    bounds[i] = given[i] && ok() ? value.integer : bounds[i];
  }
  *step = bounds[2];
  if (ok() && *step == 0) {
    fail(n, "a slice with step 0");
  }
  bool forward = *step > 0;
  int64_t low = forward ? 0 : -1, high = forward ? size : size - 1;
  for (uint32_t i = 0; i < 2; ++i) {
    int64_t value = bounds[i] < 0 ? (bounds[i] < -size ? low : bounds[i] + size) : bounds[i] > high ? high : bounds[i];
    value = value < low ? low : value;
    (i == 0 ? *begin : *end) = given[i] ? value : (i == 0) == forward ? low : high;
  }
  return ok();
}

Value Interpreter::slice(const Node &n) {
  Value object = evaluate(link(n, 0));
  if (ok() && !object.is(Value::ListKind) && !object.is(Value::String)) {
    return object.is(Value::Undefined)
               ? fail(n, "a slice of '%.*s', which is undefined", int(object.bytes), object.data)
               : Value();
  }
  bool isText = object.is(Value::String);
  int64_t size = !ok() ? 0 : isText ? static_cast<int64_t>(codePoints(object.text())) : object.list->count;
  int64_t begin, end, step;
  if (!ok() || !spend(n, static_cast<uint64_t>(size)) || !sliceBounds(n, size, &begin, &end, &step)) {
    return Value();
  }
  uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : -static_cast<uint64_t>(step);
  uint64_t distance = step > 0 ? (end > begin ? static_cast<uint64_t>(end - begin) : 0)
                               : (begin > end ? static_cast<uint64_t>(begin - end) : 0);
  uint32_t count = distance ? static_cast<uint32_t>((distance - 1) / stride + 1) : 0;
  if (isText && step == 1) {
    size_t from = offsetOfCodePoint(object.text(), static_cast<size_t>(begin));
    Text rest = object.text().part(from, object.bytes);
    return Value::string(rest.part(0, offsetOfCodePoint(rest, count)));
  }
  List *items = isText ? iterate(n, object) : object.list;
  List *list = newList(count);
  Value text = Value::string({});
  for (uint32_t i = 0; i < count && ok(); ++i) {
    list->items[i] = items->at(static_cast<uint32_t>(begin + static_cast<int64_t>(i) * step));
    text = isText ? textValue(concatenate(text.text(), list->items[i].text(), arena)) : text;
  }
  if (ok() && !isText) {
    list->tuple = object.list->tuple;
  }
  return !ok() ? Value() : isText ? text : Value::listOf(list);
}

Value Interpreter::call(const Node &n) {
  Value callee = evaluate(link(n, 0));
  if (callee.is(Value::MacroKind)) {
    return callMacro(n, *callee.macro);
  }
  Text name = nodeText(node(link(n, 0)));
  return fail(n, "'%.*s' is called, but is no macro", int(name.bytes), name.data);
}

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

Value Interpreter::callFunction(const Node &n) {
  if (n.op == LAP_FUNCTION_Namespace || n.op == LAP_FUNCTION_Dict) {
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
  Arguments args;
  if (!arguments(n, 0, &args)) {
    return Value();
  }
  if (!args.has(0)) {
    return failDamaged(n);
  }
  if (n.op == LAP_FUNCTION_Range) {
    return makeRange(n, args);
  }
  if (n.op == LAP_FUNCTION_StrftimeNow) {
    return formatNow(n, args.values[0]);
  }
  Value words = toText(n, args.values[0]); // raise_exception
  if (ok()) {
    lap::fail(error, LAP_INVALID_ARGUMENT, "the chat template refuses this conversation: %.*s",
              words.bytes < 400 ? int(words.bytes) : 400, words.data);
    failure = true;
  }
  return Value();
}

} // namespace lap
