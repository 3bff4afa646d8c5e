//===- Pattern.cpp - parser of regular expressions ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent with limits. Lengths are followed on the way, so that minLength and maxLength can be compared.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Pattern.h"

#include <stdio.h>

namespace lap {

namespace {

constexpr uint32_t MaxNesting = 40;
constexpr uint32_t MaxTimes = 20000;

uint32_t cutLength(uint64_t length) { return length < Unlimited ? uint32_t(length) : Unlimited; }

class Parser {
public:
  Parser(Grammar &grammar, const char *text, size_t bytes, lap_notation notation, char *problem, size_t capacity)
      : grammar(grammar), text(text), bytes(bytes), notation(notation), problem(problem), capacity(capacity) {}

  bool parse(Pattern *out);

private:
  bool refuse(const char *what) {
    snprintf(problem, capacity, "%s, at character %zu", what, at + 1);
    return false;
  }
  bool more() const { return at < bytes; }
  char peek(size_t ahead = 0) const { return at + ahead < bytes ? text[at + ahead] : 0; }
  bool take(char c) {
    bool same = more() && peek() == c;
    at += same;
    return same;
  }
  bool parseWhole(Pattern *out);
  bool parseChoice(Pattern *out);
  bool parseSequence(Pattern *out);
  bool parseAtom(Pattern *out);
  bool parseTimes(Pattern *atom);
  bool parseNumber(uint32_t *out);
  bool parseClass(SetBuilder &set);
  bool parseClassPart(SetBuilder &set, bool *asciiOnly);
  bool parseCharacter(uint32_t *out);
  bool shorthand(char letter, SetBuilder &set, bool *negated);
  void append(Pattern *to, const Pattern &part);
  void alternative(Pattern *to, const Pattern &part, bool first);

