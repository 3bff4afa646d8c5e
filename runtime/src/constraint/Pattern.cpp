//===- Pattern.cpp - parser of regular expressions ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent with limits; PatternClasses.cpp reads characters and classes. Lengths are followed on the way, so
// that minLength and maxLength can be compared.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/PatternParser.h"

namespace lap {

namespace {

constexpr uint32_t MaxNesting = 40;
constexpr uint32_t MaxTimes = 20000;

uint32_t cutLength(uint64_t length) { return length < Unlimited ? uint32_t(length) : Unlimited; }

} // namespace

void PatternParser::append(Pattern *to, const Pattern &part) {
  to->expr = grammar.all(to->expr, part.expr);
  to->least = cutLength(uint64_t(to->least) + part.least);
  bool endless = to->most == Unlimited || part.most == Unlimited;
  to->most = endless ? Unlimited : cutLength(uint64_t(to->most) + part.most);
  to->one = Grammar::NeverExpr;
}

void PatternParser::alternative(Pattern *to, const Pattern &part, bool first) {
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
bool PatternParser::parseWhole(Pattern *out) {
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

bool PatternParser::parse(Pattern *out) {
  for (size_t i = 0; i < bytes;) {
    if (decodeUtf8(text, bytes, &i) == UINT32_MAX) {
      return refuse("invalid UTF-8");
    }
  }
  return parseWhole(out);
}

bool PatternParser::parseChoice(Pattern *out) {
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

bool PatternParser::parseSequence(Pattern *out) {
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

bool PatternParser::parseAtom(Pattern *out) {
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

bool PatternParser::parseNumber(uint32_t *out) {
  uint32_t value = 0;
  size_t start = at;
  for (; more() && peek() >= '0' && peek() <= '9' && value <= MaxTimes; ++at) {
    value = value * 10 + uint32_t(peek() - '0');
  }
  *out = value;
  return at != start && value <= MaxTimes;
}

bool PatternParser::parseTimes(Pattern *atom) {
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

bool parsePattern(Grammar &grammar, const char *text, size_t bytes, lap_notation notation, Pattern *out, char *problem,
                  size_t capacity) {
  return PatternParser(grammar, text, bytes, notation, problem, capacity).parse(out);
}

} // namespace lap
