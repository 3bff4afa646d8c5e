//===- Scalars.cpp - intrinsics that need one thread only ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Approximations of the hardware (.approx) are computed in double and rounded: they are better here than on a GPU,
// where their last bits are wrong (ex2, rsqrt: 2 ulp, lg2: 2^-22, sin, cos: 2^-20 absolute; PTX ISA 9.0, 9.7.3). `.ftz`
// takes and gives zeros for subnormal numbers.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <bit>
#include <cmath>
#include <immintrin.h>
#include <limits>

using namespace lapidary::cuda::emulator;

extern "C" {
#define LAP_EMU_SCALAR(FUNCTION, INTRINSIC, RESULT, PARAMETERS) RESULT lap_emu_##FUNCTION PARAMETERS;
#include "targets/cuda/emulator/ScalarIntrinsics.def"
/// What LLVM calls to round to bf16 on machines without such an instruction. The bits are in the low half of xmm0; with
/// the type __bf16 clang would make this function call itself.
__m128i __truncsfbf2(float);
/// The same for f16, whose multiply-adds are done in f64.
__m128i __truncdfhf2(double);
}

namespace {

float flush(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }
template <typename Function> float flushed(Function function, float x) {
  return flush(float(function(double(flush(x)))));
}

uint16_t roundToBf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) {
    return 0x7fff; // the canonical one, PTX ISA 9.0, cvt
  }
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
uint16_t truncateToBf16(float x) {
  return std::isnan(x) ? uint16_t(0x7fff) : uint16_t(std::bit_cast<uint32_t>(x) >> 16);
}

uint16_t roundToF16(float x) { return std::isnan(x) ? uint16_t(0x7fff) : std::bit_cast<uint16_t>(_Float16(x)); }

/// Integers of conversions are clamped, NaN is 0.
template <typename Integer> Integer toInteger(float x) {
  constexpr double low = std::numeric_limits<Integer>::min(), high = std::numeric_limits<Integer>::max();
  return std::isnan(x) ? Integer(0) : Integer(std::fmin(std::fmax(double(x), low), high));
}

template <typename A, typename B> uint32_t dot4(uint32_t a, uint32_t b, uint32_t c) {
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    c += uint32_t(int32_t(A(a >> shift)) * int32_t(B(b >> shift)));
  }
  return c;
}

double reciprocalRoot(double x) { return 1.0 / std::sqrt(x); }
double reciprocal(double x) { return 1.0 / x; }
double binaryLogarithm(double x) { return std::log2(x); }
double powerOfTwo(double x) { return std::exp2(x); }
double root(double x) { return std::sqrt(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }

const Launch &launched() { return theBlock().launched(); }
uint32_t warpsOfBlock() {
  const Dimensions &block = launched().block;
  return (block.x * block.y * block.z + warpLanes - 1) / warpLanes;
}

} // namespace

// ---- special registers
uint32_t lap_emu_tid_x() { return theBlock().thread().id.x; }
uint32_t lap_emu_tid_y() { return theBlock().thread().id.y; }
uint32_t lap_emu_tid_z() { return theBlock().thread().id.z; }
uint32_t lap_emu_ntid_x() { return launched().block.x; }
uint32_t lap_emu_ntid_y() { return launched().block.y; }
uint32_t lap_emu_ntid_z() { return launched().block.z; }
uint32_t lap_emu_ctaid_x() { return theBlock().index().x; }
uint32_t lap_emu_ctaid_y() { return theBlock().index().y; }
uint32_t lap_emu_ctaid_z() { return theBlock().index().z; }
uint32_t lap_emu_nctaid_x() { return launched().grid.x; }
uint32_t lap_emu_nctaid_y() { return launched().grid.y; }
uint32_t lap_emu_nctaid_z() { return launched().grid.z; }
uint32_t lap_emu_laneid() { return theBlock().thread().lane(); }
uint32_t lap_emu_warpid() { return theBlock().thread().index / warpLanes; }
uint32_t lap_emu_nwarpid() { return warpsOfBlock(); }
uint32_t lap_emu_warpsize() { return warpLanes; }

