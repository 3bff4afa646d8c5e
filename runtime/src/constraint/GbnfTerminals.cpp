//===- GbnfTerminals.cpp - texts, classes and control tokens of a grammar -===//
// SPDX-License-Identifier: Apache-2.0
//
// See Gbnf.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/GbnfParser.h"
#include "runtime/src/constraint/Vocabulary.h"

namespace lap {

static int hexValue(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool GbnfParser::parseHex(uint32_t digits, uint32_t *out) {
  size_t start = at;
  uint32_t value = 0;
  for (uint32_t i = 0; i < digits; ++i, ++at) {
    int digit = more() ? hexValue(peek()) : -1;
    if (digit < 0) {
      return refuse(start, "expected %u hexadecimal digits", digits);
    }
    value = value << 4 | uint32_t(digit);
  }
  if (value > LastCharacter || (value >= 0xD800 && value <= 0xDFFF)) {
    return refuse(start, "U+%04X is no character", value);
  }
  *out = value;
  return true;
}

bool GbnfParser::parseCharacter(uint32_t *out) {
  size_t start = at;
  if (peek() != '\\') {
    *out = decodeUtf8(text, bytes, &at);
    return *out != UINT32_MAX || refuse(start, "invalid UTF-8");
  }
  ++at;
  char c = peek();
  ++at;
  switch (c) {
  case 'x':
    return parseHex(2, out);
  case 'u':
    return parseHex(4, out);
  case 'U':
    return parseHex(8, out);
  case 't':
    *out = '\t';
    return true;
  case 'r':
    *out = '\r';
    return true;
  case 'n':
    *out = '\n';
    return true;
  case '\\':
  case '"':
  case '[':
  case ']':
  case '-':
  case '^':
    *out = uint8_t(c);
    return true;
  default:
    return refuse(start, "unknown escape; known are \\n \\r \\t \\\\ \\\" \\[ \\] \\- \\^ \\xHH \\uHHHH \\UHHHHHHHH");
  }
}

bool GbnfParser::parseText(uint32_t *out) {
  size_t start = at++;
  Array<char> content(1u << 20);
  while (peek() != '"') {
    if (!more()) {
      return refuse(start, "this text is not closed");
    }
    uint32_t character;
    char encoded[4];
    if (!parseCharacter(&character)) {
      return false;
    }
    content.append(encoded, encodeUtf8(character, encoded));
  }
  ++at;
  *out = grammar.text(content.begin(), content.size());
  return true;
}

bool GbnfParser::parseClass(uint32_t *out) {
  size_t start = at++;
  bool inverted = peek() == '^';
  at += inverted;
  SetBuilder builder;
  while (peek() != ']') {
    if (!more()) {
      return refuse(start, "this '[' is not closed");
    }
    size_t from = at;
    uint32_t low, high;
    if (!parseCharacter(&low)) {
      return false;
    }
    high = low;
    if (peek() == '-' && peek(1) != ']' && at + 1 < bytes) {
      ++at;
      if (!parseCharacter(&high)) {
        return false;
      }
    }
    if (low > high) {
      return refuse(from, "the range ends before it starts");
    }
    builder.add(low, high);
  }
  ++at;
  if (inverted) {
    builder.invert();
  }
  *out = grammar.set(builder);
  return *out != Grammar::NeverExpr || refuse(start, "the class holds no character");
}

bool GbnfParser::parseToken(uint32_t *out) {
  size_t start = at, end = at + 1;
  while (end < bytes && text[end] != '>' && text[end] != '\n') {
    ++end;
  }
  if (end == bytes || text[end] != '>') {
    return refuse(start, "this '<' is not closed; a control token is written <name>");
  }
  at = end + 1;
  uint32_t id = findControlToken(tokenizer, text + start, at - start);
  if (id != LAP_NO_ID) {
    *out = grammar.character(FirstToken + id);
    return true;
  }
  size_t length = at - start;
  return refuse(start, "'%.*s' is no control token of this model", int(length > 60 ? 60 : length), text + start);
}

} // namespace lap
