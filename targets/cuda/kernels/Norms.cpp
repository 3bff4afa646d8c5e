//===- Norms.cpp - norms and rotary embedding ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one head of one row (a plain norm is one head): it adds up the squares, then every thread finishes the
// columns it read. In place is safe: all columns are read before the block's reduction, and written after it.
// Weights multiply directly (w, not 1 + w) and after the factor, as in the reference implementation.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

/// 1 / sqrt(mean of squares + epsilon) of x[columns], where the mean divides by `width`.
Val normFactor(KernelBuilder &k, Val x, Val columns, Val width, Val epsilon) {
  Val own = k.forLoop(k.threadId(), columns, k.i32(k.threads()), {k.f32(0)}, [&](Val column, llvm::ArrayRef<Val> sum) {
    Val value = k.load(k.f32Type(), x, column * 4);
    return Vals{fusedMulAdd(value, value, sum[0])};
  })[0];
  Val squares = k.reduceBlock(own, sum);
  return 1.0 / squareRoot(squares / toFloat(width) + epsilon);
}

/// A vector's element, or 1 where there is none (address 0).
Val optionalFloat(KernelBuilder &k, Val vector, Val index) {
  return k.ifElse(vector == 0, [&] { return Vals{k.f32(1)}; }, [&] { return Vals{k.loadFloat(vector, index)}; })[0];
}

void buildRmsNorm(KernelBuilder &k, bool toIntegers) {
  Val x = k.address(), xBytes = k.int32(), w = k.address(), out = k.address(), outBytes = k.int32();
  Val width = k.int32(), epsilon = k.float32(), outColumns = k.int32(), step = k.float32();
  Val head = k.blockX(), row = k.blockY(), first = head * width, stride = k.i32(k.threads());
  Val own = k.row(k.row(x, xBytes, row), k.i32(4), first), outRow = k.row(out, outBytes, row);
  auto put = [&](Val value, Val column) {
    toIntegers ? k.store(toInt8(k, value, step), outRow, column) : k.storeFloat(value, outRow, column);
  };
  Val factor = normFactor(k, own, width, width, epsilon);
  k.forLoop(k.threadId(), width, stride, [&](Val column) {
    Val value = k.load(k.f32Type(), own, column * 4) * factor * optionalFloat(k, w, column);
    put(value, first + column);
  });
  Val end = first + width; // a head that is not the last one ends before outColumns, too
  k.ifThen(head == k.gridX() - 1,
           [&] { k.forLoop(end + k.threadId(), outColumns, stride, [&](Val column) { put(k.f32(0), column); }); });
}

void buildResidualNorm(KernelBuilder &k) {
  Val residual = k.address(), residualBytes = k.int32(), x = k.address(), xBytes = k.int32();
  Val w = k.address(), scale = k.address(), out = k.address(), outBytes = k.int32();
  Val width = k.int32(), columns = k.int32(), epsilon = k.float32();
  Val row = k.blockY(), own = k.row(x, xBytes, row);
  Val factor = normFactor(k, own, columns, width, epsilon), multiplier = optionalFloat(k, scale, k.i32(0));
  k.forLoop(k.threadId(), columns, k.i32(k.threads()), [&](Val column) {
    Val normed = k.load(k.f32Type(), own, column * 4) * factor * k.loadFloat(w, column);
    Val sum = k.load(k.f32Type(), k.row(residual, residualBytes, row), column * 4) + normed;
    k.storeFloat(sum * multiplier, k.row(out, outBytes, row), column);
  });
}

/// The position of row `row` (lap_row_place).
Val positionOf(KernelBuilder &k, Val places, Val row) { return k.loadConstant(k.i32Type(), places, row * 16 + 8); }

void buildRotaryTable(KernelBuilder &k) {
  Val places = k.address(), frequencies = k.address(), out = k.address(), outBytes = k.int32(), pairs = k.int32();
  Val row = k.blockY(), table = k.row(out, outBytes, row), position = toFloat(positionOf(k, places, row));
  k.forLoop(k.threadId(), pairs, k.i32(k.threads()), [&](Val pair) {
    // The reference rounds the angle to float; its cosine is then as exact as a float can be.
    auto [cosine, sine] = cosineAndSine(k, position * k.loadFloat(frequencies, pair));
    k.storeFloat(cosine, table, pair);
    k.storeFloat(sine, table, pairs + pair);
  });
}

void buildNormRotary(KernelBuilder &k) {
  Val x = k.address(), xBytes = k.int32(), w = k.address(), table = k.address(), tableBytes = k.int32();
  Val out = k.address(), outBytes = k.int32(), headDim = k.int32(), epsilon = k.float32();
  Val row = k.blockY(), first = k.blockX() * headDim, pairs = headDim / 2;
  Val own = k.row(k.row(x, xBytes, row), k.i32(4), first), angles = k.row(table, tableBytes, row);
  Val outHead = k.row(k.row(out, outBytes, row), k.i32(4), first);
  Val factor = normFactor(k, own, headDim, headDim, epsilon);
  auto normed = [&](Val column) { return k.load(k.f32Type(), own, column * 4) * factor * k.loadFloat(w, column); };
  k.forLoop(k.threadId(), pairs, k.i32(k.threads()), [&](Val pair) {
    Val a = normed(pair), b = normed(pairs + pair);
    Val cosine = k.loadFloat(angles, pair), sine = k.loadFloat(angles, pairs + pair);
    k.storeFloat(a * cosine - b * sine, outHead, pair);
    k.storeFloat(b * cosine + a * sine, outHead, pairs + pair);
  });
}

} // namespace

void addNormKernels(KernelList &list) {
  auto add = [&](const char *name, unsigned threads, std::function<void(KernelBuilder &)> build) {
    list.push_back({name, threads, {1, 1}, 0, std::move(build)});
  };
  add("f32-rms_norm-1x256-cuda", 256, [](KernelBuilder &k) { buildRmsNorm(k, false); });
  add("f32-rms_norm_static-1x256-cuda", 256, [](KernelBuilder &k) { buildRmsNorm(k, true); });
  add("f32-residual_norm-1x256-cuda", 256, buildResidualNorm);
  add("f32-rotary_table-1x128-cuda", 128, buildRotaryTable);
  add("f32-norm_rotary-1x128-cuda", 128, buildNormRotary);
}

} // namespace lapidary::cuda
