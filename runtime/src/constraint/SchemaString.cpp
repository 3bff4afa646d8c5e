//===- SchemaString.cpp - strings: lengths, patterns, formats -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Formats are patterns that describe a part of their format: dates that exist in every year, addresses of usual form.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/Pattern.h"
#include "runtime/src/constraint/SchemaTranslator.h"

namespace lap {

namespace {

#define DATE                                                                                                           \
  "[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"               \
  "02-(?:0[1-9]|1[0-9]|2[0-8]))"
#define TIME "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
#define LABEL "[a-z0-9](?:[a-z0-9]{0,20}[a-z0-9])?"
#define HOST LABEL "(?:\\." LABEL "){1,3}"
#define BYTE "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"

struct Format {
  const char *name, *pattern;
};

constexpr Format Formats[] = {
    {"date", "^" DATE "$"},
    {"time", "^" TIME "$"},
    {"date-time", "^" DATE "T" TIME "$"},
    {"duration", "^P(?:[0-9]{1,4}W|[0-9]{1,4}D(?:T[0-9]{1,4}H(?:[0-9]{1,4}M(?:[0-9]{1,4}S)?)?)?|T[0-9]{1,4}[HMS])$"},
    {"email", "^[A-Za-z0-9_]{1,20}(?:[.+-][A-Za-z0-9_]{1,20}){0,3}@" HOST "$"},
    {"hostname", "^" HOST "$"},
    {"ipv4", "^" BYTE "(?:\\." BYTE "){3}$"},
    {"ipv6", "^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$"},
    {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
    {"uri", "^https?://" HOST "(?::[1-9][0-9]{1,3})?(?:/[A-Za-z0-9._~-]{0,40}){0,8}(?:\\?[A-Za-z0-9_=&-]{1,80})?$"},
    {"json-pointer", "^(?:/[A-Za-z0-9_-]{0,40}){0,8}$"},
};

} // namespace

uint32_t SchemaTranslator::quoted(uint32_t content) {
  if (notation == LAP_NOTATION_JSON) {
    return grammar.all(grammar.text("\""), content, grammar.text("\""));
  }
  if (quote == UINT32_MAX) {
    quote = specialToken("<|\"|>");
  }
  return grammar.all(quote, content, quote);
}

static const char *findFormat(const Json &json, uint32_t format) {
  for (const Format &known : Formats) {
    if (json.isText(format, known.name)) {
      return known.pattern;
    }
  }
  return nullptr;
}

uint32_t SchemaTranslator::stringOf(const Conjunction &conjunction) {
  uint32_t least = countOf(conjunction, "minLength", true, 0),
           most = countOf(conjunction, "maxLength", false, Unlimited);
  uint32_t pattern = keyword(conjunction, "pattern"), format = keyword(conjunction, "format");
  if (failed() || least > most) {
    return Grammar::NeverExpr;
  }
  if (pattern == NoJson && format == NoJson) {
    uint32_t rule;
    if (!findShared(SharedKind::String, least, most, &rule)) {
      grammar.define(rule, quoted(grammar.repeat(contentOfAny(grammar, notation), least, most)));
    }
    return grammar.rule(rule);
  }
  if (pattern != NoJson && format != NoJson) {
    return refuse(format, "format together with pattern is not supported; leave one out");
  }
  const char *text = pattern != NoJson ? json.textOf(json[pattern]) : findFormat(json, format);
  if (!text) {
    return refuse(format,
                  "this format is not supported; supported are date, time, date-time, duration, email, hostname, "
                  "ipv4, ipv6, uuid, uri, json-pointer");
  }
  if (pattern != NoJson && !json.is(pattern, JsonType::String)) {
    return refuse(pattern, "expected a string");
  }
  Pattern parsed;
  char problem[160];
  size_t bytes = pattern != NoJson ? json[pattern].textBytes : strlen(text);
  if (!parsePattern(grammar, text, bytes, notation, &parsed, problem, sizeof(problem))) {
    return refuse(pattern, "this pattern is not supported: %s", problem);
  }
  if (parsed.least >= least && parsed.most <= most) {
    return quoted(parsed.expr);
  }
  if (parsed.one == Grammar::NeverExpr) {
    return refuse(pattern != NoJson ? pattern : format,
                  "with minLength or maxLength, a pattern must be ^[characters]{m,n}$ or fit the lengths by itself "
                  "(it has %u to %u characters)",
                  parsed.least, parsed.most);
  }
  uint32_t from = parsed.least > least ? parsed.least : least, to = parsed.most < most ? parsed.most : most;
  return quoted(grammar.repeat(parsed.one, from, to));
}

} // namespace lap
