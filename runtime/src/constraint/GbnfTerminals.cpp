//===- GbnfTerminals.cpp - texts, classes and control tokens of a grammar -===//
// SPDX-License-Identifier: Apache-2.0
//
// See Gbnf.h.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/GbnfParser.h"
#include "runtime/src/constraint/Vocabulary.h"
#include "runtime/src/tokenizer/Decoder.h"

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

/// A token by its number: its character if it is a control token, else its text.
bool GbnfParser::tokenById(size_t start, uint32_t id, uint32_t *out) {
  lap_piece_kind kind = tokenizer ? lap_decode_kind(tokenizer, int32_t(id), 1) : LAP_PIECE_NOTHING;
  if (!tokenizer || id >= tokenizer->pieces || kind == LAP_PIECE_ONE_BYTE) {
    return refuse(start, "token %u %s", id, kind == LAP_PIECE_ONE_BYTE ? "is a byte, no text" : "does not exist");
  }
  if (kind == LAP_PIECE_NOTHING) {
    *out = grammar.character(FirstToken + id);
    return true;
  }
  Array<char> content(1u << 20);
  uint32_t bytes = content.addZeros(tokenizer->max_piece_bytes + 1);
  if (content.failed()) {
    return refuse(start, "not enough memory");
  }
  bytes = lap_decode_piece(tokenizer, int32_t(id), content.begin());
  *out = grammar.text(content.begin(), bytes);
  return true;
}

/// <name> is the token with this text, <[id]> the token with this number.
bool GbnfParser::parseToken(uint32_t *out) {
  size_t start = at, end = at + 1;
  while (end < bytes && text[end] != '>' && text[end] != '\n') {
    ++end;
  }
  if (end == bytes || text[end] != '>') {
    return refuse(start, "this '<' is not closed; a token is written <name> or <[number]>");
  }
  at = end + 1;
  if (text[start + 1] == '[' && text[end - 1] == ']') {
    uint64_t id = 0;
    bool digits = end - start > 3;
    for (size_t i = start + 2; i + 1 < end; ++i) {
      digits = digits && text[i] >= '0' && text[i] <= '9' && id < INT32_MAX;
      id = id * 10 + uint64_t(text[i] - '0');
    }
    return digits && id <= INT32_MAX ? tokenById(start, uint32_t(id), out) : refuse(start, "expected <[number]>");
  }
  uint32_t id = findControlToken(tokenizer, text + start, at - start);
  id = id == LAP_NO_ID && tokenizer ? lap_tokenizer_find(tokenizer, text + start, at - start) : id;
  if (id == LAP_NO_ID) {
    size_t length = at - start;
    return refuse(start, "'%.*s' is no token of this model", int(length > 60 ? 60 : length), text + start);
  }
  return tokenById(start, id, out);
}

} // namespace lap
