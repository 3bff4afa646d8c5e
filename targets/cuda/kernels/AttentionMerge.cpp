//===- AttentionMerge.cpp - the slices of a head become its output -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one query head of one row: out = sum over slices of factor * sum / sum over slices of factor * total,
// with factor = e^(maximum of the slice - largest maximum). The factors of 512 slices at a time are in shared memory;
// then a thread has two columns of every n-th slice, n = threads / (head_dim / 2), so that a warp reads 256 successive
// bytes. The threads of a column pair are added up in order at the end: the sums do not depend on anything but the
// shape. Then a thread has a column, and a warp whole groups: results are rounded here where a product reads them so
// (Rounding.h; groups need heads of a multiple of 32 columns).
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/AttentionMerge.h"

#include "targets/cuda/kernels/CacheOperands.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Rounding.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockThreads = 512;

struct Merge {
  KernelBuilder &k;
  Val partial; ///< of the block's head: its first slice
  Val slices;  ///< that hold a key of the row
  Val headDim, bytes;

  Val at(Val slice) const { return k.row(partial, bytes, slice); }
  Val maximumOf(Val slice) const { return k.loadConstant(k.f32Type(), at(slice), k.i32(0)); }
  Val totalOf(Val slice) const { return k.loadConstant(k.f32Type(), at(slice), k.i32(4)); }
};

Val largestMaximum(const Merge &m) {
  KernelBuilder &k = m.k;
  const Val own = k.forLoop(k.threadId(), m.slices, k.i32(blockThreads), {k.f32(unseen)},
                            [&](Val slice, auto largest) { return Vals{maximum(largest[0], m.maximumOf(slice))}; })[0];
  return k.reduceBlock(own, larger);
}

/// Adds the slices [first, end) with the factors in `factors` to the thread's {total, sum, sum}.
Vals addSlices(const Merge &m, Val first, Val end, Val factors, Val pair, Val strand, Val strands,
               llvm::ArrayRef<Val> sums) {
  KernelBuilder &k = m.k;
  return k.forLoop(first + strand, end, strands, sums, [&](Val slice, llvm::ArrayRef<Val> before) {
    const Val factor = k.load(k.f32Type(), factors, (slice - first) * 4);
    const Val two = k.loadConstant(k.vectorType(k.f32Type(), 2), m.at(slice), pair * 8 + partialSum);
    return Vals{fusedMulAdd(factor, m.totalOf(slice), before[0]), fusedMulAdd(factor, element(two, 0), before[1]),
                fusedMulAdd(factor, element(two, 1), before[2])};
  });
}

/// {total, sum, sum} of the thread's columns and slices.
Vals sumSlices(const Merge &m, Val pair, Val strand, Val strands) {
  KernelBuilder &k = m.k;
  const Val largest = largestMaximum(m), factors = k.shared(blockThreads * 4), thread = k.threadId();
  return k.forLoop(
      k.i32(0), m.slices, k.i32(blockThreads), {k.f32(0), k.f32(0), k.f32(0)},
      [&](Val first, llvm::ArrayRef<Val> before) {
        k.barrier();
        k.ifThen(first + thread < m.slices,
                 [&] { k.storeFloat(exponential(m.maximumOf(first + thread) - largest), factors, thread); });
        k.barrier();
        return addSlices(m, first, minimum(first + blockThreads, m.slices), factors, pair, strand, strands, before);
      });
}

/// {total, sum} of a column from {total, sum, sum} of the threads of its pair: float [3][blockThreads] in `shared`.
Vals addStrands(KernelBuilder &k, Val shared, Val column, Val pairs, Val strands) {
  const Val pair = column / 2, sums = (column % 2 + 1) * blockThreads;
  return k.forLoop(k.i32(0), strands, k.i32(1), {k.f32(0), k.f32(0)}, [&](Val strand, llvm::ArrayRef<Val> before) {
    const Val at = strand * pairs + pair;
    return Vals{before[0] + k.load(k.f32Type(), shared, at * 4),
                before[1] + k.load(k.f32Type(), shared, (at + sums) * 4)};
  });
}

void buildMerge(KernelBuilder &k, lap_element element) {
  Val partial = k.address(), gridSlices = k.int32(), places = k.address(), out = k.address(), outBytes = k.int32();
  Val headDim = k.int32(), heads = k.int32(), window = k.int32(), outColumns = k.int32(), sliceKeys = k.int32();
  Val valueStep = k.float32(), step = k.float32();
  const Val head = k.blockX(), row = k.blockY(), thread = k.threadId();
  const Val position = loadPlace(k, places, row).position, low = lowestVisible(position, window);
  const Val bytes = partialBytes(headDim), first = (row * heads + head) * gridSlices;
  const Merge m = {k, k.row(partial, bytes, first), position / sliceKeys - low / sliceKeys + 1, headDim, bytes};

  const Val pairs = headDim / 2, pair = thread % pairs, strand = thread / pairs, strands = k.i32(blockThreads) / pairs;
  // Threads that are left over take slices behind the last one: none.
  const Vals own = sumSlices(m, pair, select(strand < strands, strand, k.i32(1 << 30)), strands);
  const Val shared = k.shared(blockThreads * 12);
  for (unsigned i = 0; i < 3; ++i) {
    k.store(own[i], shared, thread * 4 + i * blockThreads * 4);
  }
  k.barrier();
  const Val target = k.row(out, outBytes, row), end = heads * headDim;
  auto put = [&](Val value, Val column) { storeRounded(k, element, value, target, column, outColumns, step); };
  k.forLoop(thread, headDim, k.i32(blockThreads), [&](Val column) {
    const Vals all = addStrands(k, shared, column, pairs, strands);
    put(all[1] / all[0] * valueStep, head * headDim + column);
  });
  k.ifThen(head == heads - 1, [&] {
    k.forLoop(end + thread, outColumns, k.i32(blockThreads), [&](Val column) { put(k.f32(0), column); });
  });
}

} // namespace

void addAttentionMergeKernel(KernelList &list) {
  for (lap_element element : {LAP_ROWS_F32, LAP_ROWS_I8, LAP_ROWS_Q8, LAP_ROWS_Q24}) {
    const std::string name = ("f32-attention_merge" + roundingSuffix(element) + "-1x512-cuda").str();
    list.push_back({name, blockThreads, {1, blockThreads}, 0, [=](KernelBuilder &k) { buildMerge(k, element); }});
  }
}

} // namespace lapidary::cuda
