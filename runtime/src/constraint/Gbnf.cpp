//===- Gbnf.cpp - parser of grammars in llama.cpp's notation --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rules and their names. A rule ends at the end of its line unless a group is open or the line ends in `|`, as in
// llama.cpp.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/GbnfParser.h"

#include "runtime/src/Error.h"
#include "runtime/src/constraint/TextPlace.h"

#include <stdarg.h>
#include <stdio.h>

namespace lap {

namespace {

constexpr size_t MaxGrammarBytes = 1u << 20;

bool isNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

} // namespace

bool GbnfParser::refuse(size_t offset, const char *format, ...) {
  char message[320];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  TextPlace place = placeOf(text, bytes, offset);
  fail(error, LAP_INVALID_ARGUMENT, "grammar:%u:%u: %s", place.line, place.column, message);
  return false;
}

void GbnfParser::skipSpace(bool newlines) {
  while (more()) {
    char c = peek();
    if (c == '#') {
      while (more() && peek() != '\n') {
        ++at;
      }
    } else if (c == ' ' || c == '\t' || (newlines && (c == '\n' || c == '\r'))) {
      ++at;
    } else {
      return;
    }
  }
}

/// The rule with this name; a new one if there is none.
uint32_t GbnfParser::ruleOf(const char *name, size_t length, size_t place) {
  uint32_t hash = 2166136261u; // FNV-1a
  for (size_t i = 0; i < length; ++i) {
    hash = (hash ^ uint8_t(name[i])) * 16777619u;
  }
  uint32_t &bucket = buckets[hash % Buckets];
  for (uint32_t at = bucket; at != 0; at = names[at - 1].nextInBucket) {
    if (sameText(names[at - 1].text, names[at - 1].length, name, length)) {
      return at - 1;
    }
  }
  uint32_t rule = grammar.addRule(uint32_t(place));
  names.add({name, length, place, false, bucket});
  if (names.failed() || grammar.failed()) {
    return 0; // noticed after this rule
  }
  bucket = rule + 1;
  return rule;
}

bool GbnfParser::parseName(size_t *length) {
  size_t start = at;
  while (more() && isNameByte(peek())) {
    ++at;
  }
  *length = at - start;
  return *length != 0;
}

bool GbnfParser::parseRule() {
  size_t start = at, length;
  if (!parseName(&length)) {
    return refuse(at, "expected the name of a rule");
  }
  uint32_t rule = ruleOf(text + start, length, start);
  if (names[rule].defined) {
    TextPlace first = placeOf(text, bytes, names[rule].place);
    return refuse(start, "rule '%.*s' is defined twice, first in line %u", int(length), text + start, first.line);
  }
  skipSpace(false);
  if (peek() != ':' || peek(1) != ':' || peek(2) != '=') {
    return refuse(at, "expected '::=' after the name '%.*s'", int(length > 60 ? 60 : length), text + start);
  }
  at += 3;
  skipSpace(true);
  uint32_t expr;
  if (!parseChoice(&expr, false)) {
    return false;
  }
  if (more() && peek() != '\n' && peek() != '\r') {
    return refuse(at, peek() == ')' ? "there is no '(' for this ')'" : "unexpected '%c'", peek());
  }
  names[rule].defined = true;
  names[rule].place = start;
  grammar.define(rule, expr);
  grammar.rules[rule].origin = uint32_t(start);
  skipSpace(true);
  return true;
}

bool GbnfParser::checkNames() {
  if (!names[0].defined) {
    return refuse(0, "there is no rule 'root'; it describes the whole text");
  }
  for (const Name &name : names) {
    if (!name.defined) {
      return refuse(name.place, "rule '%.*s' is not defined", int(name.length > 60 ? 60 : name.length), name.text);
    }
  }
  return true;
}

lap_status GbnfParser::parse() {
  if (bytes > MaxGrammarBytes) {
    return fail(error, LAP_INVALID_ARGUMENT, "the grammar has %zu bytes, at most %zu are read", bytes, MaxGrammarBytes);
  }
  buckets.addZeros(Buckets);
  if (buckets.failed()) {
    return fail(error, LAP_OUT_OF_MEMORY, "not enough memory to read a grammar");
  }
  ruleOf("root", 4, 0); // rule 0
  skipSpace(true);
  bool good = true;
  while (good && more()) {
    good = parseRule();
    if (good && (names.failed() || grammar.failed())) {
      return fail(error, LAP_INVALID_ARGUMENT, "the grammar is too large");
    }
  }
  return good && checkNames() ? LAP_OK : LAP_INVALID_ARGUMENT;
}

lap_status parseGbnf(const char *text, size_t bytes, const lap_tokenizer *tokenizer, Grammar &grammar,
                     lap_error *error) {
  lap_status status = GbnfParser(text, bytes, tokenizer, grammar, error).parse();
  if (status == LAP_OK && grammar.failed()) {
    return fail(error, LAP_INVALID_ARGUMENT, "the grammar is too large");
  }
  return status;
}

void gbnfRuleName(const char *text, size_t bytes, size_t origin, char *name, size_t capacity) {
  size_t length = 0;
  while (origin + length < bytes && length + 1 < capacity && isNameByte(text[origin + length])) {
    name[length] = text[origin + length];
    ++length;
  }
  name[length] = 0;
}

} // namespace lap
