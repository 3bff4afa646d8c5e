//===- JinjaParser.cpp - template text to a parsed template --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent with Jinja's precedences, loosest first: if-else, or, and, not, comparison, + -, ~, %, sign;
// filters and tests bind tightest. Depth is bounded because templates are not trusted.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaAst.h"
#include "frontends/tokenizer/JinjaLexer.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Expression::Kind;

namespace {

constexpr int maxDepth = 200;
constexpr size_t maxNodes = 1000; // of one tag; chains like a|b|c|.. become trees as deep as they are long

class Parser {
public:
  Parser(std::vector<Token> tokens, std::string &error) : tokens(std::move(tokens)), error(error) {}
  bool parseBody(Template &body, const std::vector<std::string> &ends);
  bool atEnd() const { return peek().kind == Token::Kind::End; }
  bool failed() const { return failure; }

private:
  const Token &peek() const { return tokens[at]; }
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
  bool fail(const std::string &message) {
    if (!failure) {
      error = "line " + std::to_string(peek().line) + ": " + message;
    }
    failure = true;
    return false;
  }
  std::string name() {
    std::string text = peek().text;
    return expectKind(Token::Kind::Name, "a name") ? text : std::string();
  }
  ExpressionPtr make(Kind kind, std::string name = "", ExpressionPtr a = nullptr, ExpressionPtr b = nullptr);

  bool parseStatement(Statement &statement);
  bool parseIf(Statement &statement);
  bool parseFor(Statement &statement);
  bool parseSet(Statement &statement);
  bool parseMacro(Statement &statement);
  bool endTag(const char *text) { return expect(text) && expectKind(Token::Kind::EndBlock, "the end of the tag"); }

  ExpressionPtr expression();
  ExpressionPtr disjunction();
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr binary(int level);
  ExpressionPtr unary();
  ExpressionPtr primary();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr filters(ExpressionPtr value);
  bool arguments(Expression &call);
  void items(Expression &list, const char *close);

