//===- HvxFloats.h - 32 floats in a vector register ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// HVX has floats from version 68 on, in two kinds (Qualcomm Hexagon V68 and V79 HVX Programmer's Reference Manuals):
//   sf     IEEE single, rounded to nearest; products and sums of it are on devices from version 79 on
//   qf32   what the multiplier of versions 68 to 75 gives: more bits of exponent, rounded otherwise than IEEE
// Here every value is sf between operations. Below version 79 an operation is one of qf32 and a conversion, which the
// compiler leaves out between sums; what is multiplied is always sf, because products lose bits of a qf32 that is not
// normalized. So results differ in their last bits from version to version, and from the
// scalar kernels', which have fused multiply-adds. Comparing, selecting, least and most are exact everywhere.
//
// No emulator runs these instructions. ModelFloats.h is the same interface in plain C++, with which the kernels that
// are written against it are tested. Version 66 has what needs no instruction of floats, for a test of that under an
// emulator (test/targets/hexagon/HvxFloatsTest.cpp).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_HVXFLOATS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_HVXFLOATS_H

#include "targets/hexagon/kernels/Hvx.h"

namespace lap::hexagon {

struct HvxFloats {
  static constexpr int Lanes = 32;
  static constexpr bool roundsToNearest = __HVX_ARCH__ >= 79; ///< sums and products, ties to even
  struct Float {
    HVX_Vector lanes;
  };
  struct Word { // int32
    HVX_Vector lanes;
  };
  struct Mask {
    HVX_VectorPred lanes;
  };

