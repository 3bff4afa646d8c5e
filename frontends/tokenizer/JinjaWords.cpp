//===- JinjaWords.cpp - names, numbers, strings, operators ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Python's spellings, as far as Jinja 3.1 takes them.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaLexerState.h"
#include "runtime/src/chat/Text.h"

using namespace lapidary::jinja;
using Kind = Token::Kind;

/// What stands behind a backslash, as Python has it; unknown escapes keep their backslash.
bool Lexer::readEscape(std::string &text) {
  static const std::string names = "ntrabfv\\'\"", values = "\n\t\r\a\b\f\v\\'\"";
  char name = source[at];
  size_t which = names.find(name);
  if (which != std::string::npos) {
    text.push_back(values[which]);
    return true;
  }
  size_t digits = name == 'x' ? 2 : name == 'u' ? 4 : name == 'U' ? 8 : 0;
  if (digits == 0) {
    text += {'\\', name};
    return true;
  }
  uint32_t c = 0;
  for (size_t i = 1; i <= digits; ++i) {
    size_t digit = at + i < end ? std::string("0123456789abcdef").find(source[at + i] | 0x20) : std::string::npos;
    if (digit == std::string::npos) {
      return fail(at, "a string escape needs " + std::to_string(digits) + " hexadecimal digits");
    }
    c = c << 4 | static_cast<uint32_t>(digit);
  }
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
    return fail(at, "a string escape names no character");
  }
  at += digits;
  char bytes[4];
  text.append(bytes, lap::writeCodePoint(c, bytes));
  return true;
}

bool Lexer::readString() {
  size_t start = at;
  char quote = source[at++];
  std::string text;
  for (; at < end && source[at] != quote; ++at) {
    if (source[at] != '\\' || at + 1 == end) {
      text.push_back(source[at]);
      continue;
    }
    ++at;
    if (!readEscape(text)) {
      return false;
    }
  }
  if (at == end) {
    return fail(start, "a string is not closed");
  }
  ++at;
  add(Kind::String, start, std::move(text));
  return true;
}

/// 12, 1_000, 1.5, 2e10, 1.5e-3.
bool Lexer::readNumber() {
  size_t start = at;
  std::string text;
  bool isFloat = false;
  auto digits = [&] {
    for (; at < end && (isDigit(source[at]) || (source[at] == '_' && at + 1 < end && isDigit(source[at + 1]))); ++at) {
      text += source[at] == '_' ? "" : std::string(1, source[at]);
    }
  };
  digits();
  if (at + 1 < end && source[at] == '.' && isDigit(source[at + 1])) {
    isFloat = true;
    text += source[at++];
    digits();
  }
  size_t sign = at + 1 < end && (source[at + 1] == '-' || source[at + 1] == '+');
  if (at + 1 + sign < end && (source[at] | 0x20) == 'e' && isDigit(source[at + 1 + sign])) {
    isFloat = true;
    text.append(source, at, 1 + sign);
    at += 1 + sign;
    digits();
  }
  add(isFloat ? Kind::Float : Kind::Integer, start, text);
  return text.size() <= (isFloat ? 40 : 18) || fail(start, "a number is too large");
}

bool Lexer::readToken() {
  char c = source[at];
  size_t start = at;
  if (c == '\'' || c == '"') {
    return readString();
  }
  if (isDigit(c)) {
    return readNumber();
  }
  if (isLetter(c)) {
    while (at < end && (isDigit(source[at]) || isLetter(source[at]))) {
      ++at;
    }
    add(Kind::Name, start, source.substr(start, at - start));
    return true;
  }
  for (const char *op : {"==", "!=", "<=", ">=", "**", "//", "+", "-", "*", "/", "~", "%", "|",
                         "(",  ")",  "[",  "]",  "{",  "}",  ",", ":", ".", "=", "<", ">"}) {
    if (source.compare(at, std::string(op).size(), op) == 0) {
      at += std::string(op).size();
      add(Kind::Operator, start, op);
      return true;
    }
  }
  return fail(at, std::string("unexpected character '") + c + "'");
}