  Grammar &grammar;
  const char *text;
  size_t bytes, at = 0;
  lap_notation notation;
  char *problem;
  size_t capacity;
  uint32_t nesting = 0;
};

void Parser::append(Pattern *to, const Pattern &part) {
  to->expr = grammar.all(to->expr, part.expr);
  to->least = cutLength(uint64_t(to->least) + part.least);
  bool endless = to->most == Unlimited || part.most == Unlimited;
  to->most = endless ? Unlimited : cutLength(uint64_t(to->most) + part.most);
  to->one = Grammar::NeverExpr;
}

void Parser::alternative(Pattern *to, const Pattern &part, bool first) {
  if (first) {
    *to = part;
    return;
  }
  to->expr = grammar.any(to->expr, part.expr);
  to->least = part.least < to->least ? part.least : to->least;
  to->most = part.most > to->most ? part.most : to->most;
  to->one = Grammar::NeverExpr;
}

/// The alternatives of the whole pattern, each with its own anchors.
bool Parser::parseWhole(Pattern *out) {
  uint32_t any = grammar.repeat(contentOfAny(grammar, notation), 0, Unlimited);
  bool first = true;
  do {
    Pattern part, text;
    part.expr = Grammar::EmptyExpr;
    bool fromStart = take('^');
    if (!parseSequence(&text)) {
      return false;
    }
    bool toEnd = take('$');
    if (fromStart && toEnd) {
      part = text;
    } else {
      append(&part, {fromStart ? Grammar::EmptyExpr : any, 0, fromStart ? 0 : Unlimited, 0});
      append(&part, text);
      append(&part, {toEnd ? Grammar::EmptyExpr : any, 0, toEnd ? 0 : Unlimited, 0});
    }
    alternative(out, part, first);
    first = false;
  } while (take('|'));
  return !more() || refuse(peek() == ')' ? "a ')' without '('" : "an anchor inside the pattern");
}

bool Parser::parse(Pattern *out) {
  for (size_t i = 0; i < bytes;) {
    if (decodeUtf8(text, bytes, &i) == UINT32_MAX) {
      return refuse("invalid UTF-8");
    }
  }
  return parseWhole(out);
}

bool Parser::parseChoice(Pattern *out) {
  if (++nesting > MaxNesting) {
    return refuse("groups are nested too deeply");
  }
  bool first = true;
  do {
    Pattern part;
    if (!parseSequence(&part)) {
      return false;
    }
    alternative(out, part, first);
    first = false;
  } while (take('|'));
  --nesting;
  return true;
}

bool Parser::parseSequence(Pattern *out) {
  Array<uint32_t> parts(1u << 14);
  Pattern whole;
  while (more() && peek() != '|' && peek() != ')' && peek() != '$') {
    Pattern atom;
    if (!parseAtom(&atom) || !parseTimes(&atom)) {
      return false;
    }
    whole.one = parts.size() == 0 ? atom.one : Grammar::NeverExpr;
    whole.least = cutLength(uint64_t(whole.least) + atom.least);
    bool endless = whole.most == Unlimited || atom.most == Unlimited;
    whole.most = endless ? Unlimited : cutLength(uint64_t(whole.most) + atom.most);
    parts.add(atom.expr);
  }
  whole.expr = grammar.sequence(parts.begin(), parts.size());
  *out = whole;
  return !parts.failed() || refuse("the pattern is too long");
}

bool Parser::parseAtom(Pattern *out) {
  SetBuilder set;
  char c = peek();
  if (c == '(') {
    ++at;
    if (peek() == '?' && !(peek(1) == ':')) {
      return refuse("groups with '(?' other than '(?:' are not supported");
    }
    at += peek() == '?' ? 2 : 0;
    if (!parseChoice(out)) {
      return false;
    }
    out->one = Grammar::NeverExpr;
    return take(')') || refuse("expected ')'");
  }
  if (c == '^' || c == '*' || c == '+' || c == '?' || c == '{') {
    return refuse(c == '^' ? "an anchor inside the pattern" : "a repetition of nothing");
  }
  bool negated = false;
  if (c == '.') {
    ++at;
    set.add(0, LastCharacter);
    set.remove('\n', '\n');
    set.remove('\r', '\r');
    set.remove(0x2028, 0x2029);
  } else if (c == '[') {
    if (!parseClass(set)) {
      return false;
    }
  } else if (c == '\\' && shorthand(peek(1), set, &negated)) {
    at += 2;
  } else {
    uint32_t character;
    if (!parseCharacter(&character)) {
      return false;
    }
    set.add(character);
  }
  out->expr = out->one = contentOfSet(grammar, set, notation);
  out->least = out->most = 1;
  return out->expr != Grammar::NeverExpr || refuse("a class without characters");
}

bool Parser::parseNumber(uint32_t *out) {
  uint32_t value = 0;
  size_t start = at;
  for (; more() && peek() >= '0' && peek() <= '9' && value <= MaxTimes; ++at) {
    value = value * 10 + uint32_t(peek() - '0');
  }
  *out = value;
  return at != start && value <= MaxTimes;
}

bool Parser::parseTimes(Pattern *atom) {
  uint32_t least = 0, most = Unlimited;
  if (take('+')) {
    least = 1;
  } else if (take('?')) {
    most = 1;
  } else if (take('{')) {
    if (!parseNumber(&least)) {
      return refuse("expected a number of at most 20000");
    }
    most = least;
    if (take(',')) {
      most = Unlimited;
      if (peek() != '}' && !parseNumber(&most)) {
        return refuse("expected a number of at most 20000");
      }
    }
    if (!take('}') || least > most) {
      return refuse("this is no repetition");
    }
  } else if (!take('*')) {
    return true;
  }
  take('?'); // lazy: the same language
  if (peek() == '+' || peek() == '*' || peek() == '?' || peek() == '{') {
    return refuse("a repetition of a repetition");
  }
  bool plain = atom->one == atom->expr;
  atom->expr = grammar.repeat(atom->expr, least, most);
  atom->least = cutLength(uint64_t(atom->least) * least);
  bool endless = most == Unlimited && atom->most != 0;
  atom->most = endless || atom->most == Unlimited ? Unlimited : cutLength(uint64_t(atom->most) * most);
  atom->one = plain ? atom->one : Grammar::NeverExpr;
  return true;
}

/// Takes out what validators do not agree about: beyond ASCII, and U+001C..U+001F, which Python counts as spaces.
void removeDisputed(SetBuilder &set) {
  set.remove(0x80, LastCharacter);
  set.remove(0x1C, 0x1F);
}

/// \d \w \s and their opposites.
bool Parser::shorthand(char letter, SetBuilder &set, bool *negated) {
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

bool Parser::parseClassPart(SetBuilder &set, bool *asciiOnly) {
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

bool Parser::parseClass(SetBuilder &set) {
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

bool Parser::parseCharacter(uint32_t *out) {
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

} // namespace

bool parsePattern(Grammar &grammar, const char *text, size_t bytes, lap_notation notation, Pattern *out, char *problem,
                  size_t capacity) {
  return Parser(grammar, text, bytes, notation, problem, capacity).parse(out);
}

} // namespace lap
