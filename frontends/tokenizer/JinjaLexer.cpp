//===- JinjaLexer.cpp - template text to tokens --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// White space rules, for a tag {% %} or a comment {# #}:
//   {%-  removes all white space before it; without a sign, spaces and tabs back to the line's start are removed
//   -%}  removes all white space after it; without a sign, one newline is removed
// For {{ }} only the signs count. '+' keeps what would be removed.
//
// What is inside a tag is read by JinjaWords.cpp.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaLexerState.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Token::Kind;

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
    skipSpace();
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

/// Whether the block whose first token is tokens[first] is {% raw %}.
bool Lexer::isRaw(size_t first) const {
  return tokens.size() == first + 3 && tokens[first].kind == Kind::BeginBlock && tokens[first + 1].kind == Kind::Name &&
         tokens[first + 1].text == "raw";
}

/// How many brackets are open behind a token, if `open` are before it.
static size_t bracketsBehind(const Token &token, size_t open) {
  if (token.kind != Kind::Operator) {
    return open;
  }
  open += token.text == "(" || token.text == "[" || token.text == "{";
  return open - (open > 0 && (token.text == ")" || token.text == "]" || token.text == "}"));
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
  for (size_t brackets = 0;; brackets = bracketsBehind(tokens.back(), brackets)) {
    skipSpace();
    if (at == end) {
      return fail(start, "a tag is not closed");
    }
    size_t close = at;
    if (brackets == 0 && closeTag(tag)) { // "}}" inside a map literal does not close the tag
      if (!isRaw(first)) {
        return true;
      }
      tokens.resize(first);
      at = source[close] == '-' ? at : source.find('}', close) + 1; // no newline is removed here
      return readRaw();
    }
    if (!readToken()) {
      return false;
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

std::optional<std::vector<Token>> lapidary::jinja::tokenize(const std::string &source, TemplateError &error) {
  return Lexer(source, error).run();
}
