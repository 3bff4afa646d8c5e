//===- PatternClasses.cpp - characters and classes of patterns ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The leaves of a regular expression: what one place of a text may be.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/PatternParser.h"

namespace lap {

/// Takes out what validators do not agree about: beyond ASCII, and U+001C..U+001F, which Python counts as spaces.
static void removeDisputed(SetBuilder &set) {
  set.remove(0x80, LastCharacter);
  set.remove(0x1C, 0x1F);
}

/// \d \w \s and their opposites.
bool PatternParser::shorthand(char letter, SetBuilder &set, bool *negated) {
  char kind = char(letter | 0x20);
  if (kind != 'd' && kind != 'w' && kind != 's') {
    return false;
  }
  SetBuilder own;
  if (kind == 's') {
    own.addText(" \t\n\r\f\v");
  } else {
    own.add('0', '9');
  }
  if (kind == 'w') {
    own.add('a', 'z');
    own.add('A', 'Z');
    own.add('_');
  }
  *negated = letter < 'a';
  if (*negated) {
    own.invert();
    removeDisputed(own);
  }
  set.ranges.append(own.ranges.begin(), own.ranges.size());
  return true;
}

bool PatternParser::parseClassPart(SetBuilder &set, bool *asciiOnly) {
  bool negated = false;
  if (peek() == '\\' && shorthand(peek(1), set, &negated)) {
    *asciiOnly = true;
    at += 2;
    return true;
  }
  uint32_t low, high;
  if (!parseCharacter(&low)) {
    return false;
  }
  high = low;
  if (peek() == '-' && peek(1) != ']') {
    ++at;
    SetBuilder ignored;
    if (peek() == '\\' && shorthand(peek(1), ignored, &negated)) {
      return refuse("a range that ends in a class");
    }
    if (!parseCharacter(&high)) {
      return false;
    }
  }
  set.add(low, high);
  return low <= high || refuse("a range that ends before it starts");
}

bool PatternParser::parseClass(SetBuilder &set) {
  ++at;
  bool inverted = take('^'), asciiOnly = false;
  while (peek() != ']') {
    if (!more()) {
      return refuse("expected ']'");
    }
    if (!parseClassPart(set, &asciiOnly)) {
      return false;
    }
  }
  ++at;
  if (inverted) {
    set.invert();
    if (asciiOnly) {
      removeDisputed(set);
    }
  }
  return true;
}

bool PatternParser::parseCharacter(uint32_t *out) {
  if (peek() != '\\') {
    *out = decodeUtf8(text, bytes, &at);
    return true;
  }
  char letter = peek(1);
  static const char from[] = "nrtfv0", to[] = "\n\r\t\f\v";
  const char *simple = letter ? strchr(from, letter) : nullptr;
  uint32_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 0;
  bool other = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
  if (at + 1 >= bytes || (!simple && digits == 0 && other)) {
    return refuse("this escape is not supported");
  }
  at += 2;
  if (simple) {
    *out = uint8_t(to[simple - from]);
    return true;
  }
  if (digits == 0) {
    --at;
    *out = decodeUtf8(text, bytes, &at);
    return true;
  }
  uint32_t value = 0;
  for (uint32_t i = 0; i < digits; ++i, ++at) {
    char c = peek(), lower = char(c | 0x20);
    if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f')) {
      return refuse("expected hexadecimal digits");
    }
    value = value << 4 | uint32_t(c <= '9' ? c - '0' : lower - 'a' + 10);
  }
  *out = value;
  return (value < 0xD800 || value > 0xDFFF) || refuse("half a surrogate pair");
}

} // namespace lap
