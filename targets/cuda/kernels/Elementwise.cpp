//===- Elementwise.cpp - column by column ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A thread has one column of one row. These kernels move little beside the products, and small rows want many blocks.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Rounding.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockColumns = 128;

/// Calls body(column, row) for the threads whose column exists.
void forColumns(KernelBuilder &k, Val columns, llvm::function_ref<void(Val, Val)> body) {
  Val column = k.blockX() * k.threads() + k.threadId(), row = k.blockY();
  k.ifThen(column < columns, [&] { body(column, row); });
}

/// gelu_tanh(x) = x * sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3): no cancellation for negative x.
Val gelu(Val x) {
  Val u = fusedMulAdd(x * x * x, x.constant(0.044715f), x) * 0.79788456080286535588f;
  return x / (1.0 + exponential(u * -2.0));
}

void buildGeluMul(KernelBuilder &k, lap_element element) {
  Val gate = k.address(), gateBytes = k.int32(), up = k.address(), upBytes = k.int32();
  Val out = k.address(), outBytes = k.int32(), columns = k.int32(), step = k.float32();
  forColumns(k, columns, [&](Val column, Val row) {
    Val product = gelu(k.load(k.f32Type(), k.row(gate, gateBytes, row), column * 4)) *
                  k.load(k.f32Type(), k.row(up, upBytes, row), column * 4);
    storeRounded(k, element, product, k.row(out, outBytes, row), column, columns, step);
  });
}

void buildAdd(KernelBuilder &k) {
  Val a = k.address(), aBytes = k.int32(), b = k.address(), bBytes = k.int32();
  Val out = k.address(), outBytes = k.int32(), columns = k.int32(), scale = k.float32();
  forColumns(k, columns, [&](Val column, Val row) {
    Val sum =
        k.load(k.f32Type(), k.row(a, aBytes, row), column * 4) + k.load(k.f32Type(), k.row(b, bBytes, row), column * 4);
    k.storeFloat(sum * scale, k.row(out, outBytes, row), column);
  });
}

/// out = function(x, parameter).
void buildUnary(KernelBuilder &k, llvm::function_ref<Val(Val, Val)> function) {
  Val x = k.address(), xBytes = k.int32(), out = k.address(), outBytes = k.int32(), columns = k.int32();
  Val parameter = k.float32();
  forColumns(k, columns, [&](Val column, Val row) {
    Val value = k.load(k.f32Type(), k.row(x, xBytes, row), column * 4);
    k.storeFloat(function(value, parameter), k.row(out, outBytes, row), column);
  });
}

void buildScale(KernelBuilder &k) {
  buildUnary(k, [](Val x, Val scale) { return x * scale; });
}

void buildSoftcap(KernelBuilder &k) {
  buildUnary(k, [](Val x, Val cap) { return cap * hyperbolicTangent(x / cap); });
}

void buildCombineExperts(KernelBuilder &k) {
  Val x = k.address(), xBytes = k.int32(), weights = k.address(), weightBytes = k.int32();
  Val out = k.address(), outBytes = k.int32(), columns = k.int32(), topK = k.int32();
  forColumns(k, columns, [&](Val column, Val token) {
    Val ownWeights = k.row(weights, weightBytes, token), first = token * topK;
    Val total = k.forLoop(k.i32(0), topK, k.i32(1), {k.f32(0)}, [&](Val rank, llvm::ArrayRef<Val> sum) {
      Val value = k.loadFloat(k.row(x, xBytes, first + rank), column);
      return Vals{fusedMulAdd(k.loadFloat(ownWeights, rank), value, sum[0])};
    })[0];
    k.storeFloat(total, k.row(out, outBytes, token), column);
  });
}

} // namespace

void addElementwiseKernels(KernelList &list) {
  auto add = [&](std::string name, std::function<void(KernelBuilder &)> build) {
    list.push_back({std::move(name), blockColumns, {blockColumns, 1}, 0, std::move(build)});
  };
  for (lap_element element : {LAP_ROWS_F32, LAP_ROWS_I8, LAP_ROWS_Q8, LAP_ROWS_Q24}) {
    add(("f32-gelu_mul" + roundingSuffix(element) + "-1x128-cuda").str(),
        [=](KernelBuilder &k) { buildGeluMul(k, element); });
  }
  add("f32-add-1x128-cuda", buildAdd);
  add("f32-scale-1x128-cuda", buildScale);
  add("f32-softcap-1x128-cuda", buildSoftcap);
  add("f32-combine_experts-1x128-cuda", buildCombineExperts);
}

} // namespace lapidary::cuda
