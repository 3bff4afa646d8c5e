//===- JinjaLexer.cpp - template text to tokens --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// White space rules, for a tag {% %} or a comment {# #}:
//   {%-  removes all white space before it; without a sign, spaces and tabs back to the line's start are removed
//   -%}  removes all white space after it; without a sign, one newline is removed
// For {{ }} only the signs count. '+' keeps what would be removed.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaLexer.h"

#include "runtime/src/chat/Text.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Token::Kind;

namespace {

class Lexer {
public:
  Lexer(const std::string &source, TemplateError &error) : source(source), error(error) {}
  std::optional<std::vector<Token>> run();

private:
  bool atTag() const {
    return source[at] == '{' && at + 1 < end && std::string("{%#").find(source[at + 1]) != std::string::npos;
  }
  void addText(size_t start, size_t stop, char tag, char sign);
  bool readTag();
  bool readComment();
  bool readRaw();
  bool readNumber();
  bool readEscape(std::string &text);
  bool readToken();
  bool readString();
  bool closeTag(char tag);
  void skipAfter(char tag, char sign);
  bool fail(size_t where, const std::string &message, const std::string &help = "") {
    error = {where, message, help};
    return false;
  }
  void add(Kind kind, size_t where, std::string text = "") { tokens.push_back({kind, std::move(text), where}); }

  const std::string &source;
  TemplateError &error;
  size_t at = 0, end = 0;
  bool lineStarts = true; // what comes next stands at the start of a line
  std::vector<Token> tokens;
};

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Adds the text before a tag, cut as the tag's sign says. tag is 0 at the end of the template.
void Lexer::addText(size_t start, size_t stop, char tag, char sign) {
  std::string text = source.substr(start, stop - start);
  if (sign == '-') {
    while (!text.empty() && isSpace(text.back())) {
      text.pop_back();
    }
  } else if ((tag == '%' || tag == '#') && sign != '+') {
    size_t line = text.rfind('\n') + 1; // 0 when there is no newline
    bool blank = std::all_of(text.begin() + line, text.end(), isSpace);
    if (blank && (line > 0 || lineStarts)) {
      text.resize(line);
    }
  }
  if (!text.empty()) {
    add(Kind::Text, start, std::move(text));
  }
}

/// Skips what the end of a tag removes.
void Lexer::skipAfter(char tag, char sign) {
  size_t start = at;
  if (sign == '-') {
    while (at < end && isSpace(source[at])) {
      ++at;
    }
  } else if (tag != '{' && sign != '+' && at < end && source[at] == '\n') {
    ++at;
  }
  lineStarts = at > start && source[at - 1] == '\n';
}

bool Lexer::readComment() {
  size_t close = source.find("#}", at);
  if (close == std::string::npos || close + 2 > end) {
    return fail(at, "a comment is not closed", "close it with #}");
  }
  char sign = source[close - 1] == '-' || source[close - 1] == '+' ? source[close - 1] : 0;
  at = close + 2;
  skipAfter('#', sign);
  return true;
}

/// Consumes the end of a tag if it is here.
bool Lexer::closeTag(char tag) {
  std::string close = tag == '{' ? "}}" : "%}";
  size_t signs = source[at] == '-' || source[at] == '+' ? 1 : 0;
  if (source.compare(at + signs, 2, close) != 0) {
    return false;
  }
  char sign = signs ? source[at] : 0;
  add(tag == '{' ? Kind::EndOutput : Kind::EndBlock, at);
  at += signs + 2;
  skipAfter(tag, sign);
  return true;
}

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

/// {% raw %} has been read: the text up to {% endraw %} is as it is, but for the signs of the two tags.
bool Lexer::readRaw() {
  size_t start = at;
  for (size_t open = at; (open = source.find("{%", open)) < end; open += 2) {
    size_t word = open + 2;
    bool strips = word < end && source[word] == '-';
    word += word < end && (source[word] == '-' || source[word] == '+');
    while (word < end && isSpace(source[word])) {
      ++word;
    }
    if (source.compare(word, 6, "endraw") != 0) {
      continue;
    }
    for (word += 6; word < end && isSpace(source[word]);) {
      ++word;
    }
    at = word;
    addText(start, open, '%', strips ? '-' : source[open + 2]);
    if (at < end && closeTag('%')) {
      tokens.pop_back(); // the tag's end is no token of its own
      return true;
    }
  }
  return fail(start, "{% raw %} is not closed", "close it with {% endraw %}");
}

bool Lexer::readTag() {
  char tag = source[at + 1];
  at += 2;
  if (at < end && (source[at] == '-' || source[at] == '+')) {
    ++at;
  }
  if (tag == '#') {
    return readComment();
  }
  size_t start = at, first = tokens.size();
  add(tag == '{' ? Kind::BeginOutput : Kind::BeginBlock, start);
  size_t brackets = 0; // "}}" inside a map literal does not close the tag
  while (true) {
    while (at < end && isSpace(source[at])) {
      ++at;
    }
    if (at == end) {
      return fail(start, "a tag is not closed");
    }
    size_t close = at;
    if (brackets == 0 && closeTag(tag)) {
      bool raw = tokens.size() == first + 3 && tokens[first + 1].text == "raw" && tokens[first + 1].kind == Kind::Name;
      if (raw && tag == '%') {
        tokens.resize(first);
        at = source[close] == '-' ? at : source.find('}', close) + 1; // no newline is removed here
      }
      return !raw || tag != '%' || readRaw();
    }
    if (!readToken()) {
      return false;
    }
    if (tokens.back().kind == Kind::Operator) {
      const std::string &op = tokens.back().text;
      brackets += op == "(" || op == "[" || op == "{";
      brackets -= brackets > 0 && (op == ")" || op == "]" || op == "}");
    }
  }
}

std::optional<std::vector<Token>> Lexer::run() {
  end = source.size();
  end -= end > 0 && source[end - 1] == '\n'; // Jinja drops one newline at the end of a template
  while (at < end) {
    size_t start = at;
    while (at < end && !atTag()) {
      ++at;
    }
    char tag = at < end ? source[at + 1] : 0;
    addText(start, at, tag, at + 2 < end && tag ? source[at + 2] : 0);
    if (tag && !readTag()) {
      return std::nullopt;
    }
  }
  add(Kind::End, end);
  return std::move(tokens);
}

} // namespace

std::optional<std::vector<Token>> lapidary::jinja::tokenize(const std::string &source, TemplateError &error) {
  return Lexer(source, error).run();
}
