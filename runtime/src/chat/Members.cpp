//===- Members.cpp - value.member, value[item], value[a:b] ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// As in Jinja: `.` looks for a method first and an item second, `[]` the other way round, what is not there is
// undefined, and looking into something undefined is an error.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

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

} // namespace

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
  if (ok() && object.is(Value::Undefined)) {
    return fail(n, "a slice of '%.*s', which is undefined", int(object.bytes), object.data);
  }
  bool isText = object.is(Value::String);
  if (!ok() || (!isText && !object.is(Value::ListKind))) {
    return Value();
  }
  int64_t size = isText ? static_cast<int64_t>(codePoints(object.text())) : object.list->count, begin, end, step;
  if (!spend(n, static_cast<uint64_t>(size)) || !sliceBounds(n, size, &begin, &end, &step)) {
    return Value();
  }
  uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : -static_cast<uint64_t>(step);
  int64_t distance = step > 0 ? end - begin : begin - end; // both within the size
  uint32_t count = distance > 0 ? static_cast<uint32_t>((static_cast<uint64_t>(distance) - 1) / stride + 1) : 0;
  return isText ? sliceText(n, object, begin, count, step) : sliceList(*object.list, begin, count, step);
}

Value Interpreter::sliceList(const List &source, int64_t begin, uint32_t count, int64_t step) {
  List *list = newList(count, source.tuple);
  for (uint32_t i = 0; list && i < count; ++i) {
    list->items[i] = source.at(static_cast<uint32_t>(begin + static_cast<int64_t>(i) * step));
  }
  return list ? Value::listOf(list) : Value();
}

Value Interpreter::sliceText(const Node &n, const Value &source, int64_t begin, uint32_t count, int64_t step) {
  if (step == 1) {
    size_t from = offsetOfCodePoint(source.text(), static_cast<size_t>(begin));
    Text rest = source.text().part(from, source.bytes);
    return Value::string(rest.part(0, offsetOfCodePoint(rest, count)));
  }
  List *characters = iterate(n, source);
  Value text = Value::string({});
  for (uint32_t i = 0; i < count && ok(); ++i) {
    Value character = characters->at(static_cast<uint32_t>(begin + static_cast<int64_t>(i) * step));
    text = textValue(concatenate(text.text(), character.text(), arena));
  }
  return ok() ? text : Value();
}

} // namespace lap
