//===- JinjaAst.h - a parsed template ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two node types, expressions and statements, each a kind and a few fields whose meaning is given per kind.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJAAST_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJAAST_H

#include "frontends/tokenizer/JinjaValue.h"

#include <optional>

namespace lapidary::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    Literal,     // value
    Name,        // name
    List,        // args: items
    Map,         // args: key, value, key, value ..
    Member,      // args[0].name
    Index,       // args[0][args[1]]
    Slice,       // args[0][args[1]:args[2]], bounds may be null
    Call,        // args[0](args[1..], named)
    Filter,      // args[0] | name(args[1..], named)
    Test,        // args[0] is name(args[1..])
    Unary,       // name args[0]: "not", "-"
    Binary,      // args[0] name args[1]
    Conditional, // args[0] if args[1] else args[2] (may be null)
  };
  Kind kind;
  std::string name;
  Value value;
  std::vector<ExpressionPtr> args;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Statement {
  enum class Kind {
    Text,   // name: the text
    Output, // expression
    If,     // conditions and bodies in parallel; one more body than conditions: else
    For,    // targets in expression, condition: filter or null; bodies[0], bodies[1]: else
    Set,    // targets[0] or targets[0].targets[1] = expression
    Macro,  // name(targets = defaults), bodies[0]
    Group,  // bodies[0] as it is
  };
  Kind kind;
  std::string name;
  ExpressionPtr expression;
  std::vector<ExpressionPtr> conditions; // If: one per tested body; Macro: default per parameter, may be null
  std::vector<std::string> targets;
  std::vector<std::vector<Statement>> bodies;
};

using Template = std::vector<Statement>;

/// Parses a template. On failure fills `error` ("line 3: ...").
std::optional<Template> parseTemplate(const std::string &source, std::string &error);

/// What the template prints with these variables (a Map). On failure (also when the template raises an exception)
/// fills `error`. Work, output and recursion are bounded.
std::optional<std::string> render(const Template &parsed, const Value &variables, std::string &error);

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJAAST_H
