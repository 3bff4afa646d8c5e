//===- Tests.cpp - value is test -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What Jinja says about Python's values. Something undefined counts as an empty sequence there.
//===----------------------------------------------------------------------===//
#include "runtime/src/chat/Interpreter.h"

namespace lap {

bool Interpreter::test(const Node &n, uint8_t op, const Value &value, const Arguments &args) {
  Value other = args.get(0);
  switch (op) {
  case LAP_TEST_Boolean:
    return value.is(Value::Bool);
  case LAP_TEST_Callable:
    return value.is(Value::MacroKind) || value.is(Value::Method) || value.is(Value::Undefined);
  case LAP_TEST_Defined:
    return !value.is(Value::Undefined);
  case LAP_TEST_Undefined:
    return value.is(Value::Undefined);
  case LAP_TEST_DivisibleBy:
  case LAP_TEST_Even:
  case LAP_TEST_Odd: {
    Value by = op == LAP_TEST_DivisibleBy ? other : Value::integerOf(2);
    if (!value.isWhole() || !by.isWhole() || by.integer == 0) {
      fail(n, "this test needs whole numbers");
      return false;
    }
    bool divides = by.integer == -1 || value.integer % by.integer == 0;
    return divides == (op != LAP_TEST_Odd);
  }
  case LAP_TEST_Equal:
  case LAP_TEST_EqualTo:
    return same(n, value, other);
  case LAP_TEST_NotEqual:
    return !same(n, value, other);
  case LAP_TEST_Greater:
  case LAP_TEST_GreaterThan:
    return less(n, other, value);
  case LAP_TEST_GreaterEqual:
    return compareOne(n, LAP_OP_GREATER_EQUAL, value, other);
  case LAP_TEST_Less:
  case LAP_TEST_LessThan:
    return less(n, value, other);
  case LAP_TEST_LessEqual:
    return compareOne(n, LAP_OP_LESS_EQUAL, value, other);
  case LAP_TEST_In:
    return contains(n, other, value);
  case LAP_TEST_False:
    return value.is(Value::Bool) && value.integer == 0;
  case LAP_TEST_True:
    return value.is(Value::Bool) && value.integer == 1;
  case LAP_TEST_Float:
    return value.is(Value::Float);
  case LAP_TEST_Integer:
    return value.is(Value::Integer) || value.is(Value::BigInteger);
  case LAP_TEST_Number:
    return value.isNumber() || value.is(Value::BigInteger);
  case LAP_TEST_Iterable:
  case LAP_TEST_Sequence:
    return value.is(Value::String) || value.is(Value::ListKind) || value.is(Value::MapKind) ||
           value.is(Value::Undefined) || (op == LAP_TEST_Iterable && value.is(Value::LoopKind));
  case LAP_TEST_Mapping:
    return value.is(Value::MapKind);
  case LAP_TEST_None:
    return value.is(Value::None);
  case LAP_TEST_String:
    return value.is(Value::String);
  case LAP_TEST_Truthy:
    return value.truthy();
  default:
    failDamaged(n);
    return false;
  }
}

} // namespace lap
