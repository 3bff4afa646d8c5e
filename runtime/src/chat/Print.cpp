//===- Print.cpp - values as text ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Print.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Print.h"

#include <math.h>
#include <stdio.h>

namespace lap {

namespace {

constexpr int MaxDepth = 100;

void printInteger(int64_t value, Buffer &out) {
  char digits[32];
  out.put(digits, static_cast<size_t>(snprintf(digits, sizeof(digits), "%lld", static_cast<long long>(value))));
}

/// A text between quotes: single ones, unless the text holds such and no double ones.
void printQuoted(Text text, Buffer &out) {
  bool hasSingle = memchr(text.data, '\'', text.bytes), hasDouble = memchr(text.data, '"', text.bytes);
  char quote = hasSingle && !hasDouble ? '"' : '\'';
  out.put(quote);
  for (size_t at = 0; at < text.bytes;) {
    size_t start = at;
    uint32_t c = nextCodePoint(text, &at);
    char escaped[16];
    if (c == static_cast<uint32_t>(quote) || c == '\\') {
      out.put('\\');
      out.put(static_cast<char>(c));
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out.put(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (isPrintable(c)) {
      out.put(text.part(start, at));
    } else {
      snprintf(escaped, sizeof(escaped), c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
      out.put(escaped);
    }
  }
  out.put(quote);
}

bool printItems(const List &list, Buffer &out, int depth) {
  out.put(list.tuple ? '(' : '[');
  for (uint32_t i = 0; i < list.count && !out.failed(); ++i) {
    out.put(i ? ", " : "");
    if (!printRepresentation(list.at(i), out, depth - 1)) {
      return false;
    }
  }
  out.put(list.tuple && list.count == 1 ? "," : "");
  out.put(list.tuple ? ')' : ']');
  return true;
}

bool printEntries(const Map &map, Buffer &out, int depth) {
  out.put('{');
  for (uint32_t i = 0; i < map.count && !out.failed(); ++i) {
    out.put(i ? ", " : "");
    printQuoted(map.entries[i].key, out);
    out.put(": ");
    if (!printRepresentation(map.entries[i].value, out, depth - 1)) {
      return false;
    }
  }
  out.put('}');
  return true;
}

/// Between two items, and before the last bracket: nothing, or a new line with `level` indents.
void breakLine(const JsonStyle &style, int level, Buffer &out) {
  if (style.indent >= 0) {
    out.put('\n');
    for (int i = 0; i < style.indent * level; ++i) {
      out.put(' ');
    }
  }
}

void separate(const JsonStyle &style, Buffer &out) { out.put(style.compact || style.indent >= 0 ? "," : ", "); }

bool printJsonList(const List &list, const JsonStyle &style, Buffer &out, int level) {
  out.put('[');
  for (uint32_t i = 0; i < list.count && !out.failed(); ++i) {
    if (i) {
      separate(style, out);
    }
    breakLine(style, level + 1, out);
    if (!printJson(list.at(i), style, out, level + 1)) {
      return false;
    }
  }
  if (list.count) {
    breakLine(style, level, out);
  }
  out.put(']');
  return true;
}

bool printJsonMap(const Map &map, const JsonStyle &style, Buffer &out, int level) {
  out.put('{');
  for (uint32_t i = 0; i < map.count && !out.failed(); ++i) {
    if (i) {
      separate(style, out);
    }
    breakLine(style, level + 1, out);
    printJsonString(map.entries[i].key, out);
    out.put(style.compact ? ":" : ": ");
    if (!printJson(map.entries[i].value, style, out, level + 1)) {
      return false;
    }
  }
  if (map.count) {
    breakLine(style, level, out);
  }
  out.put('}');
  return true;
}

} // namespace

void printReal(double value, Buffer &out) {
  if (!isfinite(value)) {
    out.put(isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    return;
  }
  char text[40];
  int precision = 0;
  do {
    snprintf(text, sizeof(text), "%.*e", precision, value);
  } while (strtod(text, nullptr) != value && ++precision < 17);
  const char *exponentAt = strchr(text, 'e');
  int exponent = atoi(exponentAt + 1);
  if (exponent < -4 || exponent >= 16) { // as it is, but Python writes no needless ".0" here either
    out.put(text);
    return;
  }
  int decimals = precision - exponent > 0 ? precision - exponent : 0;
  char plain[64];
  snprintf(plain, sizeof(plain), "%.*f", decimals, value);
  out.put(plain);
  out.put(decimals == 0 ? ".0" : "");
}

bool printRepresentation(const Value &value, Buffer &out, int depth) {
  if (depth == 0) {
    return false;
  }
  switch (value.kind) {
  case Value::Undefined:
    out.put("Undefined");
    return true;
  case Value::None:
    out.put("None");
    return true;
  case Value::Bool:
    out.put(value.integer ? "True" : "False");
    return true;
  case Value::Integer:
    printInteger(value.integer, out);
    return true;
  case Value::Float:
    printReal(value.real, out);
    return true;
  case Value::BigInteger:
    out.put(value.text());
    return true;
  case Value::String:
    printQuoted(value.text(), out);
    return true;
  case Value::ListKind:
    return printItems(*value.list, out, depth);
  case Value::MapKind:
    return printEntries(*value.map, out, depth);
  default:
    return false;
  }
}

bool printValue(const Value &value, Buffer &out) {
  if (value.is(Value::String)) {
    out.put(value.text());
    return true;
  }
  return value.is(Value::Undefined) || printRepresentation(value, out);
}

void printJsonString(Text text, Buffer &out) {
  out.put('"');
  size_t start = 0;
  for (size_t at = 0; at < text.bytes; ++at) {
    uint8_t c = static_cast<uint8_t>(text.data[at]);
    if (c >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.put(text.part(start, at));
    start = at + 1;
    static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    const char *name = static_cast<const char *>(memchr(names, c, 7));
    char escaped[8] = {'\\', name ? letters[name - names] : 'u', 0};
    if (!name) {
      snprintf(escaped, sizeof(escaped), "\\u%04x", c);
    }
    out.put(escaped);
  }
  out.put(text.part(start, text.bytes));
  out.put('"');
}

bool printJson(const Value &value, const JsonStyle &style, Buffer &out, int level) {
  if (level > MaxDepth) {
    return false;
  }
  switch (value.kind) {
  case Value::None:
    out.put("null");
    return true;
  case Value::Bool:
    out.put(value.integer ? "true" : "false");
    return true;
  case Value::String:
    printJsonString(value.text(), out);
    return true;
  case Value::Float:
    if (!isfinite(value.real)) { // JSON has no such numbers; Python writes these
      out.put(isnan(value.real) ? "NaN" : value.real < 0 ? "-Infinity" : "Infinity");
      return true;
    }
    return printRepresentation(value, out);
  case Value::Integer:
  case Value::BigInteger:
    return printRepresentation(value, out);
  case Value::ListKind:
    return printJsonList(*value.list, style, out, level);
  case Value::MapKind:
    return printJsonMap(*value.map, style, out, level);
  default:
    return false;
  }
}

} // namespace lap
