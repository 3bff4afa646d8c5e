//===- JinjaEvaluator.cpp - run a parsed template ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Scoping as in Jinja: `if` has none, a loop body and a macro have their own, a macro sees the template's top level.
// Limits on steps, output and recursion make a hostile template an error instead of a hang.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/JinjaEvaluator.h"

#include <algorithm>

using namespace lapidary::jinja;
using Kind = Value::Kind;

namespace {
constexpr size_t maxSteps = 2'000'000;
constexpr size_t maxOutput = 1 << 20;
constexpr int maxDepth = 300; // bodies and expressions together
} // namespace

bool Value::truthy() const {
  switch (kind) {
  case Kind::Undefined:
  case Kind::None:
    return false;
  case Kind::Bool:
  case Kind::Integer:
    return integer != 0;
  case Kind::String:
    return !text.empty();
  case Kind::List:
    return !list->empty();
  case Kind::Map:
    return !map->empty();
  case Kind::Macro:
    return true;
  }
  return false;
}

const Value *Value::find(const std::string &key) const {
  if (kind != Kind::Map) {
    return nullptr;
  }
  auto found = std::find_if(map->begin(), map->end(), [&](const auto &entry) { return entry.first == key; });
  return found == map->end() ? nullptr : &found->second;
}

void Value::setMember(const std::string &key, Value value) {
  if (Value *found = const_cast<Value *>(find(key))) {
    *found = std::move(value);
  } else {
    map->emplace_back(key, std::move(value));
  }
}

bool Value::equals(const Value &other) const {
  auto isNumber = [](Kind k) { return k == Kind::Bool || k == Kind::Integer; };
  if (isNumber(kind) && isNumber(other.kind)) {
    return integer == other.integer;
  }
  if (kind != other.kind) {
    return false;
  }
  if (kind == Kind::List) {
    return std::equal(list->begin(), list->end(), other.list->begin(), other.list->end(),
                      [](const Value &a, const Value &b) { return a.equals(b); });
  }
  return kind == Kind::String ? text == other.text : kind == Kind::Map ? map == other.map : true;
}

Evaluator::Evaluator(const Value &variables, std::string &error) : scopes(1), error(error) {
  for (const auto &[name, value] : *variables.map) {
    scopes[0][name] = value;
  }
}

Value Evaluator::fail(const std::string &message) {
  if (!failure) {
    error = message;
  }
  failure = true;
  return Value();
}

bool Evaluator::run(const Template &body, std::string &output) {
  if (++depth > maxDepth) {
    fail("the template recurses too deeply");
  }
  for (const Statement &statement : body) {
    if (!ok()) {
      break;
    }
    if (output.size() > maxOutput) {
      fail("the template prints too much");
    }
    runStatement(statement, output);
  }
  --depth;
  return ok();
}

void Evaluator::runStatement(const Statement &statement, std::string &output) {
  switch (statement.kind) {
  case Statement::Kind::Text:
    output += statement.name;
    break;
  case Statement::Kind::Output:
    output += print(evaluate(*statement.expression));
    break;
  case Statement::Kind::If:
    runIf(statement, output);
    break;
  case Statement::Kind::For:
    runFor(statement, output);
    break;
  case Statement::Kind::Set:
    runSet(statement);
    break;
  case Statement::Kind::Macro: {
    Value macro;
    macro.kind = Kind::Macro;
    macro.macro = &statement;
    scopes.back()[statement.name] = macro;
    break;
  }
  case Statement::Kind::Group:
    run(statement.bodies[0], output);
    break;
  }
}

void Evaluator::runIf(const Statement &statement, std::string &output) {
  for (size_t i = 0; i < statement.conditions.size(); ++i) {
    bool taken = evaluate(*statement.conditions[i]).truthy();
    if (!ok() || taken) {
      if (ok()) {
        run(statement.bodies[i], output);
      }
      return;
    }
  }
  if (statement.bodies.size() > statement.conditions.size()) {
    run(statement.bodies.back(), output);
  }
}

