//===- JinjaExpressions.cpp - expressions --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Jinja's precedences, loosest first: if-else, or, and, not, comparison, + -, ~, * / // %, **, sign; filters and tests
// bind tightest.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaGrammar.h"

#include <algorithm>
#include <cstdlib>

using namespace lapidary::jinja;

/// a, or a, b, .. as a tuple.
NodeId Parser::tuple() {
  size_t where = peek().at;
  NodeId first = expression();
  if (!isOperator(",")) {
    return first;
  }
  std::vector<NodeId> parts = {first};
  while (!failure && accept(",")) {
    Token::Kind next = peek().kind;
    if (next == Token::Kind::EndBlock || next == Token::Kind::EndOutput) {
      break;
    }
    parts.push_back(expression());
  }
  return builder.add(LAP_NODE_TUPLE, where, parts);
}

NodeId Parser::expression() {
  size_t where = peek().at;
  NodeId value = descend() ? disjunction() : nothing(where);
  while (!failure && accept("if")) {
    NodeId condition = disjunction();
    NodeId otherwise = accept("else") ? expression() : LAP_NO_NODE;
    value = builder.add(LAP_NODE_CONDITIONAL, where, {value, condition, otherwise});
  }
  --depth;
  return value;
}

NodeId Parser::disjunction() {
  size_t where = peek().at;
  NodeId value = conjunction();
  while (!failure && accept("or")) {
    value = builder.add(LAP_NODE_OR, where, {value, conjunction()});
  }
  return value;
}

NodeId Parser::conjunction() {
  size_t where = peek().at;
  NodeId value = negation();
  while (!failure && accept("and")) {
    value = builder.add(LAP_NODE_AND, where, {value, negation()});
  }
  return value;
}

NodeId Parser::negation() {
  size_t where = peek().at;
  if (!accept("not")) {
    return comparison();
  }
  NodeId value = descend() ? negation() : nothing(where);
  --depth;
  return builder.add(LAP_NODE_NOT, where, {value});
}

NodeId Parser::comparison() {
  static const std::pair<const char *, lap_template_operator> operators[] = {
      {"==", LAP_OP_EQUAL}, {"!=", LAP_OP_NOT_EQUAL}, {"<=", LAP_OP_LESS_EQUAL}, {">=", LAP_OP_GREATER_EQUAL},
      {"<", LAP_OP_LESS},   {">", LAP_OP_GREATER},    {"in", LAP_OP_IN}};
  size_t where = peek().at;
  std::vector<NodeId> chain = {binary(0)};
  while (!failure) {
    size_t start = peek().at;
    int op = -1;
    for (const auto &[text, code] : operators) {
      op = op < 0 && accept(text) ? code : op;
    }
    if (op < 0 && isName("not") && peek(1).kind == Token::Kind::Name && peek(1).text == "in") {
      at += 2;
      op = LAP_OP_NOT_IN;
    }
    if (op < 0) {
      break;
    }
    NodeId right = binary(0);
    chain.push_back(builder.add(LAP_NODE_COMPARE_TO, start, {right}, "", static_cast<uint8_t>(op)));
  }
  return chain.size() == 1 ? chain[0] : builder.add(LAP_NODE_COMPARE, where, chain);
}

/// Level 0: + and -, 1: ~, 2: * / // and %.
NodeId Parser::binary(int level) {
  static const std::vector<std::pair<std::string, lap_template_operator>> levels[] = {
      {{"+", LAP_OP_ADD}, {"-", LAP_OP_SUBTRACT}},
      {{"~", LAP_OP_CONCAT}},
      {{"*", LAP_OP_MULTIPLY}, {"/", LAP_OP_DIVIDE}, {"//", LAP_OP_FLOOR_DIVIDE}, {"%", LAP_OP_MODULO}}};
  if (level == 3) {
    return power();
  }
  size_t where = peek().at;
  NodeId value = binary(level + 1);
  for (bool found = true; found && !failure;) {
    found = false;
    for (const auto &[text, op] : levels[level]) {
      if (!found && isOperator(text)) {
        ++at;
        value = builder.add(LAP_NODE_BINARY, where, {value, binary(level + 1)}, "", op);
        found = true;
      }
    }
  }
  return value;
}

NodeId Parser::power() {
  size_t where = peek().at;
  NodeId value = unary();
  while (!failure && accept("**")) {
    value = builder.add(LAP_NODE_BINARY, where, {value, unary()}, "", LAP_OP_POWER);
  }
  return value;
}

