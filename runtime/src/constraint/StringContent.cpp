//===- StringContent.cpp - how the characters of a string are written -----===//
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8259, section 7: quote, backslash and control characters must be escaped. Half surrogate pairs are never written.
//===----------------------------------------------------------------------===//
#include "runtime/src/constraint/StringContent.h"

#include <stdio.h>

namespace lap {

namespace {

bool needsEscape(uint32_t character) { return character < 0x20 || character == '"' || character == '\\'; }

/// The escape of a character that needs one; returns its length.
size_t escapeOf(uint32_t character, char *out) {
  static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
  for (size_t i = 0; i < sizeof(from) - 1; ++i) {
    if (uint8_t(from[i]) == character) {
      out[0] = '\\', out[1] = to[i];
      return 2;
    }
  }
  return size_t(snprintf(out, 8, "\\u%04x", unsigned(character)));
}

uint32_t setOf(Grammar &grammar, const char *ranges) { // pairs of first and last
  SetBuilder builder;
  for (; ranges[0] && ranges[1]; ranges += 2) {
    builder.add(uint8_t(ranges[0]), uint8_t(ranges[1]));
  }
  return grammar.set(builder);
}

/// uXXXX of a character outside the surrogates, or of a whole pair.
uint32_t unicodeEscape(Grammar &grammar) {
  uint32_t hex = setOf(grammar, "09afAF");
  uint32_t plain = grammar.any(grammar.all(setOf(grammar, "09acefACEF"), grammar.repeat(hex, 3, 3)),
                               grammar.all(setOf(grammar, "ddDD"), setOf(grammar, "07"), hex, hex));
  uint32_t high = grammar.all(setOf(grammar, "ddDD"), setOf(grammar, "89abAB"), hex, hex);
  uint32_t low = grammar.all(grammar.text("\\u"), setOf(grammar, "ddDD"), setOf(grammar, "cfCF"), hex, hex);
  return grammar.all(grammar.text("u"), grammar.any(plain, grammar.all(high, low)));
}

} // namespace

uint32_t contentOfSet(Grammar &grammar, SetBuilder &set, lap_notation notation) {
  if (notation == LAP_NOTATION_TOOL_CALL) {
    if (set.ranges.size() != 1 || set.ranges[0].low != set.ranges[0].high) {
      set.remove('<', '<'); // so that no text looks like a control token
    }
    return grammar.set(set);
  }
  Array<uint32_t> forms(64);
  set.normalize();
  for (uint32_t character = 0; character <= '\\'; ++character) {
    bool in = false;
    for (const Range &range : set.ranges) {
      in |= range.low <= character && character <= range.high;
    }
    char escape[8];
    if (in && needsEscape(character)) {
      forms.add(grammar.text(escape, escapeOf(character, escape)));
    }
  }
  set.remove(0, 0x1F);
  set.remove('"', '"');
  set.remove('\\', '\\');
  forms.add(grammar.set(set));
  return grammar.choice(forms.begin(), forms.size());
}

uint32_t contentOfAny(Grammar &grammar, lap_notation notation) {
  SetBuilder plain;
  plain.add(notation == LAP_NOTATION_TOOL_CALL ? 1 : 0x20, LastCharacter);
  if (notation == LAP_NOTATION_TOOL_CALL) {
    return contentOfSet(grammar, plain, notation);
  }
  plain.remove('"', '"');
  plain.remove('\\', '\\');
  SetBuilder letters;
  letters.addText("\"\\/bfnrt");
  uint32_t escape = grammar.all(grammar.text("\\"), grammar.any(grammar.set(letters), unicodeEscape(grammar)));
  return grammar.any(grammar.set(plain), escape);
}

static void writeContent(const char *utf8, size_t bytes, lap_notation notation, Array<char> &out) {
  for (size_t at = 0; at < bytes;) {
    char form[8];
    uint32_t character = decodeUtf8(utf8, bytes, &at);
    bool escaped = notation == LAP_NOTATION_JSON && needsEscape(character);
    out.append(form, escaped ? uint32_t(escapeOf(character, form)) : encodeUtf8(character, form));
  }
}

uint32_t contentOfText(Grammar &grammar, const char *utf8, size_t bytes, lap_notation notation) {
  Array<char> written(1u << 24);
  writeContent(utf8, bytes, notation, written);
  return grammar.text(written.begin(), written.size());
}

uint32_t quotedText(Grammar &grammar, const char *utf8, size_t bytes) {
  Array<char> written(1u << 24);
  written.add('"');
  writeContent(utf8, bytes, LAP_NOTATION_JSON, written);
  written.add('"');
  return grammar.text(written.begin(), written.size());
}

} // namespace lap