void Evaluator::bindTargets(const Statement &loop, const Value &item) {
  if (loop.targets.size() == 1) {
    scopes.back()[loop.targets[0]] = item;
    return;
  }
  if (!item.is(Kind::List) || item.list->size() != loop.targets.size()) {
    fail("a loop cannot take its items apart");
    return;
  }
  for (size_t i = 0; i < loop.targets.size(); ++i) {
    scopes.back()[loop.targets[i]] = (*item.list)[i];
  }
}

void Evaluator::runFor(const Statement &statement, std::string &output) {
  Value::List items = iterate(evaluate(*statement.expression));
  scopes.emplace_back();
  if (!statement.conditions.empty()) {
    Value::List kept;
    for (const Value &item : items) {
      bindTargets(statement, item);
      if (ok() && evaluate(*statement.conditions[0]).truthy()) {
        kept.push_back(item);
      }
    }
    items = std::move(kept);
  }
  int64_t count = static_cast<int64_t>(items.size());
  for (int64_t i = 0; i < count && ok(); ++i) {
    scopes.back().clear(); // what a pass sets is gone in the next
    scopes.back()["loop"] = Value::mapOf({{"index0", Value::integerOf(i)},
                                          {"index", Value::integerOf(i + 1)},
                                          {"first", Value::boolean(i == 0)},
                                          {"last", Value::boolean(i + 1 == count)},
                                          {"length", Value::integerOf(count)},
                                          {"previtem", i > 0 ? items[i - 1] : Value()},
                                          {"nextitem", i + 1 < count ? items[i + 1] : Value()}});
    bindTargets(statement, items[i]);
    run(statement.bodies[0], output);
  }
  scopes.pop_back();
  if (count == 0 && statement.bodies.size() > 1) {
    run(statement.bodies[1], output);
  }
}

void Evaluator::runSet(const Statement &statement) {
  Value value = evaluate(*statement.expression);
  if (statement.targets.size() == 1) {
    scopes.back()[statement.targets[0]] = std::move(value);
    return;
  }
  Value target = lookup(statement.targets[0]);
  if (!target.is(Kind::Map) || value.is(Kind::Map) || value.is(Kind::List)) { // a cycle would never be freed
    fail("'" + statement.targets[0] + "." + statement.targets[1] + "' cannot be set to this");
    return;
  }
  target.setMember(statement.targets[1], std::move(value));
}

Value Evaluator::lookup(const std::string &name) const {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    auto found = scope->find(name);
    if (found != scope->end()) {
      return found->second;
    }
  }
  return Value();
}

std::string Evaluator::print(const Value &value) {
  switch (value.kind) {
  case Kind::Undefined:
    return "";
  case Kind::None:
    return "None";
  case Kind::Bool:
    return value.integer ? "True" : "False";
  case Kind::Integer:
    return std::to_string(value.integer);
  case Kind::String:
    return value.text;
  default:
    fail("printing a list, a map or a macro is not supported");
    return "";
  }
}

Value::List Evaluator::iterate(const Value &value) {
  if (value.is(Kind::List)) {
    return *value.list;
  }
  if (value.is(Kind::Map)) {
    Value::List keys;
    for (const auto &entry : *value.map) {
      keys.push_back(Value::string(entry.first));
    }
    return keys;
  }
  if (!value.is(Kind::Undefined)) {
    fail("a loop over something that is neither list nor map");
  }
  return {};
}

Value Evaluator::member(const Value &object, const std::string &name) {
  if (object.is(Kind::Undefined)) {
    return fail("'" + name + "' of something undefined");
  }
  const Value *found = object.find(name);
  return found ? *found : Value();
}

Value Evaluator::index(const Value &object, const Value &key) {
  if (!object.is(Kind::List)) {
    return member(object, key.text);
  }
  int64_t size = static_cast<int64_t>(object.list->size());
  int64_t at = key.integer < 0 ? key.integer + size : key.integer;
  bool inside = key.is(Kind::Integer) && at >= 0 && at < size;
  return inside ? (*object.list)[at] : Value();
}

