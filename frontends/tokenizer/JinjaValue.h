//===- JinjaValue.h - values of the template language --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Chat templates are programs in Jinja. Lapidary renders them at compile time on a few conversations (ChatTemplate.h)
// and needs the part of the language that Google's templates use: these values, the lexer, the parser and the
// evaluator beside this file. Everything outside that part is an error, never a guess.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_JINJAVALUE_H
#define LAPIDARY_FRONTENDS_TOKENIZER_JINJAVALUE_H

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lapidary::jinja {

struct Statement;

/// Lists, maps and namespaces are shared by copies of the value, as in Python.
struct Value {
  enum class Kind { Undefined, None, Bool, Integer, String, List, Map, Macro };
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>; // in order of insertion

  Kind kind = Kind::Undefined;
  int64_t integer = 0; ///< of Bool (0 or 1) and Integer
  std::string text;    ///< of String
  std::shared_ptr<List> list;
  std::shared_ptr<Map> map;
  const Statement *macro = nullptr;

  static Value none() { return withKind(Kind::None); }
  static Value boolean(bool value) { return number(Kind::Bool, value); }
  static Value integerOf(int64_t value) { return number(Kind::Integer, value); }
  static Value string(std::string text) {
    Value value = withKind(Kind::String);
    value.text = std::move(text);
    return value;
  }
  static Value listOf(List items) {
    Value value = withKind(Kind::List);
    value.list = std::make_shared<List>(std::move(items));
    return value;
  }
  static Value mapOf(Map items) {
    Value value = withKind(Kind::Map);
    value.map = std::make_shared<Map>(std::move(items));
    return value;
  }

  bool is(Kind other) const { return kind == other; }
  /// Python's truth: undefined, none, 0, "", [] and {} are false.
  bool truthy() const;
  /// The member of a map, or null.
  const Value *find(const std::string &key) const;
  void setMember(const std::string &key, Value value);
  bool equals(const Value &other) const;

private:
  static Value withKind(Kind kind) {
    Value value;
    value.kind = kind;
    return value;
  }
  static Value number(Kind kind, int64_t integer) {
    Value value = withKind(kind);
    value.integer = integer;
    return value;
  }
};

} // namespace lapidary::jinja

#endif // LAPIDARY_FRONTENDS_TOKENIZER_JINJAVALUE_H
