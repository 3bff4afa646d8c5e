//===- Routing.cpp - which experts a token takes, and their rows in order ------===//
// SPDX-License-Identifier: Apache-2.0
//
// A warp routes a row: lane l has the experts l, l + 32, .., works in the logits' own buffer and reads only what it
// wrote. One block sorts, without atomics: rows are dealt to the warps in stretches and an expert's rows keep their
// order, so the result is the same whatever the hardware does.
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

/// A counting sort: every warp counts the rows of its stretch by expert, the counts become places, and every warp puts
/// its rows there. Lanes with rows of one expert find each other and count as one.
class ExpertSort {
public:
  explicit ExpertSort(KernelBuilder &k) : k(k) {
    indices = k.address(), indexBytes = k.int32(), order = k.address();
    experts = k.int32(), topK = k.int32();
    Val tokens = k.int32(), rows = tokens * topK;
    Val stretch = (rows + (k.threads() - 1)) / k.threads() * 32;
    first = k.warpId() * stretch;
    end = minimum(first + stretch, rows);
    counts = k.shared(uint64_t(k.warps()) * expertsAtOnce * 4);
    places = k.row(order, k.i32(4), experts + 1);
  }

  void build() {
    k.ifThen(k.threadId() == 0, [&] { k.store(k.i32(0), order, k.i32(0)); });
    k.forLoop(k.i32(0), experts, k.i32(expertsAtOnce), {k.i32(0)}, [&](Val base, llvm::ArrayRef<Val> placed) {
      k.forLoop(k.threadId(), k.i32(int64_t(k.warps()) * expertsAtOnce), k.i32(k.threads()),
                [&](Val at) { k.store(k.i32(0), counts, at * 4); });
      k.barrier();
      forRows(base, /*toPlaces=*/false);
      k.barrier();
      Val all = findPlaces(base, placed[0]);
      k.barrier();
      forRows(base, /*toPlaces=*/true);
      k.barrier();
      return Vals{placed[0] + all};
    });
  }

  static constexpr unsigned expertsAtOnce = 256;

private:
  Val count(Val warp, Val expert) { return (warp * expertsAtOnce + expert) * 4; }

  /// Walks over the warp's rows: counts those of the experts from `base` on, or puts them where the counts say.
  void forRows(Val base, bool toPlaces) {
    Val lane = k.laneId(), lower = (k.i32(1) << lane) - 1;
    k.forLoop(first, end, k.i32(32), [&](Val start) {
      Val row = minimum(start + lane, end - 1), token = row / topK;
      Val own = k.loadConstant(k.i32Type(), k.row(indices, indexBytes, token), (row % topK) * 4) - base;
      Val wanted = (start + lane < end) & (own >= 0) & (own < expertsAtOnce);
      Val lanes = k.matchLanes(select(wanted, own, k.i32(-1))), before = k.countBits(lanes & lower);
      Val at = count(k.warpId(), select(wanted, own, k.i32(0))), next = k.load(k.i32Type(), counts, at);
      k.syncWarp();
      k.ifThen(wanted & (before == 0), [&] { k.store(next + k.countBits(lanes), counts, at); });
      if (toPlaces) {
        k.ifThen(wanted, [&] { k.store(row, places, (next + before) * 4); });
      }
      k.syncWarp();
    });
  }

  /// Makes the counts of a warp and expert the place of the first of these rows; writes where the experts end. Returns
  /// how many rows there are. `placed`: rows of the experts before `base`.
  Val findPlaces(Val base, Val placed) {
    Val own = k.threadId(), exists = own < expertsAtOnce;
    Val all = k.ifElse(
        exists,
        [&] {
          Val sum = k.i32(0);
          for (unsigned warp = 0; warp < k.warps(); ++warp) {
            sum = sum + k.load(k.i32Type(), counts, count(k.i32(warp), own));
          }
          return Vals{sum};
        },
        [&] { return Vals{k.i32(0)}; })[0];
    auto [before, total] = k.scanBlock(all);
    Val start = placed + before, sum = total;
    k.ifThen(exists, [&] {
      Val next = start;
      for (unsigned warp = 0; warp < k.warps(); ++warp) {
        Val rows = k.load(k.i32Type(), counts, count(k.i32(warp), own));
        k.store(next, counts, count(k.i32(warp), own));
        next = next + rows;
      }
      k.ifThen(base + own < experts, [&] { k.store(next, order, (base + own + 1) * 4); });
    });
    return sum;
  }

  KernelBuilder &k;
  Val indices, indexBytes, order, experts, topK, first, end, counts, places;
};

} // namespace

void addRoutingKernels(KernelList &list) {
  list.push_back({"f32-route-1x32-cuda", 32, {1, 1}, 0, buildRoute});
  list.push_back({"i32-sort_experts-1x1024-cuda", 1024, {1, 1}, 0, [](KernelBuilder &k) { ExpertSort(k).build(); }});
}

} // namespace lapidary::cuda
