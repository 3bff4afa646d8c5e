//===- Norms.cpp - norms and rotary embedding ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one head of one row (a plain norm is one head): it adds up the squares, then every thread finishes the
// columns it read. In place is safe: all columns are read before the block's reduction, and written after it.
// Weights multiply directly (w, not 1 + w) and after the factor, as in the reference implementation.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Norms.h"

#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Rounding.h"

namespace lapidary::cuda {

Val normFactor(KernelBuilder &k, Val x, Val columns, Val width, Val epsilon) {
  Val own = k.forLoop(k.threadId(), columns, k.i32(k.threads()), {k.f32(0)}, [&](Val column, llvm::ArrayRef<Val> sum) {
    Val value = k.load(k.f32Type(), x, column * 4);
    return Vals{fusedMulAdd(value, value, sum[0])};
  })[0];
  Val squares = k.reduceBlock(own, sum);
  return 1.0 / squareRoot(squares / toFloat(width) + epsilon);
}

HeadPair rotatedPair(KernelBuilder &k, Val x, Val factor, Val w, Val angles, Val pair, Val pairs) {
  auto normed = [&](Val column) { return k.load(k.f32Type(), x, column * 4) * factor * k.loadFloat(w, column); };
  Val a = normed(pair), b = normed(pairs + pair);
  Val cosine = k.loadFloat(angles, pair), sine = k.loadFloat(angles, pairs + pair);
  return {a * cosine - b * sine, b * cosine + a * sine};
}

namespace {

/// A vector's element, or 1 where there is none (address 0).
Val optionalFloat(KernelBuilder &k, Val vector, Val index) {
  return k.ifElse(vector == 0, [&] { return Vals{k.f32(1)}; }, [&] { return Vals{k.loadFloat(vector, index)}; })[0];
}

/// f32 and i8: a block has a head, and the last head clears the columns behind it.
void buildRmsNorm(KernelBuilder &k, lap_element element) {
  Val x = k.address(), xBytes = k.int32(), w = k.address(), out = k.address(), outBytes = k.int32();
  Val width = k.int32(), epsilon = k.float32(), outColumns = k.int32(), step = k.float32();
  k.prefetchWeights(w, width * 4);
  Val head = k.blockX(), row = k.blockY(), first = head * width, stride = k.i32(k.threads());
  Val own = k.row(k.row(x, xBytes, row), k.i32(4), first), outRow = k.row(out, outBytes, row);
  auto put = [&](Val value, Val column) { storeRounded(k, element, value, outRow, column, outColumns, step); };
  Val factor = normFactor(k, own, width, width, epsilon);
  k.forLoop(k.threadId(), width, stride, [&](Val column) {
    Val value = k.load(k.f32Type(), own, column * 4) * factor * optionalFloat(k, w, column);
    put(value, first + column);
  });
  Val end = first + width; // a head that is not the last one ends before outColumns, too
  k.ifThen(head == k.gridX() - 1,
           [&] { k.forLoop(end + k.threadId(), outColumns, stride, [&](Val column) { put(k.f32(0), column); }); });
}

/// value * factor * w of a column of a row, 0 behind its `width` columns, where w has none.
Val normed(KernelBuilder &k, Val value, Val factor, Val w, Val column, Val width) {
  return k.ifElse(
      column < width, [&] { return Vals{value * factor * optionalFloat(k, w, column)}; },
      [&] { return Vals{k.f32(0)}; })[0];
}

/// The same of one head, to rows whose scales are those of groups or of the row: padding is rounded with the rest.
void buildRmsNormRounded(KernelBuilder &k, lap_element element) {
  Val x = k.address(), xBytes = k.int32(), w = k.address(), out = k.address(), outBytes = k.int32();
  Val width = k.int32(), epsilon = k.float32(), outColumns = k.int32(), step = k.float32();
  k.prefetchWeights(w, width * 4);
  Val own = k.row(x, xBytes, k.blockY());
  Val factor = normFactor(k, own, width, width, epsilon);
  storeRow(k, element, k.row(out, outBytes, k.blockY()), outColumns, step,
           [&](Val column) { return normed(k, k.load(k.f32Type(), own, column * 4), factor, w, column, width); });
}

/// A residual sum: its parameters, in order, and what computes a column.
struct ResidualSum {
  Val residual, residualBytes, x, xBytes, w, scale, out, outBytes, width, columns, epsilon;