NodeId Parser::unary(bool withFilters) {
  size_t where = peek().at;
  NodeId value;
  if (isOperator("-") || isOperator("+")) {
    lap_node_kind kind = isOperator("-") ? LAP_NODE_NEGATE : LAP_NODE_POSITIVE;
    ++at;
    NodeId inner = descend() ? unary(false) : nothing(where);
    --depth;
    value = builder.add(kind, where, {inner});
  } else {
    value = primary();
  }
  value = postfix(value);
  return withFilters ? filtersAndTests(value) : value;
}

/// a, b, .. up to `close`; with pairs: a: b, c: d, ... *comma: whether there was a comma.
std::vector<NodeId> Parser::items(const char *close, bool pairs, bool *comma) {
  std::vector<NodeId> found;
  while (!failure && !isOperator(close)) {
    found.push_back(expression());
    if (pairs && expect(":")) {
      found.push_back(expression());
    }
    if (!accept(",")) {
      break;
    }
    if (comma) {
      *comma = true;
    }
  }
  expect(close);
  return found;
}

NodeId Parser::primary() {
  Token token = peek();
  size_t where = token.at;
  ++at;
  switch (token.kind) {
  case Token::Kind::String: {
    std::string text = token.text;
    for (; peek().kind == Token::Kind::String; ++at) { // neighbours are one string
      text += peek().text;
    }
    return builder.add(LAP_NODE_STRING, where, {}, text);
  }
  case Token::Kind::Integer:
    return builder.addInteger(where, std::atoll(token.text.c_str()));
  case Token::Kind::Float:
    return builder.addFloat(where, std::strtod(token.text.c_str(), nullptr));
  case Token::Kind::Name: {
    const std::string &word = token.text;
    if (word == "true" || word == "True" || word == "false" || word == "False") {
      return builder.add(LAP_NODE_BOOL, where, {}, "", word[0] == 't' || word[0] == 'T');
    }
    if (word == "none" || word == "None") {
      return nothing(where);
    }
    return isOperator("(") ? callName(word, where) : builder.add(LAP_NODE_NAME, where, {}, word);
  }
  case Token::Kind::Operator:
    if (token.text == "(") {
      bool comma = false;
      std::vector<NodeId> inside = items(")", false, &comma);
      return inside.size() == 1 && !comma ? inside[0] : builder.add(LAP_NODE_TUPLE, where, inside);
    }
    if (token.text == "[") {
      return builder.add(LAP_NODE_LIST, where, items("]", false));
    }
    if (token.text == "{") {
      return builder.add(LAP_NODE_MAP, where, items("}", true));
    }
    break;
  default:
    break;
  }
  --at;
  fail("expected a value");
  return nothing(where);
}

/// value[..], the opening bracket already read.
NodeId Parser::subscript(NodeId value, size_t where) {
  NodeId parts[3] = {LAP_NO_NODE, LAP_NO_NODE, LAP_NO_NODE};
  int colons = 0;
  while (!failure && !isOperator("]")) {
    if (accept(":")) {
      if (++colons > 2) {
        fail("expected ']'");
      }
      continue;
    }
    if (parts[colons] != LAP_NO_NODE) {
      break;
    }
    parts[colons] = expression();
  }
  expect("]");
  if (colons == 0 && parts[0] == LAP_NO_NODE) {
    fail("expected an index");
    return value;
  }
  return colons == 0 ? builder.add(LAP_NODE_INDEX, where, {value, parts[0]})
                     : builder.add(LAP_NODE_SLICE, where, {value, parts[0], parts[1], parts[2]});
}

NodeId Parser::postfix(NodeId value) {
  for (size_t count = 0; !failure; ++count) {
    size_t where = peek().at;
    if (count > 50) {
      fail("an expression is too long");
    } else if (accept(".")) {
      if (peek().kind == Token::Kind::Integer) {
        NodeId index = builder.addInteger(where, std::atoll(peek().text.c_str()));
        ++at;
        value = builder.add(LAP_NODE_INDEX, where, {value, index});
        continue;
      }
      std::string member = name();
      value = isOperator("(") ? callMethod(value, member, where) : builder.add(LAP_NODE_MEMBER, where, {value}, member);
    } else if (accept("[")) {
      value = subscript(value, where);
    } else {
      if (isOperator("(")) {
        fail("only macros, functions and methods can be called, by their name");
      }
      break;
    }
  }
  return value;
}

NodeId Parser::filtersAndTests(NodeId value) {
  for (size_t count = 0; !failure; ++count) {
    if (count > 50) {
      fail("an expression is too long");
    } else if (accept("|")) {
      value = filter(value);
    } else if (accept("is")) {
      value = test(value);
    } else {
      break;
    }
  }
  return value;
}
