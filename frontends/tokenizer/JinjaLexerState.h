//===- JinjaLexerState.h - the lexer's state -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by JinjaLexer.cpp (text, tags, white space) and JinjaWords.cpp (what is inside a tag). Functions that return
// false have filled the error.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXERSTATE_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXERSTATE_H

#include "frontends/tokenizer/JinjaLexer.h"

namespace lapidary::jinja {

inline bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool isDigit(char c) { return c >= '0' && c <= '9'; }
inline bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

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
  bool isRaw(size_t first) const;
  bool readComment();
  bool readRaw();
  bool readNumber();
  bool readEscape(std::string &text);
  bool readToken();
  bool readString();
  bool closeTag(char tag);
  void skipAfter(char tag, char sign);
  void skipSpace() {
    while (at < end && isSpace(source[at])) {
      ++at;
    }
  }
  bool fail(size_t where, const std::string &message, const std::string &help = "") {
    error = {where, message, help};
    return false;
  }
  void add(Token::Kind kind, size_t where, std::string text = "") { tokens.push_back({kind, std::move(text), where}); }

  const std::string &source;
  TemplateError &error;
  size_t at = 0, end = 0;
  bool lineStarts = true; // what comes next stands at the start of a line
  std::vector<Token> tokens;
};

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJALEXERSTATE_H
