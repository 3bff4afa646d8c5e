//===- Product.cpp - what the products share: parameters, blocks, results ----===//
// SPDX-License-Identifier: Apache-2.0
//
// See Product.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Product.h"

#include "targets/common/KernelNames.h"
#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

unsigned ProductKind::planes() const {
  return input == LAP_ROWS_F32 ? 0 : input == LAP_ROWS_Q24 || input == LAP_ROWS_R24 ? LAP_PLANES : 1;
}

std::string ProductKind::namePrefix(const char *op) const {
  constexpr const char *inputs[] = {"", "_q8", "_q24", "_i8", "_r24"};
  return (formatName(weight) + llvm::Twine(inputs[input]) + (routed ? "-expert_" : "-") + op + "-").str();
}

llvm::ArrayRef<ProductKind> productKinds() {
  static const auto kinds = [] {
    llvm::SmallVector<ProductKind> kinds;
    for (bool routed : {false, true}) {
      kinds.push_back({LAP_F32, LAP_ROWS_F32, routed});
      kinds.push_back({LAP_BF16, LAP_ROWS_F32, routed});
      kinds.push_back({LAP_W8G32, LAP_ROWS_Q8, routed});
      kinds.push_back({LAP_W4G32, LAP_ROWS_Q8, routed});
      kinds.push_back({LAP_W4G32S8, LAP_ROWS_Q8, routed});
    }
    for (lap_format weight : {LAP_W8G32, LAP_W4G32, LAP_W4G32S8}) {
      kinds.push_back({weight, LAP_ROWS_Q24, false});
    }
    for (lap_format weight : {LAP_W2ROW, LAP_W4ROW, LAP_W8ROW}) {
      kinds.push_back({weight, LAP_ROWS_I8, false});
      kinds.push_back({weight, LAP_ROWS_R24, false});
    }
    return kinds;
  }();
  return kinds;
}

Product::Product(KernelBuilder &k, const ProductKind &kind) : kind(kind) {
  x = k.address(), xBytes = k.int32(), weights = k.address(), tileBytes = k.int64();
  if (kind.routed) {
    expertBytes = k.int64(), columns = k.int32(), tiles = k.int32(), order = k.address(), experts = k.int32();
    rowsPerSource = k.int32(), out = k.address(), outBytes = k.int32(), routedRows = k.int32();
    return;
  }
  columns = k.int32(), tiles = k.int32(), out = k.address(), outBytes = k.int32(), rows = k.int32();
  inputStep = k.float32();
  for (unsigned part = 0; part < LAP_STACK; ++part) {
    stepEnds[part] = k.int32(), steps[part] = k.float32();
  }
}

namespace {

/// The expert whose rows a place in the order belongs to: as many as end at or before it. Every warp counts for itself.
Val expertOfPlace(KernelBuilder &k, const Product &p, Val place) {
  Val count = k.forLoop(k.laneId() + 1, p.experts, k.i32(32), {k.i32(0)}, [&](Val expert, llvm::ArrayRef<Val> count) {
    Val first = k.loadConstant(k.i32Type(), p.order, expert * 4);
    return Vals{count[0] + toInt(first <= place, 32, false)};
  })[0];
  return k.reduceWarp(count, sum);
}

/// The expert of row block blockIdx.y and the number of the block among the expert's: {expert, block}. The expert is
/// `experts` when there is no such block. 32 experts at a time: a lane has the blocks of one of them.
std::pair<Val, Val> expertOfBlock(KernelBuilder &k, const Product &p, unsigned rowsPerBlock) {
  Vals found = k.forLoop(k.i32(0), p.experts, k.i32(32), {p.experts, k.i32(0), k.i32(0)},
                         [&](Val base, llvm::ArrayRef<Val> state) {
                           Val expert = minimum(base + k.laneId(), p.experts);
                           Val first = k.loadConstant(k.i32Type(), p.order, expert * 4);
                           Val end = k.loadConstant(k.i32Type(), p.order, minimum(expert + 1, p.experts) * 4);
                           Val blocks = (end - first + (rowsPerBlock - 1)) / rowsPerBlock;
                           Val through = state[2] + k.scanWarp(blocks);
                           Val lower = k.reduceWarp(toInt(through <= k.blockY(), 32, false), sum);
                           Val before = k.shuffle(through - blocks, minimum(lower, k.i32(31)));
                           Val here = (state[0] == p.experts) & (lower < 32);
                           return Vals{select(here, base + lower, state[0]),
                                       select(here, k.blockY() - before, state[1]), k.shuffle(through, k.i32(31))};
                         });
  return {found[0], found[1]};
}

Val place(const Product &p, const TokenBlock &tokens, Val index) { return p.experts + 1 + tokens.first + index; }

} // namespace

