//===- Rounding.cpp - f32 rows to the integers that products read ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Groups of 32 columns are warps: a lane has a column, the group's maximum and sum are shuffles. Rows with one scale
// are a block.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Rounding.h"
#include "targets/cuda/kernels/Math.h"

#include "llvm/Support/ErrorHandling.h"

namespace lapidary::cuda {

namespace {

/// Rounds the group's values to one q8 plane at `plane` and returns what is left of this lane's.
Val roundGroup(KernelBuilder &k, Val value, Val plane, Val column, Val columns) {
  Val scale = k.reduceWarp(absolute(value), larger) / 127.0;
  Val nearest = roundEven(value / scale); // the scale of a group of (almost) zeros is 0
  Val whole = toIntegerOf(minimum(maximum(nearest, k.f32(-127)), k.f32(127)), 32);
  Val integer = select(scale > 0.0, whole, k.i32(0));
  Val total = k.reduceWarp(integer, sum);
  k.store(toInt(integer, 8), plane, column);
  k.ifThen(k.laneId() == 0, [&] {
    Val group = column / LAP_GROUP;
    k.store(scale, plane, columns + group * 4);
    k.store(total, plane, columns + columns / LAP_GROUP * 4 + group * 4);
  });
  return fusedMulAdd(-scale, toFloat(integer), value);
}

void roundGroups(KernelBuilder &k, unsigned planes, Val value, Val plane, Val column, Val columns) {
  Val planeBytes = (columns + columns / LAP_GROUP * 8 + 63) / 64 * 64;
  for (unsigned i = 0; i < planes; ++i) {
    value = roundGroup(k, value, plane, column, columns);
    plane = plane + toInt(planeBytes, 64);
  }
}

/// Three planes of 8 bits with one scale: v = 65536 high + 256 middle + low.
void roundRow(KernelBuilder &k, Val out, Val columns, llvm::function_ref<Val(Val)> valueOf) {
  constexpr double steps = 127.0 * 65536.0;
  Val thread = k.threadId(), stride = k.i32(k.threads());
  Val own = k.forLoop(thread, columns, stride, {k.f32(0)}, [&](Val column, llvm::ArrayRef<Val> most) {
    return Vals{maximum(most[0], absolute(valueOf(column)))};
  })[0];
  Val scale = k.reduceBlock(own, larger) / steps;
  k.ifThen(thread == 0, [&] { k.store(scale, out, columns * 3); });
  k.forLoop(thread, columns, stride, [&](Val column) {
    Val quotient = roundEven(valueOf(column) / scale);
    Val bounded = minimum(maximum(quotient, k.f32(-steps)), k.f32(steps));
    Val whole = select(scale > 0.0, toIntegerOf(bounded, 32), k.i32(0));
    Val upper = shiftSigned(whole + 128, 8), top = shiftSigned(upper + 128, 8);
    k.store(toInt(top, 8), out, column);
    k.store(toInt(upper - (top << 8), 8), out, columns + column);
    k.store(toInt(whole - (upper << 8), 8), out, columns * 2 + column);
  });
}

} // namespace

llvm::StringRef roundingSuffix(lap_element element) {
  switch (element) {
  case LAP_ROWS_F32:
    return "";
  case LAP_ROWS_I8:
    return "_i8";
  case LAP_ROWS_Q8:
    return "_q8";
  case LAP_ROWS_Q24:
    return "_q24";
  case LAP_ROWS_R24:
    return "_r24";
  default:
    llvm_unreachable("rows of indices are not rounded");
  }
}

void storeRounded(KernelBuilder &k, lap_element element, Val value, Val out, Val column, Val columns, Val step) {
  switch (element) {
  case LAP_ROWS_I8:
    return k.store(toInt8(k, value, step), out, column);
  case LAP_ROWS_Q8:
    return roundGroups(k, 1, value, out, column, columns);
  case LAP_ROWS_Q24:
    return roundGroups(k, LAP_PLANES, value, out, column, columns);
  default:
    assert(element == LAP_ROWS_F32 && "r24 rows have one scale: storeRow");
    return k.storeFloat(value, out, column);
  }
}

void storeRow(KernelBuilder &k, lap_element element, Val out, Val columns, Val step,
              llvm::function_ref<Val(Val)> valueOf) {
  if (element == LAP_ROWS_R24) {
    return roundRow(k, out, columns, valueOf);
  }
  k.forLoop(k.threadId(), columns, k.i32(k.threads()),
            [&](Val column) { storeRounded(k, element, valueOf(column), out, column, columns, step); });
}

} // namespace lapidary::cuda
