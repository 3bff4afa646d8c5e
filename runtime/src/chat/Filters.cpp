//===- Filters.cpp - value | filter --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Filters of single values; those of lists are in Sequences.cpp. Text filters take str(value), as Jinja does.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

#include <math.h>

namespace lap {

Value Interpreter::textValue(Text text) { return text.data ? Value::string(text) : failMemory(); }

Value Interpreter::takePrinted(const Node &n, size_t start) {
  Text printed = out.text(start);
  char *copy = out.failed() ? nullptr : arena.allocate<char>(printed.bytes);
  if (copy) {
    memcpy(copy, printed.data, printed.bytes);
  }
  out.truncate(start);
  return ok() && spend(n, printed.bytes) ? textValue({copy, printed.bytes}) : Value();
}

Value Interpreter::toText(const Node &n, const Value &value) {
  if (value.is(Value::String)) {
    return value;
  }
  size_t start = out.size();
  if (!printValue(value, out)) {
    return fail(n, "a value of this kind has no text");
  }
  return takePrinted(n, start);
}

Value Interpreter::length(const Node &n, const Value &value) {
  switch (value.kind) {
  case Value::Undefined:
    return Value::integerOf(0);
  case Value::String:
    return spend(n, value.bytes) ? Value::integerOf(static_cast<int64_t>(codePoints(value.text()))) : Value();
  case Value::ListKind:
    return Value::integerOf(value.list->count);
  case Value::MapKind:
    return Value::integerOf(value.map->count);
  default:
    return fail(n, "this value has no length");
  }
}

Value Interpreter::filter(const Node &n, uint8_t op, const Value &value, const Arguments &args) {
  if (!ok()) {
    return Value();
  }
  switch (op) {
  case LAP_FILTER_Default:
  case LAP_FILTER_D: {
    bool missing = value.is(Value::Undefined) || (args.get(1).truthy() && !value.truthy());
    return !missing ? value : args.has(0) ? args.values[0] : Value::string({});
  }
  case LAP_FILTER_Count:
  case LAP_FILTER_Length:
    return length(n, value);
  case LAP_FILTER_ToJson:
    return toJson(n, value, args);
  case LAP_FILTER_Abs:
  case LAP_FILTER_Float:
  case LAP_FILTER_Int:
    return numberFilter(n, op, value, args);
  case LAP_FILTER_Capitalize:
  case LAP_FILTER_Indent:
  case LAP_FILTER_Lower:
  case LAP_FILTER_Replace:
  case LAP_FILTER_Safe:
  case LAP_FILTER_String:
  case LAP_FILTER_Title:
  case LAP_FILTER_Trim:
  case LAP_FILTER_Upper:
    return textFilter(n, op, toText(n, value), args);
  default:
    return sequenceFilter(n, op, value, args);
  }
}

Value Interpreter::textFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args) {
  if (!ok() || !spend(n, value.bytes)) {
    return Value();
  }
  Text text = value.text();
  switch (op) {
  case LAP_FILTER_Capitalize:
    return textValue(changeCase(text, Case::Capitalize, arena));
  case LAP_FILTER_Lower:
    return textValue(changeCase(text, Case::Lower, arena));
  case LAP_FILTER_Title:
    return textValue(changeCase(text, Case::Words, arena));
  case LAP_FILTER_Upper:
    return textValue(changeCase(text, Case::Upper, arena));
  case LAP_FILTER_Trim: {
    Value chars = args.get(0);
    Text set = chars.text();
    spend(n, chars.is(Value::String) ? uint64_t(text.bytes) * set.bytes : 0);
    return Value::string(strip(text, chars.is(Value::String) ? &set : nullptr, true, true));
  }
  case LAP_FILTER_Replace: {
    Value from = toText(n, args.get(0)), to = toText(n, args.get(1)), limit = args.get(2);
    return ok() ? textValue(replace(text, from.text(), to.text(), limit.isWhole() ? limit.integer : -1, arena))
                : Value();
  }
  case LAP_FILTER_Indent:
    return indent(n, text, args);
  default: // string, safe
    return value;
  }
}