void forTokens(KernelBuilder &k, const Product &p, unsigned rowsPerBlock,
               llvm::function_ref<void(const TokenBlock &)> body) {
  if (!p.kind.routed) {
    Val first = k.blockY() * rowsPerBlock;
    body({p.weights, first, minimum(p.rows - first, k.i32(rowsPerBlock))});
    return;
  }
  auto [expert, block] = expertOfBlock(k, p, rowsPerBlock);
  Val own = expert, within = block;
  k.ifThen(own < p.experts, [&] {
    Val start = k.loadConstant(k.i32Type(), p.order, own * 4) + within * rowsPerBlock;
    Val end = k.loadConstant(k.i32Type(), p.order, (own + 1) * 4);
    body({p.weights + toInt(own, 64) * p.expertBytes, start, minimum(end - start, k.i32(rowsPerBlock))});
  });
}

void forFewTokens(KernelBuilder &k, const Product &p, unsigned most,
                  llvm::function_ref<void(const TokenBlock &)> body) {
  if (!p.kind.routed) {
    return forTokens(k, p, most, body);
  }
  Val expert = expertOfPlace(k, p, k.blockY());
  Val start = k.loadConstant(k.i32Type(), p.order, expert * 4),
      end = k.loadConstant(k.i32Type(), p.order, expert * 4 + 4);
  k.ifThen((k.blockY() - start) % most == 0, [&] {
    body({p.weights + toInt(expert, 64) * p.expertBytes, k.blockY(), minimum(end - k.blockY(), k.i32(most))});
  });
}

Val inputRow(KernelBuilder &k, const Product &p, const TokenBlock &tokens, Val index) {
  if (!p.kind.routed) {
    return k.row(p.x, p.xBytes, tokens.first + index);
  }
  return k.row(p.x, p.xBytes, k.loadConstant(k.i32Type(), p.order, place(p, tokens, index) * 4) / p.rowsPerSource);
}

Val outputRow(KernelBuilder &k, const Product &p, const TokenBlock &tokens, Val index) {
  if (!p.kind.routed) {
    return k.row(p.out, p.outBytes, tokens.first + index);
  }
  return k.row(p.out, p.outBytes, k.loadConstant(k.i32Type(), p.order, place(p, tokens, index) * 4));
}

Val groupPlaneBytes(Val columns) { return (columns + columns / (LAP_GROUP / 8) + 63) & -64; }

Val rowInputScale(KernelBuilder &k, const Product &p, Val inputRow) {
  return p.kind.input == LAP_ROWS_I8 ? p.inputStep : k.loadConstant(k.f32Type(), inputRow, p.columns * LAP_PLANES);
}

Val scaleRowSums(KernelBuilder &k, const Product &p, llvm::ArrayRef<Val> sums, unsigned factor, Val weightScale,
                 Val inputScale, Val row) {
  Val total = toDouble(sums[0]);
  for (Val next : sums.drop_front()) {
    total = total * 256 + toDouble(next); // whole numbers below 2^53
  }
  Val y = total * (toDouble(inputScale) * toDouble(weightScale) * (1.0 / factor)); // the factor is a power of two
  Val step = k.f32(0);
  for (unsigned part = LAP_STACK; part-- > 0;) {
    step = select(row < p.stepEnds[part], p.steps[part], step);
  }
  auto rounded = [&] {
    Val steps = roundEven(y / toDouble(step));
    steps = minimum(maximum(steps, steps.constant(-128)), steps.constant(127));
    return Vals{step * toFloat(steps)};
  };
  return k.ifElse(step == 0, [&] { return Vals{toFloat(y)}; }, rounded)[0];
}

} // namespace lapidary::cuda
