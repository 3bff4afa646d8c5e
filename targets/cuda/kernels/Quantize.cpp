//===- Quantize.cpp - rows to integers -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For rows that nothing else can round as it makes them (Rounding.h).
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Rounding.h"

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

/// A thread has a column. i8, q8, q24.
void buildColumns(KernelBuilder &k, lap_element element) {
  Parameters p = parametersOf(k);
  Val column = k.blockX() * k.threads() + k.threadId(), row = k.blockY();
  k.ifThen(column < p.columns, [&] { // whole warps: columns are a multiple of 32
    Val value = k.loadFloat(k.row(p.x, p.xBytes, row), column);
    storeRounded(k, element, value, k.row(p.out, p.outBytes, row), column, p.columns, p.step);
  });
}

/// A block has a row, whose scale it finds. r24.
void buildRows(KernelBuilder &k) {
  Parameters p = parametersOf(k);
  Val row = k.blockY(), x = k.row(p.x, p.xBytes, row);
  storeRow(k, LAP_ROWS_R24, k.row(p.out, p.outBytes, row), p.columns, p.step,
           [&](Val column) { return k.loadFloat(x, column); });
}

} // namespace

void addQuantizeKernels(KernelList &list) {
  auto add = [&](const char *name, unsigned threads, std::function<void(KernelBuilder &)> build) {
    list.push_back({name, threads, {threads, 1}, 0, std::move(build)});
  };
  add("f32-quantize_q8-1x128-cuda", 128, [](KernelBuilder &k) { buildColumns(k, LAP_ROWS_Q8); });
  add("f32-quantize_q24-1x128-cuda", 128, [](KernelBuilder &k) { buildColumns(k, LAP_ROWS_Q24); });
  add("f32-quantize_i8-1x128-cuda", 128, [](KernelBuilder &k) { buildColumns(k, LAP_ROWS_I8); });
  add("f32-quantize_r24-1x256-cuda", 256, buildRows);
}

} // namespace lapidary::cuda
