//===- JinjaGrammar.h - the parser's state -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent over the lexer's tokens; every function leaves its nodes in the builder and returns the last one.
// Statements are in JinjaParser.cpp, expressions in JinjaExpressions.cpp, calls by name in JinjaCalls.cpp. After the
// first error every function returns at once. Depth is bounded because templates are not trusted.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJAGRAMMAR_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJAGRAMMAR_H

#include "frontends/tokenizer/JinjaLexer.h"
#include "frontends/tokenizer/TemplateBuilder.h"

#include <algorithm>
#include <set>

namespace lapidary::jinja {

class Parser {
public:
  Parser(std::vector<Token> tokens, TemplateBuilder &builder, TemplateError &error)
      : tokens(std::move(tokens)), builder(builder), error(error) {}

  /// The whole template as one node; calls of names that nothing defines are errors.
  NodeId parseTemplate();
  bool failed() const { return failure; }

private:
  /// The arguments of a call as written.
  struct CallArguments {
    std::vector<NodeId> positional;
    std::vector<std::pair<std::string, NodeId>> named;
  };
  /// A row of TemplateOps.def.
  struct Callable {
    const char *name, *parameters;
    unsigned required;
  };
  static const Callable filters[LAP_FILTERS], tests[LAP_TESTS], methods[LAP_METHODS], functions[LAP_FUNCTIONS];

  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  bool isOperator(const std::string &text) const { return peek().kind == Token::Kind::Operator && peek().text == text; }
  bool isName(const std::string &text) const { return peek().kind == Token::Kind::Name && peek().text == text; }
  bool accept(const std::string &text) {
    bool found = isOperator(text) || isName(text);
    at += found;
    return found;
  }
  bool expect(const std::string &text) { return accept(text) || fail("expected '" + text + "'"); }
  bool expectKind(Token::Kind kind, const char *what) {
    bool found = peek().kind == kind;
    at += found;
    return found || fail(std::string("expected ") + what);
  }
  bool fail(const std::string &message, const std::string &help = "") { return failAt(peek().at, message, help); }
  bool failAt(size_t where, const std::string &message, const std::string &help = "") {
    if (!failure) {
      error = {where, message, help};
    }
    failure = true;
    return false;
  }
  std::string name() {
    std::string text = peek().text;
    return expectKind(Token::Kind::Name, "a name") ? text : std::string();
  }
  bool descend();
  NodeId nothing(size_t where) { return builder.add(LAP_NODE_NONE, where); }

  // JinjaParser.cpp
  NodeId body(const std::vector<std::string> &ends);
  NodeId statement();
  NodeId ifStatement(size_t where);
  NodeId forStatement(size_t where);
  NodeId setStatement(size_t where);
  NodeId macroStatement(size_t where);
  NodeId withStatement(size_t where);
  NodeId assignTarget();
  std::vector<NodeId> nameTargets();
  bool endBlock() { return expectKind(Token::Kind::EndBlock, "'%}'"); }
  bool endTag(const char *text) { return expect(text) && endBlock(); }

  // JinjaExpressions.cpp
  NodeId tuple();
  NodeId expression();
  NodeId disjunction();
  NodeId conjunction();
  NodeId negation();
  NodeId comparison();
  NodeId binary(int level);
  NodeId power();
  NodeId unary(bool withFilters = true);
  NodeId primary();
  NodeId postfix(NodeId value);
  NodeId subscript(NodeId value, size_t where);
  NodeId filtersAndTests(NodeId value);
  std::vector<NodeId> items(const char *close, bool pairs, bool *comma = nullptr);

  // JinjaCalls.cpp
  CallArguments arguments();
  NodeId callName(const std::string &callee, size_t where);
  NodeId callMethod(NodeId object, const std::string &method, size_t where);
  NodeId filter(NodeId value);
  NodeId mapFilter(NodeId value, CallArguments args, size_t where);
  NodeId selectFilter(NodeId value, const std::string &name, CallArguments args, size_t where);
  NodeId test(NodeId value);
  /// The row of `name` in a table, or failure with a suggestion.
  template <size_t Count>
  unsigned find(const Callable (&table)[Count], const std::string &name, const char *what, size_t where);
  /// Appends the arguments to `children`, each in its parameter's place.
  bool place(const Callable &callable, const CallArguments &args, size_t where, std::vector<NodeId> &children);

  std::vector<Token> tokens;
  TemplateBuilder &builder;
  TemplateError &error;
  size_t at = 0;
  int depth = 0;
  unsigned loops = 0; // around the statement
  bool failure = false;
  std::set<std::string> macros;                             // and other names that a template may call
  std::vector<std::pair<std::string, size_t>> unknownCalls; // names called before they were defined, and where
};

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJAGRAMMAR_H