Value Evaluator::slice(const Expression &e) {
  Value object = evaluate(*e.args[0]);
  if (!object.is(Kind::List) && !object.is(Kind::String)) {
    return fail("a slice of something that is neither list nor text");
  }
  int64_t size = static_cast<int64_t>(object.is(Kind::List) ? object.list->size() : object.text.size());
  auto bound = [&](const ExpressionPtr &at, int64_t missing) {
    int64_t value = at ? evaluate(*at).integer : missing;
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  int64_t begin = bound(e.args[1], 0), end = std::max(begin, bound(e.args[2], size));
  if (object.is(Kind::String)) {
    return Value::string(object.text.substr(begin, end - begin));
  }
  return Value::listOf(Value::List(object.list->begin() + begin, object.list->begin() + end));
}

Value Evaluator::contains(const Value &container, const Value &item) {
  if (container.is(Kind::String) && item.is(Kind::String)) {
    return Value::boolean(container.text.find(item.text) != std::string::npos);
  }
  if (container.is(Kind::Map)) {
    return Value::boolean(container.find(item.text) != nullptr);
  }
  Value::List items = iterate(container);
  return Value::boolean(std::any_of(items.begin(), items.end(), [&](const Value &v) { return v.equals(item); }));
}

Value Evaluator::compare(const std::string &op, const Value &a, const Value &b) {
  if (op == "==" || op == "!=") {
    return Value::boolean(a.equals(b) == (op == "=="));
  }
  if (op == "in" || op == "not in") {
    return Value::boolean(contains(b, a).truthy() == (op == "in"));
  }
  if (!a.is(Kind::Integer) || !b.is(Kind::Integer)) {
    return fail("'" + op + "' between values that are not whole numbers");
  }
  int64_t x = a.integer, y = b.integer;
  return Value::boolean(op == "<" ? x < y : op == ">" ? x > y : op == "<=" ? x <= y : x >= y);
}

Value Evaluator::binary(const Expression &e) {
  Value a = evaluate(*e.args[0]);
  if (e.name == "and" || e.name == "or") {
    return a.truthy() == (e.name == "or") ? a : evaluate(*e.args[1]);
  }
  Value b = evaluate(*e.args[1]);
  if (e.name == "~") {
    return Value::string(print(a) + print(b));
  }
  if (e.name == "+" && a.is(Kind::String) && b.is(Kind::String)) {
    return a.text.size() + b.text.size() > maxOutput ? fail("a text grows too long") : Value::string(a.text + b.text);
  }
  if (e.name != "+" && e.name != "-" && e.name != "%") {
    return compare(e.name, a, b);
  }
  // Literals have at most nine digits and steps are bounded, so sums fit.
  if (!a.is(Kind::Integer) || !b.is(Kind::Integer) || (e.name == "%" && b.integer <= 0)) {
    return fail("'" + e.name + "' between values it does not fit");
  }
  int64_t modulo = e.name == "%" ? ((a.integer % b.integer) + b.integer) % b.integer : 0;
  return Value::integerOf(e.name == "+" ? a.integer + b.integer : e.name == "-" ? a.integer - b.integer : modulo);
}

Value Evaluator::callMacro(const Statement &macro, const Expression &e) {
  Scope locals;
  for (size_t i = 0; i < macro.targets.size(); ++i) {
    auto named =
        std::find_if(e.named.begin(), e.named.end(), [&](const auto &n) { return n.first == macro.targets[i]; });
    const Expression *argument = i + 1 < e.args.size()    ? e.args[i + 1].get()
                                 : named != e.named.end() ? named->second.get()
                                                          : macro.conditions[i].get();
    locals[macro.targets[i]] = argument ? evaluate(*argument) : Value();
  }
  std::vector<Scope> outer = std::move(scopes);
  scopes = {outer[0], std::move(locals)};
  std::string output;
  run(macro.bodies[0], output);
  scopes = std::move(outer);
  return Value::string(std::move(output));
}

Value Evaluator::callFunction(const std::string &name, const Expression &e, const Arguments &args) {
  if (name == "namespace" && args.empty()) {
    Value::Map members;
    for (const auto &[key, value] : e.named) {
      members.emplace_back(key, evaluate(*value));
    }
    return Value::mapOf(std::move(members));
  }
  if (name == "raise_exception" && args.size() == 1) {
    return fail("the template refuses: " + print(args[0]));
  }
  if (name == "range" && !args.empty() && args.size() <= 3) {
    int64_t begin = args.size() > 1 ? args[0].integer : 0, end = args.size() > 1 ? args[1].integer : args[0].integer;
    int64_t step = args.size() > 2 ? args[2].integer : 1;
    Value::List numbers;
    for (int64_t i = begin; step != 0 && (step > 0 ? i < end : i > end) && ok(); i += step) {
      numbers.push_back(Value::integerOf(i));
      if (numbers.size() > 100000) {
        fail("a range is too long");
      }
    }
    return Value::listOf(std::move(numbers));
  }
  return fail("the function '" + name + "' is not supported");
}

Value Evaluator::call(const Expression &e) {
  const Expression &callee = *e.args[0];
  Value macro = callee.kind == Expression::Kind::Name ? lookup(callee.name) : Value();
  if (macro.is(Kind::Macro)) {
    return callMacro(*macro.macro, e);
  }
  Arguments args;
  for (size_t i = 1; i < e.args.size(); ++i) {
    args.push_back(evaluate(*e.args[i]));
  }
  if (!ok()) {
    return Value();
  }
  if (callee.kind == Expression::Kind::Member) {
    return method(evaluate(*callee.args[0]), callee.name, args);
  }
  return callFunction(callee.name, e, args);
}

Value Evaluator::evaluate(const Expression &e) {
  if (++steps > maxSteps || depth >= maxDepth) {
    return fail("the template takes too many steps or recurses too deeply");
  }
  ++depth;
  Value value = ok() ? evaluateKind(e) : Value();
  --depth;
  return value;
}

Value Evaluator::evaluateKind(const Expression &e) {
  Arguments args;
  switch (e.kind) {
  case Expression::Kind::Literal:
    return e.value;
  case Expression::Kind::Name:
    return lookup(e.name);
  case Expression::Kind::List:
    for (const ExpressionPtr &item : e.args) {
      args.push_back(evaluate(*item));
    }
    return Value::listOf(std::move(args));
  case Expression::Kind::Map: {
    Value map = Value::mapOf({});
    for (size_t i = 0; i + 1 < e.args.size(); i += 2) {
      map.setMember(evaluate(*e.args[i]).text, evaluate(*e.args[i + 1]));
    }
    return map;
  }
  case Expression::Kind::Member:
    return member(evaluate(*e.args[0]), e.name);
  case Expression::Kind::Index: {
    Value object = evaluate(*e.args[0]);
    return index(object, evaluate(*e.args[1]));
  }
  case Expression::Kind::Slice:
    return slice(e);
  case Expression::Kind::Call:
    return call(e);
  case Expression::Kind::Filter:
  case Expression::Kind::Test: {
    Value value = evaluate(*e.args[0]);
    for (size_t i = 1; i < e.args.size(); ++i) {
      args.push_back(evaluate(*e.args[i]));
    }
    return !ok()                                ? Value()
           : e.kind == Expression::Kind::Filter ? filter(e.name, value, args)
                                                : test(e.name, value, args);
  }
  case Expression::Kind::Unary: {
    Value value = evaluate(*e.args[0]);
    return e.name == "not" ? Value::boolean(!value.truthy()) : Value::integerOf(-value.integer);
  }
  case Expression::Kind::Binary:
    return binary(e);
  case Expression::Kind::Conditional: {
    size_t branch = evaluate(*e.args[1]).truthy() ? 0 : 2;
    return e.args[branch] ? evaluate(*e.args[branch]) : Value();
  }
  }
  return Value();
}

std::optional<std::string> lapidary::jinja::render(const Template &parsed, const Value &variables, std::string &error) {
  std::string output;
  Evaluator evaluator(variables, error);
  if (!evaluator.run(parsed, output)) {
    return std::nullopt;
  }
  return output;
}