  explicit ResidualSum(KernelBuilder &k)
      : residual(k.address()), residualBytes(k.int32()), x(k.address()), xBytes(k.int32()), w(k.address()),
        scale(k.address()), out(k.address()), outBytes(k.int32()), width(k.int32()), columns(k.int32()),
        epsilon(k.float32()) {}

  /// Writes the block's row of sums: a thread its columns. Returns the sum of their squares.
  Val write(KernelBuilder &k) const {
    k.prefetchWeights(w, width * 4);
    Val row = k.blockY(), own = k.row(x, xBytes, row), before = k.row(residual, residualBytes, row);
    Val factor = normFactor(k, own, columns, width, epsilon), multiplier = optionalFloat(k, scale, k.i32(0));
    return k.forLoop(k.threadId(), columns, k.i32(k.threads()), {k.f32(0)},
                     [&](Val column, llvm::ArrayRef<Val> squares) {
                       Val normed = k.load(k.f32Type(), own, column * 4) * factor * k.loadFloat(w, column);
                       Val value = (k.load(k.f32Type(), before, column * 4) + normed) * multiplier;
                       k.storeFloat(value, k.row(out, outBytes, row), column);
                       return Vals{fusedMulAdd(value, value, squares[0])};
                     })[0];
  }
};

void buildResidualNorm(KernelBuilder &k) { ResidualSum(k).write(k); }

/// A thread rounds the columns that it has summed up. Without a second norm its factor and weights are 1.
void buildResidualNormRounded(KernelBuilder &k, lap_element element) {
  const ResidualSum residual(k);
  Val rounded = k.address(), roundedBytes = k.int32(), next = k.address(), nextEpsilon = k.float32();
  Val step = k.float32();
  k.prefetchWeights(next, residual.width * 4);
  const Val squares = k.reduceBlock(residual.write(k), sum);
  const Val inverse = 1.0 / squareRoot(squares / toFloat(residual.width) + nextEpsilon);
  const Val factor = select(next == 0, k.f32(1), inverse), row = k.row(residual.out, residual.outBytes, k.blockY());
  storeRow(k, element, k.row(rounded, roundedBytes, k.blockY()), residual.columns, step, [&](Val column) {
    return normed(k, k.load(k.f32Type(), row, column * 4), factor, next, column, residual.width);
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
  k.prefetchWeights(w, headDim * 4);
  Val row = k.blockY(), first = k.blockX() * headDim, pairs = headDim / 2;
  Val own = k.row(k.row(x, xBytes, row), k.i32(4), first), angles = k.row(table, tableBytes, row);
  Val outHead = k.row(k.row(out, outBytes, row), k.i32(4), first);
  Val factor = normFactor(k, own, headDim, headDim, epsilon);
  k.forLoop(k.threadId(), pairs, k.i32(k.threads()), [&](Val pair) {
    const HeadPair rotated = rotatedPair(k, own, factor, w, angles, pair, pairs);
    k.storeFloat(rotated.low, outHead, pair);
    k.storeFloat(rotated.high, outHead, pairs + pair);
  });
}

} // namespace

void addNormKernels(KernelList &list) {
  auto add = [&](std::string name, unsigned threads, std::function<void(KernelBuilder &)> build) {
    list.push_back({std::move(name), threads, {1, 1}, 0, std::move(build)});
  };
  auto roundedName = [](const char *op, lap_element element) {
    return ("f32-" + llvm::Twine(op) + roundingSuffix(element) + "-1x256-cuda").str();
  };
  add("f32-residual_norm-1x256-cuda", normThreads, buildResidualNorm);
  for (lap_element element : {LAP_ROWS_F32, LAP_ROWS_I8}) {
    add(roundedName("rms_norm", element), normThreads, [=](KernelBuilder &k) { buildRmsNorm(k, element); });
  }
  for (lap_element element : {LAP_ROWS_Q8, LAP_ROWS_Q24, LAP_ROWS_R24}) {
    add(roundedName("rms_norm", element), normThreads, [=](KernelBuilder &k) { buildRmsNormRounded(k, element); });
  }
  for (lap_element element : {LAP_ROWS_I8, LAP_ROWS_Q8, LAP_ROWS_Q24, LAP_ROWS_R24}) {
    add(roundedName("residual_norm", element), normThreads,
        [=](KernelBuilder &k) { buildResidualNormRounded(k, element); });
  }
  add("f32-rotary_table-1x128-cuda", 128, buildRotaryTable);
  add("f32-norm_rotary-1x256-cuda", normThreads, buildNormRotary);
}

} // namespace lapidary::cuda
