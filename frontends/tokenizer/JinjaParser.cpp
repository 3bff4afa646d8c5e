//===- JinjaParser.cpp - statements --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See JinjaGrammar.h for the parser and JinjaParser.h for its entry point.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaParser.h"

#include "frontends/tokenizer/JinjaGrammar.h"
#include "support/Suggest.h"

#include <algorithm>

using namespace lapidary::jinja;

namespace {

constexpr int maxDepth = 100;
constexpr size_t maxNodes = 200'000;

} // namespace

/// One level deeper; false (and an error) when that is too deep. The caller comes up again with --depth.
bool Parser::descend() {
  ++depth;
  return builder.nodeCount() > maxNodes ? fail("the template is too long")
         : depth > maxDepth             ? fail("nested too deeply")
                                        : !failure;
}

NodeId Parser::parseTemplate() {
  NodeId root = body({});
  for (const auto &[callee, where] : unknownCalls) {
    if (!macros.count(callee)) {
      std::vector<std::string> known(macros.begin(), macros.end());
#define LAP_FUNCTION(ID, NAME, PARAMETERS, REQUIRED) known.push_back(NAME);
#include "runtime/src/chat/TemplateOps.def"
      failAt(where, "the function '" + callee + "' is not known", didYouMean(callee, known));
    }
  }
  return root;
}

/// Statements up to a block tag that starts with one of `ends` (left unread behind its BeginBlock) or the end.
NodeId Parser::body(const std::vector<std::string> &ends) {
  size_t where = peek().at;
  std::vector<NodeId> statements;
  for (bool open = descend(); open && !failure;) {
    Token::Kind kind = peek().kind;
    size_t start = peek().at;
    if (kind == Token::Kind::End) {
      open = ends.empty() ? false
                          : failAt(where, "'" + ends.back() + "' is missing", "close the tag that ends before here");
    } else if (kind == Token::Kind::Text) {
      statements.push_back(builder.add(LAP_NODE_TEXT, start, {}, peek().text));
      ++at;
    } else if (kind == Token::Kind::BeginOutput) {
      ++at;
      NodeId value = tuple();
      statements.push_back(builder.add(LAP_NODE_OUTPUT, start, {value}));
      expectKind(Token::Kind::EndOutput, "'}}'");
    } else {
      ++at; // BeginBlock
      open = peek().kind != Token::Kind::Name || std::find(ends.begin(), ends.end(), peek().text) == ends.end();
      if (open) {
        statements.push_back(statement());
      }
    }
  }
  --depth;
  return statements.size() == 1 ? statements[0] : builder.add(LAP_NODE_BLOCK, where, statements);
}

NodeId Parser::statement() {
  size_t where = peek().at;
  std::string keyword = name();
  if (keyword == "if") {
    return ifStatement(where);
  }
  if (keyword == "for") {
    return forStatement(where);
  }
  if (keyword == "set") {
    return setStatement(where);
  }
  if (keyword == "macro") {
    return macroStatement(where);
  }
  if (keyword == "with") {
    return withStatement(where);
  }
  if (keyword == "generation") { // marks the model's words for training, prints nothing itself
    endBlock();
    NodeId inside = body({"endgeneration"});
    endTag("endgeneration");
    return inside;
  }
  if (keyword == "break" || keyword == "continue") {
    if (loops == 0) {
      failAt(where, "'" + keyword + "' outside a loop");
    }
    endBlock();
    return builder.add(keyword == "break" ? LAP_NODE_BREAK : LAP_NODE_CONTINUE, where);
  }
  failAt(where, "the tag '" + keyword + "' is not supported",
         didYouMean(keyword, {"if", "for", "set", "macro", "with", "generation", "break", "continue", "raw"}));
  return nothing(where);
}

NodeId Parser::ifStatement(size_t where) {
  std::vector<NodeId> parts;
  do {
    parts.push_back(tuple());
    endBlock();
    parts.push_back(body({"elif", "else", "endif"}));
  } while (!failure && accept("elif"));
  if (accept("else")) {
    endBlock();
    parts.push_back(body({"endif"}));
  }
  endTag("endif");
  return builder.add(LAP_NODE_IF, where, parts);
}

/// a, or a, b, ..
std::vector<NodeId> Parser::nameTargets() {
  std::vector<NodeId> targets;
  bool bracket = accept("(");
  do {
    size_t where = peek().at;
    targets.push_back(builder.add(LAP_NODE_NAME, where, {}, name()));
  } while (!failure && accept(","));
  if (bracket) {
    expect(")");
  }
  return targets;
}

