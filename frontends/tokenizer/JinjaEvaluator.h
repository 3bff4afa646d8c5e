//===- JinjaEvaluator.h - run a parsed template --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names, control flow and operators live in JinjaEvaluator.cpp; filters, tests and methods in JinjaFilters.cpp. The
// first error stops everything: each step checks ok().
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJAEVALUATOR_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJAEVALUATOR_H

#include "frontends/tokenizer/JinjaAst.h"

#include <map>

namespace lapidary::jinja {

class Evaluator {
public:
  Evaluator(const Value &variables, std::string &error);
  bool run(const Template &body, std::string &output);

private:
  using Scope = std::map<std::string, Value>;
  using Arguments = std::vector<Value>;

  bool ok() const { return !failure; }
  Value fail(const std::string &message);

  // JinjaEvaluator.cpp
  void runStatement(const Statement &statement, std::string &output);
  void runIf(const Statement &statement, std::string &output);
  void runFor(const Statement &statement, std::string &output);
  void runSet(const Statement &statement);
  void bindTargets(const Statement &loop, const Value &item);
  Value evaluate(const Expression &e);
  Value evaluateKind(const Expression &e);
  Value lookup(const std::string &name) const;
  Value member(const Value &object, const std::string &name);
  Value index(const Value &object, const Value &key);
  Value slice(const Expression &e);
  Value binary(const Expression &e);
  Value compare(const std::string &op, const Value &a, const Value &b);
  Value contains(const Value &container, const Value &item);
  Value call(const Expression &e);
  Value callMacro(const Statement &macro, const Expression &e);
  Value callFunction(const std::string &name, const Expression &e, const Arguments &args);
  Value::List iterate(const Value &value);
  std::string print(const Value &value);

  // JinjaFilters.cpp
  Value filter(const std::string &name, const Value &value, const Arguments &args);
  Value test(const std::string &name, const Value &value, const Arguments &args);
  Value method(const Value &object, const std::string &name, const Arguments &args);

  std::vector<Scope> scopes;
  std::string &error;
  bool failure = false;
  int depth = 0;
  size_t steps = 0;
};

/// Python's str.strip() for UTF-8 text.
std::string strip(const std::string &text);

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJAEVALUATOR_H
