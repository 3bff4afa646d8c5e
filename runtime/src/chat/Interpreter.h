//===- Interpreter.h - run a compiled chat template ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Walks the tree of TemplateProgram.h with the meaning Jinja 3.1 gives it as transformers sets it up. This is the only
// evaluator there is: emitted programs, the compiler and the tests all use it. The first error stops everything; after
// it every function returns at once. Steps, depth and memory are bounded, so a hostile template or conversation is an
// error and not a hang.
//
//   Interpreter.cpp  limits, errors, scopes            Expressions.cpp  expressions, by their kind
//   Statements.cpp   if, for, set ..                   Operators.cpp    + - in < ..
//   Macros.cpp       macro, set ... endset             Members.cpp      value.member, value[item]
//   Functions.cpp    range, namespace ..               Tests.cpp        value is test
//   Filters.cpp, Sequences.cpp, Ordering.cpp, Mapping.cpp               value | filter
//   Methods.cpp, Splitting.cpp                                          value.method(..)
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CHAT_INTERPRETER_H
#define LAPIDARY_RUNTIME_CHAT_INTERPRETER_H

#include "runtime/src/Error.h"
#include "runtime/src/chat/Print.h"

namespace lap {

struct Binding {
  Text name;
  Value value;
  Binding *next;
};

struct Scope {
  Scope *outer;
  Binding *first;
};

/// Evaluated arguments by parameter; ones that were not given are Absent.
struct Arguments {
  const Value *values;
  uint32_t count;

  bool has(uint32_t i) const { return i < count && !values[i].is(Value::Absent); }
  /// Argument i, or None.
  Value get(uint32_t i) const { return has(i) ? values[i] : Value::none(); }
};

class Interpreter {
public:
  /// `now`: seconds since 1970, for strftime_now. Failures go to *error: LAP_INVALID_ARGUMENT when template or
  /// conversation are at fault, LAP_OUT_OF_MEMORY when a limit was met.
  Interpreter(const lap_template &program, Arena &arena, Buffer &out, int64_t now, lap_error *error);

  void define(Text name, const Value &value) { set(root, name, value); }
  /// Runs the template; its output is in the buffer. False after an error.
  bool run();

private:
  using Node = lap_template_node;
  enum class Flow { Normal, Break, Continue };

  // Interpreter.cpp, Statements.cpp, Macros.cpp
  const Node &node(uint32_t index) const { return nodes[index]; }
  uint32_t link(const Node &n, uint32_t i) const { return links[n.first + i]; }
  /// Whether child i is there.
  bool hasLink(const Node &n, uint32_t i) const { return i < n.count && link(n, i) != LAP_NO_NODE; }
  Text nodeText(const Node &n) const { return {strings + n.text, n.text_bytes}; }
  bool ok() const { return !failure; }
  bool enter(const Node &n);
  void leave() { --depth; }
  /// Takes `work` bytes of text or items from the budget.
  bool spend(const Node &n, uint64_t work);
  __attribute__((format(printf, 3, 4))) Value fail(const Node &n, const char *format, ...);
  Value failMemory();
  Value failDamaged(const Node &n) { return fail(n, "the compiled template is damaged"); }

  Scope *newScope(Scope *outer);
  void set(Scope *scope, Text name, const Value &value);
  Value lookup(Text name) const;

  Flow runStatement(uint32_t index);
  Flow runKind(const Node &n);
  Flow runIf(const Node &n);
  Flow runFor(const Node &n);
  List *filterItems(const Node &n, List *items);
  void bindTargets(const Node &n, uint32_t first, const Value &value);
  void assign(const Node &target, const Value &value);
  void runSetBlock(const Node &n);
  Flow runWith(const Node &n);
  void defineMacro(const Node &n);
  Value callMacro(const Node &call, const Macro &macro);
  uint32_t argumentFor(const Node &call, Text name, uint32_t i) const;
  /// Runs a body and takes what it printed.
  Value capture(const Node &n, uint32_t body);

  // Expressions.cpp
  Value evaluate(uint32_t index);
  Value evaluateKind(const Node &n);
  Value evaluateCall(const Node &n);
  Value evaluateOperator(const Node &n);
  Value evaluateMap(const Node &n);
  Value evaluateItems(const Node &n, bool tuple);
  Value call(const Node &n);
  /// Children from `first` on, evaluated.
  bool arguments(const Node &n, uint32_t first, Arguments *out);

