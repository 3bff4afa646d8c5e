//===- Math.cpp - functions that several kernels need ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Polynomials are those of Cephes (S. Moshier): expf, tanhf, and sin and cos of double.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Math.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace lapidary::cuda {

namespace {
/// Horner's rule with fused multiply-adds, the highest power first.
Val horner(Val x, std::initializer_list<double> coefficients) {
  Val result;
  for (double coefficient : coefficients) {
    result = result ? fusedMulAdd(result, x, x.constant(coefficient)) : x.constant(coefficient);
  }
  return result;
}

/// A float constant, not the double next to it.
double single(float number) { return number; }
} // namespace

Val exponential(Val x) {
  const double lowest = single(-87.3f);
  Val bounded = minimum(maximum(x, x.constant(lowest)), x.constant(88.0));
  Val n = roundEven(bounded * single(1.44269504088896341f));
  Val r = fusedMulAdd(n, n.constant(single(-0.693359375f)), bounded); // ln 2 in two parts
  r = fusedMulAdd(n, n.constant(single(2.12194440e-4f)), r);
  Val tail = horner(r, {single(1.9875691500e-4f), single(1.3981999507e-3f), single(8.3334519073e-3f),
                        single(4.1665795894e-2f), single(1.6666665459e-1f), single(5.0000001201e-1f)});
  Val value = fusedMulAdd(tail, r * r, r) + 1.0;
  Val power = bitsOf((toIntegerOf(n, 32) + 127) << 23, x.type());
  return select(x < lowest, x.constant(0), value * power);
}

Val hyperbolicTangent(Val x) {
  Val magnitude = absolute(x);
  Val square = x * x;
  Val series = horner(square, {single(-5.70498872745e-3f), single(2.06390887954e-2f), single(-5.37397155531e-2f),
                               single(1.33314422036e-1f), single(-3.33332819422e-1f)});
  Val small = fusedMulAdd(series * square, x, x); // near 0 the exponential form would cancel
  Val decay = exponential(magnitude * -2.0);
  Val large = (1.0 - decay) / (1.0 + decay);
  return select(magnitude < 0.625, small, select(x < 0.0, -large, large));
}

std::pair<Val, Val> cosineAndSine(KernelBuilder &k, Val angle) {
  Val x = toDouble(angle);
  Val n = roundEven(x * 0.63661977236758134308); // 2 / pi
  // pi / 2 in three parts of 33 bits: products with n < 2^20 are exact.
  Val r = fusedMulAdd(n, n.constant(-1.57079632673412561417e+00), x);
  r = fusedMulAdd(n, n.constant(-6.07710050630396597660e-11), r);
  r = fusedMulAdd(n, n.constant(-2.02226624879595063154e-21), r);
  Val z = r * r;
  Val sine = fusedMulAdd(horner(z, {1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6,
                                    -1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1}),
                         z * r, r);
  Val cosine =
      fusedMulAdd(horner(z, {-1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7,
                             2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2}),
                  z * z, 1.0 - z * 0.5);
  Val quadrant = toIntegerOf(n, 32) & 3;
  Val swapped = (quadrant & 1) == 1;
  Val first = select(swapped, sine, cosine), second = select(swapped, cosine, sine);
  Val negativeCosine = ((quadrant + 1) & 2) == 2, negativeSine = (quadrant & 2) == 2;
  return {toFloat(select(negativeCosine, -first, first)), toFloat(select(negativeSine, -second, second))};
}

Val fromBf16(KernelBuilder &k, Val bits) { return bitsOf(toInt(bits, 32, false) << 16, k.f32Type()); }

Val toBf16(KernelBuilder &k, Val value) {
  Val bits = bitsOf(value, k.i32Type());
  return toInt((bits + (((bits >> 16) & 1) + 0x7fff)) >> 16, 16);
}

namespace {
Val packAs(KernelBuilder &k, llvm::StringRef intrinsic, mlir::Type half, Val low, Val high) {
  return {k.builder, mlir::LLVM::CallIntrinsicOp::create(k.builder, k.builder.getUnknownLoc(), k.vectorType(half, 2),
                                                         k.builder.getStringAttr(intrinsic),
                                                         mlir::ValueRange{high.value(), low.value()})
                         .getResults()};
}
} // namespace

Val bf16OfPair(KernelBuilder &k, Val pair, unsigned index) {
  return bitsOf(index == 0 ? pair << 16 : pair & k.i32(0xffff0000LL), k.f32Type());
}

Val packBf16(KernelBuilder &k, Val low, Val high) {
  return bitsOf(packAs(k, "llvm.nvvm.ff2bf16x2.rn", k.builder.getBF16Type(), low, high), k.i32Type());
}

Val packF16(KernelBuilder &k, Val low, Val high) {
  return packAs(k, "llvm.nvvm.ff2f16x2.rn", k.builder.getF16Type(), low, high);
}

Val toInt8(KernelBuilder &k, Val value, Val step) {
  Val whole = roundEven(value / step);
  return toInt(toIntegerOf(minimum(maximum(whole, whole.constant(-128)), whole.constant(127)), 32), 8);
}

unsigned elementBytes(lap_format element) { return element == LAP_F32 ? 4 : element == LAP_BF16 ? 2 : 1; }

Val loadElement(KernelBuilder &k, lap_format element, Val base, Val index) {
  Val at = index * elementBytes(element);
  switch (element) {
  case LAP_F32:
    return k.load(k.f32Type(), base, at);
  case LAP_BF16:
    return fromBf16(k, k.load(k.i16Type(), base, at));
  default:
    return toFloat(toInt(k.load(k.i8Type(), base, at), 32));
  }
}

} // namespace lapidary::cuda