  LAPIDARY_INLINE static Float splat(float value) { return {hexagon::splat(__builtin_bit_cast(int32_t, value))}; }
  LAPIDARY_INLINE static Float load(const float *from) { return {loadUnaligned(from)}; }
  LAPIDARY_INLINE static void store(Float value, float *to) { *reinterpret_cast<HVX_UVector *>(to) = value.lanes; }

#if __HVX_ARCH__ >= 79
  LAPIDARY_INLINE static Float add(Float a, Float b) { return {Q6_Vsf_vadd_VsfVsf(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Float sub(Float a, Float b) { return {Q6_Vsf_vsub_VsfVsf(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Float mul(Float a, Float b) { return {Q6_Vsf_vmpy_VsfVsf(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Float mulAdd(Float a, Float b, Float c) { return add(mul(a, b), c); }
#elif __HVX_ARCH__ >= 68
  LAPIDARY_INLINE static Float add(Float a, Float b) {
    return {Q6_Vsf_equals_Vqf32(Q6_Vqf32_vadd_VsfVsf(a.lanes, b.lanes))};
  }
  LAPIDARY_INLINE static Float sub(Float a, Float b) {
    return {Q6_Vsf_equals_Vqf32(Q6_Vqf32_vsub_VsfVsf(a.lanes, b.lanes))};
  }
  LAPIDARY_INLINE static Float mul(Float a, Float b) {
    return {Q6_Vsf_equals_Vqf32(Q6_Vqf32_vmpy_VsfVsf(a.lanes, b.lanes))};
  }
  LAPIDARY_INLINE static Float mulAdd(Float a, Float b, Float c) {
    return {Q6_Vsf_equals_Vqf32(Q6_Vqf32_vadd_Vqf32Vsf(Q6_Vqf32_vmpy_VsfVsf(a.lanes, b.lanes), c.lanes))};
  }
#endif
#if __HVX_ARCH__ >= 68
  LAPIDARY_INLINE static Float least(Float a, Float b) { return {Q6_Vsf_vmin_VsfVsf(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Float most(Float a, Float b) { return {Q6_Vsf_vmax_VsfVsf(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Mask isLess(Float a, Float b) { return {Q6_Q_vcmp_gt_VsfVsf(b.lanes, a.lanes)}; }
  /// Whole numbers below 2^22 in magnitude, exactly: 1.5 * 2^23 has them in its last bits.
  LAPIDARY_INLINE static Float toFloat(Word a) {
    return sub(fromBits(plus(a, splatWord(0x4b400000))), splat(0x1.8p23f));
  }
#else
  LAPIDARY_INLINE static Float toFloat(Word a) { return {floatsOf(a.lanes)}; }
#endif
  /// Whole numbers above -2^31: the nearest, ties to even.
  LAPIDARY_INLINE static Float nearestFloat(Word a) { return {nearestFloatsOf(a.lanes)}; }
  LAPIDARY_INLINE static Float select(Mask mask, Float a, Float b) {
    return {Q6_V_vmux_QVV(mask.lanes, a.lanes, b.lanes)};
  }
  /// Lanes 16 to 31, then 0 to 15.
  LAPIDARY_INLINE static Float swapHalves(Float a) { return {Q6_V_vror_VR(a.lanes, VectorBytes / 2)}; }
  LAPIDARY_INLINE static bool any(Mask mask) {
    HVX_Vector lanes = Q6_V_vmux_QVV(mask.lanes, hexagon::splat(1), Q6_V_vzero());
    unrolled<5>([&](auto i) { lanes = Q6_V_vor_VV(lanes, Q6_V_vror_VR(lanes, VectorBytes / 2 >> i)); });
    return Q6_R_vextract_VR(lanes, 0) != 0;
  }

  LAPIDARY_INLINE static Word bits(Float a) { return {a.lanes}; }
  LAPIDARY_INLINE static Float fromBits(Word a) { return {a.lanes}; }
  LAPIDARY_INLINE static Word splatWord(int32_t value) { return {hexagon::splat(value)}; }
  LAPIDARY_INLINE static Word loadWords(const int32_t *from) { return {loadUnaligned(from)}; }
  LAPIDARY_INLINE static Word plus(Word a, Word b) { return {Q6_Vw_vadd_VwVw(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Word minus(Word a, Word b) { return {Q6_Vw_vsub_VwVw(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Word both(Word a, Word b) { return {Q6_V_vand_VV(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Word either(Word a, Word b) { return {Q6_V_vor_VV(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Word leastWord(Word a, Word b) { return {Q6_Vw_vmin_VwVw(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Word mostWord(Word a, Word b) { return {Q6_Vw_vmax_VwVw(a.lanes, b.lanes)}; }
  LAPIDARY_INLINE static Mask isLessWord(Word a, Word b) { return {Q6_Q_vcmp_gt_VwVw(b.lanes, a.lanes)}; }
  LAPIDARY_INLINE static Word shiftLeft(Word a, int count) { return {Q6_Vw_vasl_VwR(a.lanes, count)}; }
  LAPIDARY_INLINE static Word shiftRight(Word a, int count) { return {Q6_Vuw_vlsr_VuwR(a.lanes, count)}; }
  /// 0, 1, .. 31.
  LAPIDARY_INLINE static Word indices() {
    alignas(VectorBytes) static constexpr int32_t numbers[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                               11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                                               22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    return {*reinterpret_cast<const HVX_Vector *>(numbers)};
  }
  LAPIDARY_INLINE static Mask eitherMask(Mask a, Mask b) { return {Q6_Q_or_QQ(a.lanes, b.lanes)}; }
  /// The low bytes of the words. to: 32 or 128 bytes.
  LAPIDARY_INLINE static void storeBytes(const Word (&a)[1], int8_t *to) {
    alignas(VectorBytes) int8_t bytes[VectorBytes];
    const HVX_Vector halves = Q6_Vh_vpacke_VwVw(a[0].lanes, a[0].lanes);
    storeAligned(Q6_Vb_vpacke_VhVh(halves, halves), bytes);
    __builtin_memcpy(to, bytes, Lanes);
  }
  LAPIDARY_INLINE static void storeBytes(const Word (&a)[4], int8_t *to) {
    const HVX_Vector low = Q6_Vh_vpacke_VwVw(a[1].lanes, a[0].lanes), high = Q6_Vh_vpacke_VwVw(a[3].lanes, a[2].lanes);
    *reinterpret_cast<HVX_UVector *>(to) = Q6_Vb_vpacke_VhVh(high, low);
  }
  /// The low bytes, and those above them.
  LAPIDARY_INLINE static void storeBytes(const Word (&a)[1], uint8_t *low, uint8_t *high) {
    alignas(VectorBytes) uint8_t bytes[2][VectorBytes];
    const HVX_Vector halves = Q6_Vh_vpacke_VwVw(a[0].lanes, a[0].lanes);
    storeAligned(Q6_Vb_vpacke_VhVh(halves, halves), bytes[0]);
    storeAligned(Q6_Vb_vpacko_VhVh(halves, halves), bytes[1]);
    __builtin_memcpy(low, bytes[0], Lanes), __builtin_memcpy(high, bytes[1], Lanes);
  }
  LAPIDARY_INLINE static void storeBytes(const Word (&a)[4], uint8_t *low, uint8_t *high) {
    const HVX_Vector first = Q6_Vh_vpacke_VwVw(a[1].lanes, a[0].lanes),
                     last = Q6_Vh_vpacke_VwVw(a[3].lanes, a[2].lanes);
    *reinterpret_cast<HVX_UVector *>(low) = Q6_Vb_vpacke_VhVh(last, first);
    *reinterpret_cast<HVX_UVector *>(high) = Q6_Vb_vpacko_VhVh(last, first);
  }

  /// Rows of 16 elements that are read at once from each of two places, side by side: out[r] is row r of `first`, then
  /// row r of `second`. 128 bytes of each are read.
  template <typename Element> static constexpr int rowsAtOnce = VectorBytes / (16 * static_cast<int>(sizeof(Element)));
  LAPIDARY_INLINE static void rows(const float *first, const float *second, Float (&out)[2]) {
    const HVX_VectorPair both = Q6_W_vshuff_VVR(loadUnaligned(second), loadUnaligned(first), -64);
    out[0].lanes = Q6_V_lo_W(both), out[1].lanes = Q6_V_hi_W(both);
  }
  LAPIDARY_INLINE static void rows(const uint16_t *first, const uint16_t *second, Float (&out)[4]) {
    const HVX_VectorPair both = Q6_W_vshuff_VVR(loadUnaligned(second), loadUnaligned(first), -32);
    const HVX_VectorPair zero = Q6_W_vcombine_VV(Q6_V_vzero(), Q6_V_vzero());
    const HVX_VectorPair low = Q6_Ww_vunpackoor_WwVh(zero, Q6_V_lo_W(both));
    const HVX_VectorPair high = Q6_Ww_vunpackoor_WwVh(zero, Q6_V_hi_W(both));
    out[0].lanes = Q6_V_lo_W(low), out[1].lanes = Q6_V_hi_W(low);
    out[2].lanes = Q6_V_lo_W(high), out[3].lanes = Q6_V_hi_W(high);
  }
  /// The same of one row of int8, as whole numbers.
  LAPIDARY_INLINE static Word rowWords(const int8_t *first, const int8_t *second) {
    return {widenBytes(first, second)};
  }
  /// Scalars: the nearest whole number, ties to even; |x| < 2^31.
  LAPIDARY_INLINE static int32_t nearestScalar(float x) { return Q6_R_convert_sf2w_R(x); }
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_FLOATS_HVXFLOATS_H
