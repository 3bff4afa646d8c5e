//===- GbnfExpressions.cpp - what is to the right of ::= ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent: a choice of sequences of items, which may be groups and may be repeated. Nesting and repetitions
// are limited.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/GbnfParser.h"

namespace lap {

namespace {

constexpr uint32_t MaxNesting = 64;
constexpr uint32_t MaxRepetitions = 100000;

} // namespace

bool GbnfParser::parseChoice(uint32_t *out, bool nested) {
  if (++nesting > MaxNesting) {
    return refuse(at, "groups are nested deeper than %u", MaxNesting);
  }
  Array<uint32_t> parts(1u << 16);
  for (;;) {
    uint32_t part;
    if (!parseSequence(&part, nested)) {
      return false;
    }
    parts.add(part);
    if (peek() != '|') {
      break;
    }
    ++at;
    skipSpace(true);
  }
  --nesting;
  if (parts.failed()) {
    return refuse(at, "too many alternatives");
  }
  *out = grammar.choiceOfTexts(parts.begin(), parts.size());
  return true;
}

bool GbnfParser::parseSequence(uint32_t *out, bool nested) {
  Array<uint32_t> parts(1u << 16);
  while (more() && peek() != '|' && peek() != ')' && peek() != '\n' && peek() != '\r') {
    uint32_t item;
    if (!parseItem(&item, nested) || !parseRepetition(&item, nested)) {
      return false;
    }
    parts.add(item);
  }
  if (parts.failed()) {
    return refuse(at, "too long a sequence");
  }
  *out = grammar.sequence(parts.begin(), parts.size());
  return true;
}

/// An item and the space behind it; `nested`: in a group, where newlines are space.
bool GbnfParser::parseItem(uint32_t *out, bool nested) {
  if (!parseBareItem(out)) {
    return false;
  }
  skipSpace(nested);
  return true;
}

bool GbnfParser::parseBareItem(uint32_t *out) {
  switch (peek()) {
  case '"':
    return parseText(out);
  case '[':
    return parseClass(out);
  case '<':
    return parseToken(out);
  case '.': {
    ++at;
    SetBuilder any;
    any.add(0, LastCharacter);
    *out = grammar.set(any);
    return true;
  }
  case '(':
    return parseGroup(out);
  case '!':
    return refuse(at, "'!' (any token but one) is not supported; write which characters may come");
  default:
    break;
  }
  size_t start = at, length;
  if (!parseName(&length)) {
    return refuse(at, "unexpected '%c'; expected \"text\", [characters], '.', a group or the name of a rule", peek());
  }
  *out = grammar.rule(ruleOf(text + start, length, start));
  return true;
}

bool GbnfParser::parseGroup(uint32_t *out) {
  size_t start = at++;
  skipSpace(true);
  if (!parseChoice(out, true)) {
    return false;
  }
  if (peek() != ')') {
    return refuse(start, "this '(' is not closed");
  }
  ++at;
  return true;
}

bool GbnfParser::parseRepetition(uint32_t *item, bool nested) {
  for (size_t start = at; more(); start = at) {
    uint32_t least = 0, most = Unlimited;
    char c = peek();
    if (c == '+') {
      least = 1;
    } else if (c == '?') {
      most = 1;
    } else if (c != '*' && c != '{') {
      return true;
    }
    ++at;
    if (c == '{' && !parseCounts(&least, &most, nested)) {
      return false;
    }
    if (least > most) {
      return refuse(start, "a repetition from %u to %u times", least, most);
    }
    skipSpace(nested);
    *item = grammar.repeat(*item, least, most);
  }
  return true;
}

bool GbnfParser::parseCount(uint32_t *out) {
  size_t start = at;
  uint64_t value = 0;
  for (; more() && peek() >= '0' && peek() <= '9'; ++at) {
    value = value * 10 + uint64_t(peek() - '0');
    if (value > MaxRepetitions) {
      return refuse(start, "more than %u repetitions", MaxRepetitions);
    }
  }
  *out = uint32_t(value);
  return at != start || refuse(at, "expected a number of repetitions");
}

bool GbnfParser::parseCounts(uint32_t *least, uint32_t *most, bool nested) {
  skipSpace(nested);
  if (peek() == ',') {
    *least = 0;
  } else if (!parseCount(least)) {
    return false;
  }
  skipSpace(nested);
  *most = *least;
  if (peek() == ',') {
    ++at;
    skipSpace(nested);
    *most = Unlimited;
    if (peek() != '}' && !parseCount(most)) {
      return false;
    }
    skipSpace(nested);
  }
  if (peek() != '}') {
    return refuse(at, "expected '}' after the number of repetitions");
  }
  ++at;
  return true;
}

} // namespace lap