  std::vector<Token> tokens;
  std::string &error;
  size_t at = 0;
  int depth = 0;
  size_t nodes = 0;
  bool failure = false;
};

ExpressionPtr Parser::make(Kind kind, std::string name, ExpressionPtr a, ExpressionPtr b) {
  if (++nodes > maxNodes) {
    fail("an expression is too long");
  }
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->name = std::move(name);
  for (ExpressionPtr *arg : {&a, &b}) {
    if (*arg) {
      node->args.push_back(std::move(*arg));
    }
  }
  return node;
}

/// Statements up to a block tag that starts with one of `ends` (left unread behind its BeginBlock) or the end.
bool Parser::parseBody(Template &body, const std::vector<std::string> &ends) {
  if (++depth > maxDepth) {
    return fail("nested too deeply");
  }
  while (!failure && !atEnd()) {
    Token::Kind kind = peek().kind;
    nodes = 0;
    if (kind == Token::Kind::Text) {
      Statement text{Statement::Kind::Text, peek().text, nullptr, {}, {}, {}};
      body.push_back(std::move(text));
      ++at;
    } else if (kind == Token::Kind::BeginOutput) {
      ++at;
      Statement output{Statement::Kind::Output, "", expression(), {}, {}, {}};
      body.push_back(std::move(output));
      expectKind(Token::Kind::EndOutput, "'}}'");
    } else {
      ++at; // BeginBlock
      if (peek().kind == Token::Kind::Name && std::find(ends.begin(), ends.end(), peek().text) != ends.end()) {
        break;
      }
      body.emplace_back();
      parseStatement(body.back());
    }
  }
  --depth;
  return !failure;
}

bool Parser::parseStatement(Statement &statement) {
  std::string keyword = name();
  if (keyword == "if") {
    return parseIf(statement);
  }
  if (keyword == "for") {
    return parseFor(statement);
  }
  if (keyword == "set") {
    return parseSet(statement);
  }
  if (keyword == "macro") {
    return parseMacro(statement);
  }
  if (keyword == "generation") { // marks the model's words for training, prints nothing itself
    statement.kind = Statement::Kind::Group;
    return expectKind(Token::Kind::EndBlock, "'%}'") && parseBody(statement.bodies.emplace_back(), {"endgeneration"}) &&
           endTag("endgeneration");
  }
  return fail("the tag '" + keyword + "' is not supported");
}

bool Parser::parseIf(Statement &statement) {
  statement.kind = Statement::Kind::If;
  do {
    statement.conditions.push_back(expression());
    if (!expectKind(Token::Kind::EndBlock, "'%}'") ||
        !parseBody(statement.bodies.emplace_back(), {"elif", "else", "endif"})) {
      return false;
    }
  } while (accept("elif"));
  if (accept("else") &&
      !(expectKind(Token::Kind::EndBlock, "'%}'") && parseBody(statement.bodies.emplace_back(), {"endif"}))) {
    return false;
  }
  return endTag("endif");
}

bool Parser::parseFor(Statement &statement) {
  statement.kind = Statement::Kind::For;
  do {
    statement.targets.push_back(name());
  } while (accept(","));
  if (!expect("in")) {
    return false;
  }
  statement.expression = disjunction();
  if (accept("if")) {
    statement.conditions.push_back(expression());
  }
  if (!expectKind(Token::Kind::EndBlock, "'%}'") || !parseBody(statement.bodies.emplace_back(), {"else", "endfor"})) {
    return false;
  }
  if (accept("else") &&
      !(expectKind(Token::Kind::EndBlock, "'%}'") && parseBody(statement.bodies.emplace_back(), {"endfor"}))) {
    return false;
  }
  return endTag("endfor");
}

bool Parser::parseSet(Statement &statement) {
  statement.kind = Statement::Kind::Set;
  statement.targets.push_back(name());
  if (accept(".")) {
    statement.targets.push_back(name());
  }
  if (!expect("=")) {
    return false;
  }
  statement.expression = expression();
  return expectKind(Token::Kind::EndBlock, "'%}'");
}

bool Parser::parseMacro(Statement &statement) {
  statement.kind = Statement::Kind::Macro;
  statement.name = name();
  expect("(");
  while (!failure && !isOperator(")")) {
    statement.targets.push_back(name());
    statement.conditions.push_back(accept("=") ? expression() : nullptr);
    if (!accept(",")) {
      break;
    }
  }
  return expect(")") && expectKind(Token::Kind::EndBlock, "'%}'") &&
         parseBody(statement.bodies.emplace_back(), {"endmacro"}) && endTag("endmacro");
}

ExpressionPtr Parser::expression() {
  if (++depth > maxDepth) {
    fail("nested too deeply");
    return make(Kind::Literal);
  }
  ExpressionPtr value = disjunction();
  while (accept("if")) {
    ExpressionPtr node = make(Kind::Conditional, "", std::move(value), disjunction());
    node->args.push_back(accept("else") ? expression() : nullptr);
    value = std::move(node);
  }
  --depth;
  return value;
}

ExpressionPtr Parser::disjunction() {
  ExpressionPtr value = conjunction();
  while (accept("or")) {
    value = make(Kind::Binary, "or", std::move(value), conjunction());
  }
  return value;
}

ExpressionPtr Parser::conjunction() {
  ExpressionPtr value = negation();
  while (accept("and")) {
    value = make(Kind::Binary, "and", std::move(value), negation());
  }
  return value;
}

ExpressionPtr Parser::negation() {
  size_t count = 0;
  while (accept("not")) {
    ++count;
  }
  ExpressionPtr value = comparison();
  if (count > 0) {
    value = make(Kind::Unary, "not", std::move(value));
    value = count % 2 ? std::move(value) : make(Kind::Unary, "not", std::move(value));
  }
  return value;
}

ExpressionPtr Parser::comparison() {
  ExpressionPtr value = binary(0);
  while (!failure) {
    std::string op;
    for (const char *name : {"==", "!=", "<=", ">=", "<", ">", "in"}) {
      if (op.empty() && accept(name)) {
        op = name;
      }
    }
    if (op.empty() && isName("not") && tokens[at + 1].text == "in") {
      at += 2;
      op = "not in";
    }
    if (op.empty()) {
      break;
    }
    value = make(Kind::Binary, op, std::move(value), binary(0));
  }
  return value;
}

/// + and -, then ~, then %.
ExpressionPtr Parser::binary(int level) {
  static const std::vector<std::vector<std::string>> levels = {{"+", "-"}, {"~"}, {"%"}};
  if (level == 3) {
    return filters(unary());
  }
  ExpressionPtr value = binary(level + 1);
  for (bool found = true; found && !failure;) {
    found = false;
    for (const std::string &op : levels[level]) {
      if (isOperator(op)) {
        ++at;
        value = make(Kind::Binary, op, std::move(value), binary(level + 1));
        found = true;
      }
    }
  }
  return value;
}

ExpressionPtr Parser::unary() {
  if (isOperator("-")) {
    ++at;
    if (++depth > maxDepth) {
      fail("nested too deeply");
      return make(Kind::Literal);
    }
    ExpressionPtr value = make(Kind::Unary, "-", unary());
    --depth;
    return value;
  }
  return postfix(primary());
}

void Parser::items(Expression &list, const char *close) {
  while (!failure && !isOperator(close)) {
    list.args.push_back(expression());
    if (list.kind == Kind::Map && expect(":")) {
      list.args.push_back(expression());
    }
    if (!accept(",")) {
      break;
    }
  }
  expect(close);
}

ExpressionPtr Parser::primary() {
  Token token = peek();
  ExpressionPtr node = make(Kind::Literal);
  ++at;
  if (token.kind == Token::Kind::String) {
    node->value = Value::string(token.text);
  } else if (token.kind == Token::Kind::Integer) {
    node->value = Value::integerOf(std::stoll(token.text));
  } else if (token.kind == Token::Kind::Name) {
    const std::string &word = token.text;
    if (word == "true" || word == "True" || word == "false" || word == "False") {
      node->value = Value::boolean(word[0] == 't' || word[0] == 'T');
    } else if (word == "none" || word == "None") {
      node->value = Value::none();
    } else {
      node->kind = Kind::Name;
      node->name = token.text;
    }
  } else if (token.kind == Token::Kind::Operator && token.text == "(") {
    node = expression();
    expect(")");
  } else if (token.kind == Token::Kind::Operator && (token.text == "[" || token.text == "{")) {
    node->kind = token.text == "[" ? Kind::List : Kind::Map;
    items(*node, token.text == "[" ? "]" : "}");
  } else {
    --at;
    fail("expected a value");
  }
  return node;
}

/// (a, b, name=c), the opening parenthesis already read.
bool Parser::arguments(Expression &call) {
  while (!failure && !isOperator(")")) {
    bool isNamed =
        peek().kind == Token::Kind::Name && tokens[at + 1].kind == Token::Kind::Operator && tokens[at + 1].text == "=";
    if (isNamed) {
      std::string key = name();
      ++at;
      call.named.emplace_back(key, expression());
    } else {
      call.args.push_back(expression());
    }
    if (!accept(",")) {
      break;
    }
  }
  return expect(")");
}

ExpressionPtr Parser::subscript(ExpressionPtr value) {
  ExpressionPtr first = isOperator(":") ? nullptr : expression();
  ExpressionPtr node;
  if (accept(":")) {
    node = make(Kind::Slice, "", std::move(value));
    node->args.push_back(std::move(first));
    node->args.push_back(isOperator("]") ? nullptr : expression());
  } else {
    node = make(Kind::Index, "", std::move(value), std::move(first));
  }
  expect("]");
  return node;
}

ExpressionPtr Parser::postfix(ExpressionPtr value) {
  while (!failure) {
    if (accept(".")) {
      value = make(Kind::Member, name(), std::move(value));
    } else if (accept("[")) {
      value = subscript(std::move(value));
    } else if (accept("(")) {
      value = make(Kind::Call, "", std::move(value));
      arguments(*value);
    } else {
      break;
    }
  }
  return value;
}

ExpressionPtr Parser::filters(ExpressionPtr value) {
  while (!failure) {
    if (accept("|")) {
      value = make(Kind::Filter, name(), std::move(value));
      if (accept("(")) {
        arguments(*value);
      }
    } else if (accept("is")) {
      bool negated = accept("not");
      value = make(Kind::Test, name(), std::move(value));
      if (accept("(")) {
        arguments(*value);
      }
      value = negated ? make(Kind::Unary, "not", std::move(value)) : std::move(value);
    } else {
      break;
    }
  }
  return value;
}

} // namespace

std::optional<Template> lapidary::jinja::parseTemplate(const std::string &source, std::string &error) {
  std::optional<std::vector<Token>> tokens = tokenize(source, error);
  if (!tokens) {
    return std::nullopt;
  }
  Parser parser(std::move(*tokens), error);
  Template body;
  if (!parser.parseBody(body, {})) {
    return std::nullopt;
  }
  return body;
}
