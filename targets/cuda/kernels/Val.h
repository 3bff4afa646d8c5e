//===- Val.h - values of a kernel under construction ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels are C++ functions that build MLIR. A Val is an SSA value that knows where it is built, so that a kernel reads
// as arithmetic: `x * x + 1.0` builds an arith.mulf, a constant and an arith.addf. Nothing is computed here.
//
// Integers are counts, positions and addresses: `/`, `%` and `>>` are unsigned, comparisons signed. A number on one
// side takes the type of the other; otherwise both sides have the same type.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_VAL_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_VAL_H

#include "mlir/IR/Builders.h"

#include <cstdint>

namespace lapidary::cuda {

class Val {
public:
  Val() = default;
  Val(mlir::OpBuilder &builder, mlir::Value value) : builder(&builder), ssa(value) {}

  mlir::Value value() const { return ssa; }
  mlir::Type type() const { return ssa.getType(); }
  mlir::OpBuilder &build() const { return *builder; }
  explicit operator bool() const { return static_cast<bool>(ssa); }

  /// A constant of this value's type (of its elements, for vectors).
  Val constant(double number) const;

private:
  mlir::OpBuilder *builder = nullptr;
  mlir::Value ssa;
};

Val operator+(Val a, Val b);
Val operator-(Val a, Val b);
Val operator*(Val a, Val b);
Val operator/(Val a, Val b); ///< unsigned, or IEEE division
Val operator%(Val a, Val b); ///< unsigned
Val operator&(Val a, Val b);
Val operator|(Val a, Val b);
Val operator^(Val a, Val b);
Val operator<<(Val a, Val b);
Val operator>>(Val a, Val b); ///< zeroes come in
Val operator-(Val a);
Val operator==(Val a, Val b); ///< i1
Val operator!=(Val a, Val b);
Val operator<(Val a, Val b); ///< signed; ordered for floats
Val operator<=(Val a, Val b);
Val operator>(Val a, Val b);
Val operator>=(Val a, Val b);

#define LAPIDARY_VAL_NUMBER(op)                                                                                        \
  inline Val operator op(Val a, double b) { return a op a.constant(b); }                                               \
  inline Val operator op(double a, Val b) { return b.constant(a) op b; }
LAPIDARY_VAL_NUMBER(+)
LAPIDARY_VAL_NUMBER(-)
LAPIDARY_VAL_NUMBER(*)
LAPIDARY_VAL_NUMBER(/)
LAPIDARY_VAL_NUMBER(%)
LAPIDARY_VAL_NUMBER(&)
LAPIDARY_VAL_NUMBER(|)
LAPIDARY_VAL_NUMBER(^)
LAPIDARY_VAL_NUMBER(<<)
LAPIDARY_VAL_NUMBER(>>)
LAPIDARY_VAL_NUMBER(==)
LAPIDARY_VAL_NUMBER(!=)
LAPIDARY_VAL_NUMBER(<)
LAPIDARY_VAL_NUMBER(<=)
LAPIDARY_VAL_NUMBER(>)
LAPIDARY_VAL_NUMBER(>=)
#undef LAPIDARY_VAL_NUMBER

Val select(Val condition, Val yes, Val no);
Val minimum(Val a, Val b); ///< signed; of floats the number that is one
Val maximum(Val a, Val b);
Val shiftSigned(Val a, int bits); ///< arithmetic shift to the right

// Conversions.
Val toInt(Val a, unsigned bits, bool isSigned = true); ///< of integers: cut or extended
Val toIntegerOf(Val a, unsigned bits);                 ///< of floats: towards zero, signed
Val toFloat(Val a);                                    ///< f32, from a signed integer, f16 or f64
Val toDouble(Val a);                                   ///< f64, from a signed integer or f32
Val bitsOf(Val a, mlir::Type type);                    ///< the same bits

// Floats.
Val fusedMulAdd(Val a, Val b, Val c);
Val roundEven(Val a); ///< to the nearest whole number, ties to even
Val squareRoot(Val a);
Val absolute(Val a);

// Vectors (of loads and of packed operands).
Val element(Val vector, unsigned index);
Val vectorOf(llvm::ArrayRef<Val> elements);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_VAL_H
