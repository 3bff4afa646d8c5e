// Math.cpp - float building blocks of the algorithms.
// SPDX-License-Identifier: Apache-2.0
//
// Polynomials are those of Cephes' expf and tanhf (S. Moshier), evaluated with fused multiply-adds.
#include "targets/common/algorithms/Math.h"

namespace lapidary {

using namespace Halide;

Expr fusedMulAdd(Expr a, Expr b, Expr c) {
  // LLVM's intrinsic by name: Halide 21 has no fused multiply-add of its own. LLVM turns it back into vectors.
  return Internal::Call::make(Float(32), "llvm.fma.f32", {a, b, c}, Internal::Call::PureExtern);
}

namespace {
Expr horner(Expr x, std::initializer_list<float> coefficients) {
  Expr result;
  for (float coefficient : coefficients) {
    result = result.defined() ? fusedMulAdd(result, x, coefficient) : Expr(coefficient);
  }
  return result;
}
} // namespace

Expr exponential(Expr x) {
  const float lowest = -87.3f; // below this the result would be subnormal
  Expr bounded = clamp(x, lowest, 88.0f);
  Expr n = round(bounded * 1.44269504088896341f);
  Expr r = fusedMulAdd(n, -0.693359375f, bounded); // ln 2 in two parts
  r = fusedMulAdd(n, 2.12194440e-4f, r);
  Expr tail = horner(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  Expr value = fusedMulAdd(tail, r * r, r) + 1.0f;
  Expr power = reinterpret<float>((cast<int32_t>(n) + 127) << 23);
  return select(x < lowest, 0.0f, value * power);
}

Expr hyperbolicTangent(Expr x) {
  Expr magnitude = abs(x);
  // Near 0 the exponential form would cancel.
  Expr square = x * x;
  Expr series = horner(
      square, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f});
  Expr small = fusedMulAdd(series * square, x, x);
  Expr decay = exponential(magnitude * -2.0f);
  Expr large = (1.0f - decay) / (1.0f + decay);
  return select(magnitude < 0.625f, small, select(x < 0.0f, -large, large));
}

Expr fromBf16(Expr bits) { return reinterpret<float>(cast<uint32_t>(bits) << 16); }

Expr toBf16(Expr value) {
  Expr bits = reinterpret<uint32_t>(value);
  Expr rounded = bits + (Expr(uint32_t(0x7fff)) + ((bits >> 16) & Expr(uint32_t(1))));
  return cast<uint16_t>(rounded >> 16);
}

Expr toInt8(Expr value, Expr step) { return cast<int8_t>(clamp(round(value / step), -128.0f, 127.0f)); }

Expr asFloat(Expr element) {
  if (element.type() == Int(8)) {
    return cast<float>(element);
  }
  return element.type().is_float() ? element : fromBf16(element);
}

} // namespace lapidary