// ---- functions of floats
float lap_emu_ex2(float x) { return float(powerOfTwo(x)); }
float lap_emu_ex2_f32(float x) { return float(powerOfTwo(x)); }
float lap_emu_ex2_ftz(float x) { return flushed(powerOfTwo, x); }
float lap_emu_ex2_ftz_f32(float x) { return flushed(powerOfTwo, x); }
float lap_emu_lg2(float x) { return float(binaryLogarithm(x)); }
float lap_emu_lg2_ftz(float x) { return flushed(binaryLogarithm, x); }
float lap_emu_rcp_approx_ftz(float x) { return flushed(reciprocal, x); }
float lap_emu_rcp(float x) { return 1.0f / x; }
float lap_emu_rcp_ftz(float x) { return flushed(reciprocal, x); }
float lap_emu_rsqrt(float x) { return float(reciprocalRoot(x)); }
float lap_emu_rsqrt_ftz(float x) { return flushed(reciprocalRoot, x); }
float lap_emu_sqrt(float x) { return std::sqrt(x); }
float lap_emu_sqrt_ftz(float x) { return flushed(root, x); }
float lap_emu_sqrt_approx(float x) { return std::sqrt(x); }
float lap_emu_sqrt_approx_ftz(float x) { return flushed(root, x); }
float lap_emu_sqrt_default(float x) { return std::sqrt(x); }
float lap_emu_sin(float x) { return float(sine(x)); }
float lap_emu_sin_ftz(float x) { return flushed(sine, x); }
float lap_emu_cos(float x) { return float(cosine(x)); }
float lap_emu_cos_ftz(float x) { return flushed(cosine, x); }
float lap_emu_tanh(float x) { return float(std::tanh(double(x))); }
float lap_emu_div_approx(float a, float b) { return a / b; }
float lap_emu_div_full(float a, float b) { return a / b; }
float lap_emu_div(float a, float b) { return a / b; }
float lap_emu_add(float a, float b) { return a + b; }
float lap_emu_mul(float a, float b) { return a * b; }
float lap_emu_fma(float a, float b, float c) { return std::fma(a, b, c); }
float lap_emu_fma_ftz(float a, float b, float c) { return flush(std::fma(flush(a), flush(b), flush(c))); }
float lap_emu_fabs(float x) { return std::fabs(x); }
float lap_emu_fabs_ftz(float x) { return std::fabs(flush(x)); }
float lap_emu_fmin(float a, float b) { return std::fmin(a, b); }
float lap_emu_fmax(float a, float b) { return std::fmax(a, b); }
float lap_emu_fmin_nan(float a, float b) { return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b); }
float lap_emu_fmax_nan(float a, float b) { return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b); }
float lap_emu_floor(float x) { return std::floor(x); }
float lap_emu_ceil(float x) { return std::ceil(x); }
float lap_emu_trunc(float x) { return std::trunc(x); }
float lap_emu_round(float x) { return std::nearbyint(x); }
float lap_emu_saturate(float x) { return x > 0 ? std::fmin(x, 1.0f) : 0.0f; }

// ---- conversions
int32_t lap_emu_f2i_rn(float x) { return toInteger<int32_t>(std::nearbyint(x)); }
int32_t lap_emu_f2i_rm(float x) { return toInteger<int32_t>(std::floor(x)); }
int32_t lap_emu_f2i_rp(float x) { return toInteger<int32_t>(std::ceil(x)); }
int32_t lap_emu_f2i_rz(float x) { return toInteger<int32_t>(std::trunc(x)); }
uint32_t lap_emu_f2ui_rn(float x) { return toInteger<uint32_t>(std::nearbyint(x)); }
uint32_t lap_emu_f2ui_rz(float x) { return toInteger<uint32_t>(std::trunc(x)); }
float lap_emu_i2f_rn(int32_t x) { return float(x); }
float lap_emu_ui2f_rn(uint32_t x) { return float(x); }
uint16_t lap_emu_f2bf16_rn(float x) { return roundToBf16(x); }
uint16_t lap_emu_f2bf16_rz(float x) { return truncateToBf16(x); }
// The first operand is the high half of the result.
uint32_t lap_emu_ff2bf16x2_rn(float a, float b) { return uint32_t(roundToBf16(a)) << 16 | roundToBf16(b); }
uint32_t lap_emu_ff2bf16x2_rz(float a, float b) { return uint32_t(truncateToBf16(a)) << 16 | truncateToBf16(b); }
uint32_t lap_emu_ff2f16x2_rn(float a, float b) { return uint32_t(roundToF16(a)) << 16 | roundToF16(b); }
__m128i __truncdfhf2(double x) {
  // To an odd f32 first, so that rounding twice gives what rounding once does.
  const float near = float(x);
  uint32_t bits = std::bit_cast<uint32_t>(near);
  if (double(near) != x && std::isfinite(near)) {
    bits = (bits - (std::fabs(double(near)) > std::fabs(x) ? 1 : 0)) | 1;
  }
  return _mm_cvtps_ph(_mm_set_ss(std::bit_cast<float>(bits)), _MM_FROUND_TO_NEAREST_INT);
}
__m128i __truncsfbf2(float x) { return _mm_cvtsi32_si128(roundToBf16(x)); }

// ---- integers
uint32_t lap_emu_prmt(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t choice = selector >> (4 * i) & 15;
    uint32_t byte = uint32_t(bytes >> (8 * (choice & 7))) & 255;
    if (choice & 8) {
      byte = byte & 128 ? 255 : 0; // its sign, in all bits
    }
    result |= byte << (8 * i);
  }
  return result;
}
uint32_t lap_emu_idp4a_ss(uint32_t a, uint32_t b, uint32_t c) { return dot4<int8_t, int8_t>(a, b, c); }
uint32_t lap_emu_idp4a_su(uint32_t a, uint32_t b, uint32_t c) { return dot4<int8_t, uint8_t>(a, b, c); }
uint32_t lap_emu_idp4a_us(uint32_t a, uint32_t b, uint32_t c) { return dot4<uint8_t, int8_t>(a, b, c); }
uint32_t lap_emu_idp4a_uu(uint32_t a, uint32_t b, uint32_t c) { return dot4<uint8_t, uint8_t>(a, b, c); }
int32_t lap_emu_mulhi(int32_t a, int32_t b) { return int32_t(int64_t(a) * b >> 32); }
uint32_t lap_emu_mulhi_unsigned(uint32_t a, uint32_t b) { return uint32_t(uint64_t(a) * b >> 32); }