/// Whole numbers are read as Python's int() does: spaces around, one sign, digits.
static bool readWhole(Text text, int64_t *out) {
  text = strip(text, nullptr, true, true);
  bool negative = text.bytes && text.data[0] == '-';
  size_t at = text.bytes && (negative || text.data[0] == '+') ? 1 : 0;
  int64_t value = 0;
  bool good = at < text.bytes;
  for (; at < text.bytes && good; ++at) {
    int digit = text.data[at] - '0';
    good = digit >= 0 && digit <= 9 && !__builtin_mul_overflow(value, int64_t(10), &value) &&
           !__builtin_add_overflow(value, int64_t(digit), &value);
  }
  *out = negative ? -value : value;
  return good;
}

static bool readReal(Text text, double *out) {
  char copy[64], *end = nullptr;
  text = strip(text, nullptr, true, true);
  if (text.bytes == 0 || text.bytes >= sizeof(copy) || memchr(text.data, 'x', text.bytes) ||
      memchr(text.data, 'X', text.bytes)) {
    return false;
  }
  memcpy(copy, text.data, text.bytes);
  copy[text.bytes] = 0;
  *out = strtod(copy, &end);
  return *end == 0;
}

Value Interpreter::numberFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args) {
  if (op == LAP_FILTER_Abs) {
    if (!value.isNumber()) {
      return fail(n, "abs of something that is not a number");
    }
    return value.is(Value::Float) ? Value::realOf(fabs(value.real))
           : value.integer < 0    ? wholeArithmetic(n, 0, value.integer)
                                  : Value::integerOf(value.integer);
  }
  bool toWhole = op == LAP_FILTER_Int;
  int64_t whole = value.isWhole() ? value.integer : 0;
  double real = value.isNumber() ? value.asReal() : 0;
  bool isWhole = value.isWhole() || (value.is(Value::String) && readWhole(value.text(), &whole));
  bool isReal = value.isNumber() || (value.is(Value::String) && readReal(value.text(), &real));
  if (toWhole && !isWhole && isReal && fabs(real) < 9.2e18) {
    whole = static_cast<int64_t>(real);
    isWhole = true;
  }
  if (toWhole ? isWhole : isReal) {
    return toWhole ? Value::integerOf(whole) : Value::realOf(real);
  }
  return args.has(0) ? args.values[0] : toWhole ? Value::integerOf(0) : Value::realOf(0);
}

Value Interpreter::indent(const Node &n, Text text, const Arguments &args) {
  Value width = args.has(0) ? args.values[0] : Value::integerOf(4);
  Value spaces = width.is(Value::String) ? width
                 : width.isWhole()       ? repeat(n, Value::string({" ", 1}), width.integer)
                                         : Value();
  Value lines = ok() ? splitLines(n, text) : Value();
  bool first = args.get(1).truthy(), blank = args.get(2).truthy();
  size_t start = out.size();
  for (uint32_t i = 0; ok() && i < lines.list->count && spend(n, spaces.bytes); ++i) {
    Text line = lines.list->items[i].text();
    bool indented = i == 0 ? first : blank || line.bytes != 0;
    out.put(i ? "\n" : "");
    if (indented) {
      out.put(spaces.text());
    }
    out.put(line);
  }
  if (ok() && text.bytes && endsWith(text, {"\n", 1})) {
    out.put('\n');
    out.put(blank ? spaces.text() : Text());
  }
  return takePrinted(n, start);
}

Value Interpreter::toJson(const Node &n, const Value &value, const Arguments &args) {
  JsonStyle style;
  style.indent = args.get(0).isWhole() ? static_cast<int>(args.get(0).integer & 31) : -1;
  size_t start = out.size();
  if (!printJson(value, style, out)) {
    return fail(n, "tojson of a value that JSON does not have");
  }
  return takePrinted(n, start);
}

} // namespace lap
