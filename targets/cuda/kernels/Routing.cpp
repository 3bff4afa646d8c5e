//===- Routing.cpp - which experts a token takes, and their rows in order ------===//
// SPDX-License-Identifier: Apache-2.0
//
// A warp routes a row: lane l has the experts l, l + 32, .., works in the logits' own buffer and reads only what it
// wrote. One block sorts: a thread per expert counts its rows and, once the places are known, writes them in order, so
// the sort is stable whatever the hardware does.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

/// The largest value of a warp and its index; ties go to the lowest index.
std::pair<Val, Val> largestOfWarp(KernelBuilder &k, Val value, Val index) {
  for (unsigned mask = 16; mask != 0; mask /= 2) {
    Val other = k.shuffleXor(value, mask), otherIndex = k.shuffleXor(index, mask);
    Val wins = (other > value) | ((other == value) & (otherIndex < index));
    value = select(wins, other, value);
    index = select(wins, otherIndex, index);
  }
  return {value, index};
}

/// Softmax over experts, in place; a lane writes its own entries.
void softmax(KernelBuilder &k, Val row, Val experts) {
  Val lane = k.laneId(), stride = k.i32(32);
  auto at = [&](Val expert) { return k.load(k.f32Type(), row, expert * 4); };
  Val own = k.forLoop(lane, experts, stride, {k.f32(-3.40282347e+38)},
                      [&](Val expert, llvm::ArrayRef<Val> most) { return Vals{maximum(most[0], at(expert))}; })[0];
  Val most = k.reduceWarp(own, larger);
  Val part = k.forLoop(lane, experts, stride, {k.f32(0)}, [&](Val expert, llvm::ArrayRef<Val> total) {
    Val power = exponential(at(expert) - most);
    k.storeFloat(power, row, expert);
    return Vals{total[0] + power};
  })[0];
  Val total = k.reduceWarp(part, sum);
  k.forLoop(lane, experts, stride, [&](Val expert) { k.storeFloat(at(expert) / total, row, expert); });
}

void buildRoute(KernelBuilder &k) {
  Val logits = k.address(), logitBytes = k.int32(), weights = k.address(), weightBytes = k.int32();
  Val indices = k.address(), indexBytes = k.int32(), expertScale = k.address();
  Val experts = k.int32(), topK = k.int32(), outColumns = k.int32();
  Val row = k.blockY(), lane = k.laneId(), stride = k.i32(32);
  Val probabilities = k.row(logits, logitBytes, row), ownWeights = k.row(weights, weightBytes, row);
  Val ownIndices = k.row(indices, indexBytes, row);
  softmax(k, probabilities, experts);
  Val total = k.forLoop(k.i32(0), topK, k.i32(1), {k.f32(0)}, [&](Val rank, llvm::ArrayRef<Val> sum) {
    Vals own =
        k.forLoop(lane, experts, stride, {k.f32(-2), k.i32(0x7fffffff)}, [&](Val expert, llvm::ArrayRef<Val> best) {
          Val value = k.load(k.f32Type(), probabilities, expert * 4);
          Val wins = value > best[0];
          return Vals{select(wins, value, best[0]), select(wins, expert, best[1])};
        });
    const std::pair<Val, Val> best = largestOfWarp(k, own[0], own[1]);
    Val value = best.first, chosen = best.second;
    k.ifThen(chosen % 32 == lane, [&] { k.storeFloat(k.f32(-1), probabilities, chosen); });
    k.ifThen(lane == 0, [&] {
      k.storeFloat(value, ownWeights, rank);
      k.store(chosen, ownIndices, rank * 4);
    });
    return Vals{sum[0] + value};
  })[0];
  k.ifThen(lane == 0, [&] {
    k.forLoop(k.i32(0), topK, k.i32(1), [&](Val rank) {
      Val chosen = k.load(k.i32Type(), ownIndices, rank * 4);
      Val weight = k.load(k.f32Type(), ownWeights, rank * 4) / total;
      k.storeFloat(weight * k.loadFloat(expertScale, chosen), ownWeights, rank);
    });
  });
  k.forLoop(topK + lane, outColumns, stride, [&](Val column) {
    k.storeFloat(k.f32(0), ownWeights, column);
    k.store(k.i32(0), ownIndices, column * 4);
  });
}

void buildSortExperts(KernelBuilder &k) {
  Val indices = k.address(), indexBytes = k.int32(), order = k.address();
  Val experts = k.int32(), topK = k.int32(), tokens = k.int32();
  Val thread = k.threadId(), stride = k.i32(k.threads()), rows = k.row(order, k.i32(4), experts + 1);
  // Calls body(routed row, carried) for the rows of `expert`, in order.
  auto forRows = [&](Val expert, Val start, llvm::function_ref<void(Val, Val)> body) {
    return k.forLoop(k.i32(0), tokens, k.i32(1), {start}, [&](Val token, llvm::ArrayRef<Val> outer) {
      Val own = k.row(indices, indexBytes, token);
      return k.forLoop(k.i32(0), topK, k.i32(1), outer, [&](Val rank, llvm::ArrayRef<Val> next) {
        Val hit = k.loadConstant(k.i32Type(), own, rank * 4) == expert;
        k.ifThen(hit, [&] { body(token * topK + rank, next[0]); });
        return Vals{next[0] + select(hit, k.i32(1), k.i32(0))};
      });
    })[0];
  };
  k.forLoop(thread, experts, stride,
            [&](Val expert) { k.store(forRows(expert, k.i32(0), [](Val, Val) {}), order, expert * 4 + 4); });
  k.barrier();
  k.ifThen(thread == 0, [&] {
    k.store(k.i32(0), order, k.i32(0));
    k.forLoop(k.i32(0), experts, k.i32(1), {k.i32(0)}, [&](Val expert, llvm::ArrayRef<Val> first) {
      Val end = first[0] + k.load(k.i32Type(), order, expert * 4 + 4);
      k.store(end, order, expert * 4 + 4);
      return Vals{end};
    });
  });
  k.barrier();
  k.forLoop(thread, experts, stride, [&](Val expert) {
    forRows(expert, k.load(k.i32Type(), order, expert * 4), [&](Val row, Val place) { k.store(row, rows, place * 4); });
  });
}

} // namespace

void addRoutingKernels(KernelList &list) {
  list.push_back({"f32-route-1x32-cuda", 32, {1, 1}, 0, buildRoute});
  list.push_back({"i32-sort_experts-1x256-cuda", 256, {1, 1}, 0, buildSortExperts});
}

} // namespace lapidary::cuda
