//===- Quantize.cpp - rows to integers -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Groups of 32 columns are warps: a lane has a column, the group's maximum and sum are shuffles. Rows with one scale
// are a block. Every step is that of targets/common/algorithms/Rows.cpp, so integers and scales have the same bits.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

struct Parameters {
  Val x, xBytes, out, outBytes, columns, step;
};

Parameters parametersOf(KernelBuilder &k) {
  // One statement each: arguments of a braced list are evaluated in order, but parameters should look ordered, too.
  Parameters p;
  p.x = k.address();
  p.xBytes = k.int32();
  p.out = k.address();
  p.outBytes = k.int32();
  p.columns = k.int32();
  p.step = k.float32();
  return p;
}

/// Rounds the group's values to one q8 plane at `plane` and returns what is left of this lane's.
Val quantizeGroup(KernelBuilder &k, Val value, Val plane, Val column, Val columns) {
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

void buildGroups(KernelBuilder &k, unsigned planes) {
  Parameters p = parametersOf(k);
  Val column = k.blockX() * k.threads() + k.threadId(), row = k.blockY();
  k.ifThen(column < p.columns, [&] { // whole warps: columns are a multiple of 32
    Val plane = k.row(p.out, p.outBytes, row);
    Val planeBytes = (p.columns + p.columns / LAP_GROUP * 8 + 63) / 64 * 64;
    Val value = k.loadFloat(k.row(p.x, p.xBytes, row), column);
    for (unsigned i = 0; i < planes; ++i) {
      value = quantizeGroup(k, value, plane, column, p.columns);
      plane = plane + toInt(planeBytes, 64);
    }
  });
}

void buildStatic(KernelBuilder &k) {
  Parameters p = parametersOf(k);
  Val column = k.blockX() * k.threads() + k.threadId(), row = k.blockY();
  k.ifThen(column < p.columns, [&] {
    Val value = k.loadFloat(k.row(p.x, p.xBytes, row), column);
    k.store(toInt8(k, value, p.step), k.row(p.out, p.outBytes, row), column);
  });
}

/// Three planes of 8 bits with one scale: v = 65536 high + 256 middle + low.
void buildRows(KernelBuilder &k) {
  Parameters p = parametersOf(k);
  constexpr double steps = 127.0 * 65536.0;
  Val row = k.blockY(), x = k.row(p.x, p.xBytes, row), out = k.row(p.out, p.outBytes, row);
  Val thread = k.threadId(), stride = k.i32(k.threads());
  Val own = k.forLoop(thread, p.columns, stride, {k.f32(0)}, [&](Val column, llvm::ArrayRef<Val> most) {
    return Vals{maximum(most[0], absolute(k.loadFloat(x, column)))};
  })[0];
  Val scale = k.reduceBlock(own, larger) / steps;
  k.ifThen(thread == 0, [&] { k.store(scale, out, p.columns * 3); });
  k.forLoop(thread, p.columns, stride, [&](Val column) {
    Val quotient = roundEven(k.loadFloat(x, column) / scale);
    Val bounded = minimum(maximum(quotient, k.f32(-steps)), k.f32(steps));
    Val whole = select(scale > 0.0, toIntegerOf(bounded, 32), k.i32(0));
    Val upper = shiftSigned(whole + 128, 8), top = shiftSigned(upper + 128, 8);
    k.store(toInt(top, 8), out, column);
    k.store(toInt(upper - (top << 8), 8), out, p.columns + column);
    k.store(toInt(whole - (upper << 8), 8), out, p.columns * 2 + column);
  });
}

} // namespace

void addQuantizeKernels(KernelList &list) {
  auto add = [&](const char *name, unsigned threads, std::function<void(KernelBuilder &)> build) {
    list.push_back({name, threads, {threads, 1}, 0, std::move(build)});
  };
  add("f32-quantize_q8-1x128-cuda", 128, [](KernelBuilder &k) { buildGroups(k, 1); });
  add("f32-quantize_q24-1x128-cuda", 128, [](KernelBuilder &k) { buildGroups(k, LAP_PLANES); });
  add("f32-quantize_i8-1x128-cuda", 128, buildStatic);
  add("f32-quantize_r24-1x256-cuda", 256, buildRows);
}

} // namespace lapidary::cuda
