//===- Val.cpp - arithmetic of kernels under construction --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Val.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Val.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace lapidary::cuda {

using namespace mlir;

namespace {

bool isFloat(Val a) { return isa<FloatType>(getElementTypeOrSelf(a.type())); }

Location unknown(Val a) { return a.build().getUnknownLoc(); }

template <typename Op> Val binary(Val a, Val b) {
  assert(a.type() == b.type() && "operands of different types");
  return {a.build(), Op::create(a.build(), unknown(a), a.value(), b.value())};
}

template <typename FloatOp, typename IntegerOp> Val either(Val a, Val b) {
  return isFloat(a) ? binary<FloatOp>(a, b) : binary<IntegerOp>(a, b);
}

Val compare(Val a, Val b, arith::CmpIPredicate integers, arith::CmpFPredicate floats) {
  assert(a.type() == b.type() && "comparison of different types");
  OpBuilder &builder = a.build();
  if (isFloat(a)) {
    return {builder, arith::CmpFOp::create(builder, unknown(a), floats, a.value(), b.value())};
  }
  return {builder, arith::CmpIOp::create(builder, unknown(a), integers, a.value(), b.value())};
}

template <typename Op> Val unary(Val a) { return {a.build(), Op::create(a.build(), unknown(a), a.value())}; }

template <typename Op> Val convert(Val a, Type type) {
  return a.type() == type ? a : Val(a.build(), Op::create(a.build(), unknown(a), type, a.value()));
}

/// By name: the conversion to NVVM takes the dialects' ops of this kind for calls of libdevice.
Val intrinsic(llvm::StringRef name, llvm::ArrayRef<Val> operands) {
  OpBuilder &builder = operands[0].build();
  auto values = llvm::map_to_vector(operands, [](Val operand) { return operand.value(); });
  auto call = LLVM::CallIntrinsicOp::create(builder, unknown(operands[0]), operands[0].type(),
                                            builder.getStringAttr(name), values);
  return {builder, call.getResults()};
}

} // namespace

Val Val::constant(double number) const {
  Type element = getElementTypeOrSelf(type());
  TypedAttr attribute;
  if (isa<FloatType>(element)) {
    attribute = builder->getFloatAttr(element, number);
  } else {
    attribute = builder->getIntegerAttr(element, static_cast<int64_t>(number));
  }
  if (auto vector = dyn_cast<VectorType>(type())) {
    attribute = DenseElementsAttr::get(vector, attribute);
  }
  return {*builder, arith::ConstantOp::create(*builder, builder->getUnknownLoc(), attribute)};
}

Val operator+(Val a, Val b) { return either<arith::AddFOp, arith::AddIOp>(a, b); }
Val operator-(Val a, Val b) { return either<arith::SubFOp, arith::SubIOp>(a, b); }
Val operator*(Val a, Val b) { return either<arith::MulFOp, arith::MulIOp>(a, b); }
Val operator/(Val a, Val b) { return either<arith::DivFOp, arith::DivUIOp>(a, b); }
Val operator%(Val a, Val b) { return binary<arith::RemUIOp>(a, b); }
Val operator&(Val a, Val b) { return binary<arith::AndIOp>(a, b); }
Val operator|(Val a, Val b) { return binary<arith::OrIOp>(a, b); }
Val operator^(Val a, Val b) { return binary<arith::XOrIOp>(a, b); }
Val operator<<(Val a, Val b) { return binary<arith::ShLIOp>(a, b); }
Val operator>>(Val a, Val b) { return binary<arith::ShRUIOp>(a, b); }
Val operator-(Val a) { return isFloat(a) ? unary<arith::NegFOp>(a) : a.constant(0) - a; }

Val operator==(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ); }
Val operator!=(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::ne, arith::CmpFPredicate::UNE); }
Val operator<(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::slt, arith::CmpFPredicate::OLT); }
Val operator<=(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::sle, arith::CmpFPredicate::OLE); }
Val operator>(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::sgt, arith::CmpFPredicate::OGT); }
Val operator>=(Val a, Val b) { return compare(a, b, arith::CmpIPredicate::sge, arith::CmpFPredicate::OGE); }

Val select(Val condition, Val yes, Val no) {
  OpBuilder &builder = condition.build();
  return {builder, arith::SelectOp::create(builder, unknown(condition), condition.value(), yes.value(), no.value())};
}

Val minimum(Val a, Val b) { return isFloat(a) ? intrinsic("llvm.minnum", {a, b}) : binary<arith::MinSIOp>(a, b); }
Val maximum(Val a, Val b) { return isFloat(a) ? intrinsic("llvm.maxnum", {a, b}) : binary<arith::MaxSIOp>(a, b); }
Val shiftSigned(Val a, int bits) { return binary<arith::ShRSIOp>(a, a.constant(bits)); }

Val toInt(Val a, unsigned bits, bool isSigned) {
  const unsigned width = a.type().getIntOrFloatBitWidth();
  Type type = a.build().getIntegerType(bits);
  if (bits < width) {
    return convert<arith::TruncIOp>(a, type);
  }
  return isSigned ? convert<arith::ExtSIOp>(a, type) : convert<arith::ExtUIOp>(a, type);
}

Val toIntegerOf(Val a, unsigned bits) { return convert<arith::FPToSIOp>(a, a.build().getIntegerType(bits)); }

Val toFloat(Val a) {
  Type f32 = a.build().getF32Type();
  if (a.type().isF16()) {
    return convert<arith::ExtFOp>(a, f32);
  }
  return isFloat(a) ? convert<arith::TruncFOp>(a, f32) : convert<arith::SIToFPOp>(a, f32);
}

Val toDouble(Val a) {
  Type f64 = a.build().getF64Type();
  return isFloat(a) ? convert<arith::ExtFOp>(a, f64) : convert<arith::SIToFPOp>(a, f64);
}

Val bitsOf(Val a, Type type) { return convert<LLVM::BitcastOp>(a, type); }

Val fusedMulAdd(Val a, Val b, Val c) {
  return {a.build(), LLVM::FMAOp::create(a.build(), unknown(a), a.type(), a.value(), b.value(), c.value())};
}

Val roundEven(Val a) { return intrinsic("llvm.rint", {a}); }
Val squareRoot(Val a) { return intrinsic("llvm.sqrt", {a}); }
Val absolute(Val a) { return intrinsic("llvm.fabs", {a}); }

Val element(Val vector, unsigned index) {
  OpBuilder &builder = vector.build();
  Location loc = unknown(vector);
  Value at = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), builder.getI32IntegerAttr(index));
  return {builder, LLVM::ExtractElementOp::create(builder, loc, vector.value(), at)};
}

Val vectorOf(llvm::ArrayRef<Val> elements) {
  OpBuilder &builder = elements.front().build();
  Location loc = unknown(elements.front());
  auto type = VectorType::get({static_cast<int64_t>(elements.size())}, elements.front().type());
  Value vector = LLVM::PoisonOp::create(builder, loc, type);
  for (auto [index, one] : llvm::enumerate(elements)) {
    Value at = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), builder.getI32IntegerAttr(index));
    vector = LLVM::InsertElementOp::create(builder, loc, vector, one.value(), at);
  }
  return {builder, vector};
}

} // namespace lapidary::cuda
