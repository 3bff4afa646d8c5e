//===- JinjaLexer.cpp - template text to tokens --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// White space rules, for a tag {% %} or a comment {# #}:
//   {%-  removes all white space before it; without a sign, spaces and tabs back to the line's start are removed
//   -%}  removes all white space after it; without a sign, one newline is removed
// For {{ }} only the signs count. '+' keeps what would be removed.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaLexer.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Token::Kind;

namespace {

class Lexer {
public:
  Lexer(const std::string &source, std::string &error) : source(source), error(error) {}
  std::optional<std::vector<Token>> run();

private:
  bool atTag() const {
    return source[at] == '{' && at + 1 < end && std::string("{%#").find(source[at + 1]) != std::string::npos;
  }
  void addText(std::string text, char tag, char sign);
  bool readTag();
  bool readComment();
  bool readToken();
  bool readString();
  bool closeTag(char tag);
  void skipAfter(char tag, char sign);
  bool fail(const std::string &message) {
    error = "line " + std::to_string(line()) + ": " + message;
    return false;
  }
  /// The line of `at`, counted on from the last call: positions only grow.
  size_t line() {
    counted += std::count(source.begin() + countedTo, source.begin() + std::max(at, countedTo), '\n');
    countedTo = std::max(at, countedTo);
    return 1 + counted;
  }
  void add(Kind kind, std::string text = "") { tokens.push_back({kind, std::move(text), line()}); }

  const std::string &source;
  std::string &error;
  size_t at = 0, end = 0;
  size_t counted = 0, countedTo = 0; // newlines before countedTo
  bool lineStarts = true;            // what comes next stands at the start of a line
  std::vector<Token> tokens;
};

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Adds the text before a tag, cut as the tag's sign says. tag is 0 at the end of the template.
void Lexer::addText(std::string text, char tag, char sign) {
  if (sign == '-') {
    while (!text.empty() && isSpace(text.back())) {
      text.pop_back();
    }
  } else if ((tag == '%' || tag == '#') && sign != '+') {
    size_t start = text.rfind('\n') + 1; // 0 when there is no newline
    bool blank = std::all_of(text.begin() + start, text.end(), isSpace);
    if (blank && (start > 0 || lineStarts)) {
      text.resize(start);
    }
  }
  if (!text.empty()) {
    add(Kind::Text, std::move(text));
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
  if (close == std::string::npos) {
    return fail("a comment is not closed");
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
  add(tag == '{' ? Kind::EndOutput : Kind::EndBlock);
  at += signs + 2;
  skipAfter(tag, sign);
  return true;
}

bool Lexer::readString() {
  char quote = source[at++];
  std::string text;
  for (; at < end && source[at] != quote; ++at) {
    if (source[at] != '\\' || at + 1 == end) {
      text.push_back(source[at]);
      continue;
    }
    char next = source[++at];
    static const std::string names = "ntr\\'\"", values = "\n\t\r\\'\"";
    size_t which = names.find(next);
    if (which == std::string::npos) {
      return fail("the string escape \\" + std::string(1, next) + " is not supported");
    }
    text.push_back(values[which]);
  }
  if (at == end) {
    return fail("a string is not closed");
  }
  ++at;
  add(Kind::String, std::move(text));
  return true;
}

bool Lexer::readToken() {
  char c = source[at];
  size_t start = at;
  auto word = [&](bool letters) {
    while (at < end && (isDigit(source[at]) || (letters && isLetter(source[at])))) {
      ++at;
    }
    return source.substr(start, at - start);
  };
  if (c == '\'' || c == '"') {
    return readString();
  }
  if (isDigit(c)) {
    add(Kind::Integer, word(false));
    return tokens.back().text.size() <= 9 || fail("a number is too large");
  }
  if (isLetter(c)) {
    add(Kind::Name, word(true));
    return true;
  }
  for (const char *op :
       {"==", "!=", "<=", ">=", "+", "-", "~", "%", "|", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "<", ">"}) {
    if (source.compare(at, std::string(op).size(), op) == 0) {
      at += std::string(op).size();
      add(Kind::Operator, op);
      return true;
    }
  }
  return fail(std::string("unexpected character '") + c + "'");
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
  add(tag == '{' ? Kind::BeginOutput : Kind::BeginBlock);
  size_t brackets = 0; // "}}" inside a map literal does not close the tag
  while (true) {
    while (at < end && isSpace(source[at])) {
      ++at;
    }
    if (at == end) {
      return fail("a tag is not closed");
    }
    if (brackets == 0 && closeTag(tag)) {
      return true;
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
    addText(source.substr(start, at - start), tag, at + 2 < end && tag ? source[at + 2] : 0);
    if (tag && !readTag()) {
      return std::nullopt;
    }
  }
  add(Kind::End);
  return std::move(tokens);
}

} // namespace

std::optional<std::vector<Token>> lapidary::jinja::tokenize(const std::string &source, std::string &error) {
  return Lexer(source, error).run();
}