  // Members.cpp
  Value member(const Node &n, const Value &object, Text name);
  Value loopMember(const Loop &loop, Text name);
  Value index(const Node &n, const Value &object, const Value &key);
  Value itemOf(const Value &object, int64_t at);
  Value slice(const Node &n);
  bool sliceBounds(const Node &n, int64_t size, int64_t *begin, int64_t *end, int64_t *step);
  Value sliceList(const List &source, int64_t begin, uint32_t count, int64_t step);
  Value sliceText(const Node &n, const Value &source, int64_t begin, uint32_t count, int64_t step);

  // Functions.cpp
  Value callFunction(const Node &n);
  Value makeMap(const Node &n);
  Value makeRange(const Node &n, const Arguments &args);
  Value formatNow(const Node &n, const Value &format);
  Value refuse(const Node &n, const Value &words);

  // Operators.cpp
  Value binary(const Node &n);
  Value add(const Node &n, const Value &a, const Value &b);
  Value arithmetic(const Node &n, const Value &a, const Value &b);
  Value wholeArithmetic(const Node &n, int64_t a, int64_t b);
  Value realArithmetic(const Node &n, double a, double b);
  Value sign(const Node &n, const Value &value);
  Value power(const Node &n, int64_t base, int64_t exponent);
  Value repeat(const Node &n, const Value &what, int64_t times);
  Value compareChain(const Node &n);
  bool compareOne(const Node &n, uint8_t op, const Value &a, const Value &b);
  /// a < b as Python orders; fails for values without order.
  bool less(const Node &n, const Value &a, const Value &b);
  bool same(const Node &n, const Value &a, const Value &b);
  bool contains(const Node &n, const Value &container, const Value &item);

  // Filters.cpp
  Value filter(const Node &n, uint8_t op, const Value &value, const Arguments &args);
  Value textFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args);
  Value numberFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args);
  Value length(const Node &n, const Value &value);
  Value indent(const Node &n, Text text, const Arguments &args);
  Value toJson(const Node &n, const Value &value, const Arguments &args);
  /// str(value), in the arena.
  Value toText(const Node &n, const Value &value);
  Value textValue(Text text);
  /// What stands in the buffer from `start` on, moved to the arena.
  Value takePrinted(const Node &n, size_t start);

  // Sequences.cpp, Ordering.cpp, Mapping.cpp
  Value sequenceFilter(const Node &n, uint8_t op, const Value &value, const Arguments &args);
  List *newList(uint32_t count, bool tuple = false);
  /// What a loop over the value sees; null after a failure.
  List *iterate(const Node &n, const Value &value);
  List *pairs(const Map &map);
  List *column(const Map &map, bool keys);
  Value dictSort(const Node &n, const Value &value, const Arguments &args);
  Value sortList(const Node &n, const Value &value, const Arguments &args);
  bool sortItems(const Node &n, Value *keys, Value *items, uint32_t count, bool reverse);
  Value join(const Node &n, const Value &value, const Arguments &args);
  Value extreme(const Node &n, const Value &value, bool largest);
  Value sum(const Node &n, const Value &value, const Arguments &args);
  Value unique(const Node &n, const Value &value);
  Value reverse(const Node &n, const Value &value);
  Value mapFilter(const Node &n);
  Value mapMember(const Node &n);
  Value select(const Node &n);
  /// The member at a dotted path, as map(attribute='a.b') follows it; `missing` stands for what is not there.
  Value followPath(const Node &n, Value value, const Value &path, const Value &missing = Value::absent());
  /// A text in lower case, other values as they are: how Jinja compares without case.
  Value foldCase(const Value &value);

  // Tests.cpp
  bool test(const Node &n, uint8_t op, const Value &value, const Arguments &args);

  // Methods.cpp, Splitting.cpp
  Value method(const Node &n);
  Value stripMethod(const Node &n, Text text, const Value &characters);
  Value textMethod(const Node &n, Text text, const Arguments &args);
  Value searchMethod(const Node &n, Text text, const Arguments &args);
  Value mapMethod(const Node &n, const Map &map, const Arguments &args);
  Value listMethod(const Node &n, const List &list, const Arguments &args);
  Value split(const Node &n, Text text, const Arguments &args);
  Value splitLines(const Node &n, Text text);
  Value joinTexts(const Node &n, Text separator, const Value &items);

  const lap_template &program;
  const Node *nodes;
  const uint32_t *links;
  const char *strings;
  Arena &arena;
  Buffer &out;
  int64_t now;
  lap_error *error;
  Scope *root = nullptr, *scope = nullptr;
  bool failure = false;
  int depth = 0;
  uint32_t loops = 0;
  uint64_t steps; // left
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CHAT_INTERPRETER_H