NodeId Parser::forStatement(size_t where) {
  std::vector<NodeId> targets = nameTargets();
  expect("in");
  NodeId items = disjunction(), condition = LAP_NO_NODE, otherwise = LAP_NO_NODE;
  if (accept("if")) {
    condition = expression();
  }
  if (isName("recursive")) {
    fail("recursive loops are not supported");
  }
  endBlock();
  ++loops;
  NodeId inside = body({"else", "endfor"});
  --loops;
  if (accept("else")) {
    endBlock();
    otherwise = body({"endfor"});
  }
  endTag("endfor");
  std::vector<NodeId> parts = {items, condition, inside, otherwise};
  parts.insert(parts.end(), targets.begin(), targets.end());
  return builder.add(LAP_NODE_FOR, where, parts);
}

/// a, or a.b for a namespace.
NodeId Parser::assignTarget() {
  size_t where = peek().at;
  std::string first = name();
  macros.insert(first); // what is set may be called
  NodeId target = builder.add(LAP_NODE_NAME, where, {}, first);
  return accept(".") ? builder.add(LAP_NODE_MEMBER, where, {target}, name()) : target;
}

NodeId Parser::setStatement(size_t where) {
  std::vector<NodeId> targets;
  do {
    targets.push_back(assignTarget());
  } while (!failure && accept(","));
  if (accept("=")) {
    NodeId value = tuple();
    endBlock();
    targets.insert(targets.begin(), value);
    return builder.add(LAP_NODE_SET, where, targets);
  }
  if (targets.size() > 1) {
    fail("expected '='");
  }
  endBlock();
  NodeId inside = body({"endset"});
  endTag("endset");
  return builder.add(LAP_NODE_SET_BLOCK, where, {inside, targets[0]});
}

NodeId Parser::macroStatement(size_t where) {
  std::string macro = name();
  macros.insert(macro);
  std::vector<NodeId> parameters;
  expect("(");
  while (!failure && !isOperator(")")) {
    size_t start = peek().at;
    std::string parameter = name();
    macros.insert(parameter);
    NodeId value = accept("=") ? expression() : LAP_NO_NODE;
    parameters.push_back(builder.add(LAP_NODE_PARAMETER, start, {value}, parameter));
    if (!accept(",")) {
      break;
    }
  }
  expect(")");
  endBlock();
  unsigned around = loops;
  loops = 0;
  NodeId inside = body({"endmacro"});
  loops = around;
  endTag("endmacro");
  parameters.insert(parameters.begin(), inside);
  return builder.add(LAP_NODE_MACRO, where, parameters, macro);
}

NodeId Parser::withStatement(size_t where) {
  std::vector<NodeId> parts;
  while (!failure && peek().kind != Token::Kind::EndBlock) {
    size_t start = peek().at;
    NodeId target = assignTarget();
    expect("=");
    NodeId value = expression();
    parts.push_back(builder.add(LAP_NODE_SET, start, {value, target}));
    if (!accept(",")) {
      break;
    }
  }
  endBlock();
  NodeId inside = body({"endwith"});
  endTag("endwith");
  parts.insert(parts.begin(), inside);
  return builder.add(LAP_NODE_WITH, where, parts);
}

std::string lapidary::jinja::normalizeLineEnds(const std::string &source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    bool pair = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (!pair) {
      text.push_back(source[i] == '\r' ? '\n' : source[i]);
    }
  }
  return text;
}

std::optional<std::vector<char>> lapidary::jinja::compileTemplate(const std::string &source,
                                                                  const std::map<std::string, std::string> &constants,
                                                                  uint32_t flags, TemplateError &error) {
  std::string text = normalizeLineEnds(source);
  std::optional<std::vector<Token>> tokens = tokenize(text, error);
  if (!tokens) {
    return std::nullopt;
  }
  TemplateBuilder builder(text);
  Parser parser(std::move(*tokens), builder, error);
  NodeId root = parser.parseTemplate();
  if (parser.failed()) {
    return std::nullopt;
  }
  std::vector<NodeId> entries;
  for (const auto &[name, value] : constants) {
    entries.push_back(builder.add(LAP_NODE_STRING, 0, {}, name));
    entries.push_back(builder.add(LAP_NODE_STRING, 0, {}, value));
  }
  flags |= builder.readsVariable("enable_thinking") ? LAP_TEMPLATE_KNOWS_THINKING : 0;
  flags |= builder.readsVariable("tools") ? LAP_TEMPLATE_KNOWS_TOOLS : 0;
  return builder.finish(builder.add(LAP_NODE_MAP, 0, entries), root, flags);
}
