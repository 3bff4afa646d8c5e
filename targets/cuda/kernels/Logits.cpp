//===- Logits.cpp - the largest logits of a row -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the sampler needs of a row of 262,144 logits, so that 8 KiB go to the host instead of a megabyte (GpuAbi.h:
// lap_found_row). Lane l of a block has set 32 l + blockIdx.x, its warps take turns at the set's runs of 8 ids; a run
// is a sector of memory.
//
//   maxima   the largest logit of each of the 1,024 sets
//   search   every block finds the same bound from the maxima, bit by bit, and lists its logits that reach it
//   weigh    sums of e^(logit / temperature - largest), for top_p without top_k
//
// A row comes from L2, which has just got it: each pass reads it once (search: the sets that reach the bound). Nothing
// is ordered or added up by atomics; the same row gives the same list.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

#include "lapidary/GpuAbi.h"

#include <cstddef>
#include <limits>

namespace lapidary::cuda {

namespace {

constexpr unsigned blockThreads = 256, run = LAP_LOGIT_RUN, loadWidth = 4;
constexpr unsigned boundBits = 20; // of the bound, from the sign on: rounded down by less than 2^-11 of itself

/// A row of logits and the ids that count.
struct Row {
  Val logits, mask, vocab; ///< addresses, i32; mask 0: all ids

  Val none(KernelBuilder &k) const { return k.f32(-std::numeric_limits<double>::infinity()); }

  /// The logits of ids first .. first + 7; minus infinity for what may not be drawn and for NaN.
  Vals usable(KernelBuilder &k, Val first) const {
    Val bits = k.ifElse(
        mask == 0, [&] { return Vals{k.i32(0xff)}; },
        [&] { return Vals{toInt(k.loadConstant(k.i8Type(), mask, first / run), 32, false)}; })[0];
    Vals values;
    Val words;
    for (unsigned i = 0; i < run; ++i) {
      if (i % loadWidth == 0) {
        words = k.loadConstant(k.vectorType(k.f32Type(), loadWidth), logits, (first + i) * 4);
      }
      Val value = element(words, i % loadWidth);
      Val counts = (first + i < vocab) & (((bits >> i) & 1) == 1) & (value > none(k));
      values.push_back(select(counts, value, none(k)));
    }
    return values;
  }

  /// Carries values over the runs of a lane's set.
  Vals overRuns(KernelBuilder &k, Val set, Vals start, llvm::function_ref<Vals(Val, llvm::ArrayRef<Val>)> body) const {
    Val first = (k.warpId() * LAP_LOGIT_SETS + set) * run;
    return k.forLoop(first, vocab, k.i32(k.warps() * LAP_LOGIT_SETS * run), start, body);
  }
};

Val ownSet(KernelBuilder &k) { return k.laneId() * LAP_FOUND_PARTS + k.blockX(); }

void buildMaxima(KernelBuilder &k) {
  Val logits = k.address(), logitBytes = k.int32(), mask = k.address(), maxima = k.address(), vocab = k.int32();
  const Row row = {k.row(logits, logitBytes, k.blockY()), mask, vocab};
  Val own = row.overRuns(k, ownSet(k), {row.none(k)}, [&](Val first, llvm::ArrayRef<Val> most) {
    Val largest = most[0];
    for (Val value : row.usable(k, first)) {
      largest = maximum(largest, value);
    }
    return Vals{largest};
  })[0];
  Val parts = k.shared(blockThreads * 4);
  k.storeFloat(own, parts, k.threadId());
  k.barrier();
  k.ifThen(k.warpId() == 0, [&] {
    Val largest = own;
    for (unsigned warp = 1; warp < k.warps(); ++warp) {
      largest = maximum(largest, k.load(k.f32Type(), parts, (k.laneId() + warp * 32) * 4));
    }
    k.storeFloat(largest, k.row(maxima, k.i32(LAP_LOGIT_SETS * 4), k.blockY()), ownSet(k));
  });
}

/// Whole numbers in the order of floats, and back: the same function.
Val inOrder(Val bits) { return bits ^ (shiftSigned(bits, 31) & 0x7fffffff); }

/// The LAP_FOUND_WANTED-th largest of the maxima, rounded down; minus infinity when there are not that many. Every
/// thread has four of them.
Val findBound(KernelBuilder &k, Val maxima, Val none) {
  static_assert(LAP_LOGIT_SETS == blockThreads * 4);
  Val own = k.load(k.vectorType(k.i32Type(), 4), maxima, k.threadId() * 16);
  Vals keys;
  for (unsigned i = 0; i < 4; ++i) {
    keys.push_back(inOrder(element(own, i)));
  }
  Val counts = k.shared(k.warps() * 4, 4);
  Val least = k.i32(std::numeric_limits<int32_t>::min());
  Val key = k.forLoop(k.i32(0), k.i32(boundBits), k.i32(1), {least}, [&](Val round, llvm::ArrayRef<Val> bound) {
    Val higher = bound[0] + (k.i32(1) << (31 - round)), count = k.i32(0);
    for (Val key : keys) {
      count = count + toInt(key >= higher, 32, false);
    }
    count = k.reduceWarp(count, sum);
    k.ifThen(k.laneId() == 0, [&] { k.store(count, counts, k.warpId() * 4); });
    k.barrier();
    Val total = k.i32(0);
    for (unsigned warp = 0; warp < k.warps(); ++warp) {
      total = total + k.load(k.i32Type(), counts, k.i32(warp * 4));
    }
    k.barrier(); // before the next round's counts
    return Vals{select(total >= LAP_FOUND_WANTED, higher, bound[0])};
  })[0];
  Val lowest = inOrder(bitsOf(none, k.i32Type()));
  return select(key <= lowest, none, bitsOf(inOrder(key), k.f32Type()));
}

void buildSearch(KernelBuilder &k) {
  Val logits = k.address(), logitBytes = k.int32(), mask = k.address(), maxima = k.address(), found = k.address();
  Val vocab = k.int32();
  const Row row = {k.row(logits, logitBytes, k.blockY()), mask, vocab};
  Val rowMaxima = k.row(maxima, k.i32(LAP_LOGIT_SETS * 4), k.blockY());
  Val part = k.row(k.row(found, k.i32(sizeof(lap_found_row)), k.blockY()), k.i32(sizeof(lap_found_part)), k.blockX());
  Val bound = findBound(k, rowMaxima, row.none(k));
  Val most = k.load(k.f32Type(), rowMaxima, ownSet(k) * 4);
  auto reaches = [&](Val value) { return (value >= bound) & (value > row.none(k)); };
  // Calls visit(id, logit, number) for this thread's logits that reach the bound, numbered from `start`.
  auto forReaching = [&](Val start, llvm::function_ref<void(Val, Val, Val)> visit) {
    return k.ifElse(
        reaches(most),
        [&] {
          return row.overRuns(k, ownSet(k), {start}, [&](Val first, llvm::ArrayRef<Val> number) {
            Val next = number[0];
            Vals values = row.usable(k, first);
            for (unsigned i = 0; i < run; ++i) {
              Val hit = reaches(values[i]);
              k.ifThen(hit, [&] { visit(first + i, values[i], next); });
              next = next + toInt(hit, 32, false);
            }
            return Vals{next};
          });
        },
        [&] { return Vals{start}; })[0];
  };
  std::pair<Val, Val> numbers = k.scanBlock(forReaching(k.i32(0), [](Val, Val, Val) {}));
  forReaching(numbers.first, [&](Val id, Val logit, Val number) {
    k.ifThen(number < LAP_FOUND_MOST, [&] {
      Val at = number * sizeof(lap_found_logit) + offsetof(lap_found_part, found);
      k.store(logit, part, at);
      k.store(id, part, at + 4);
    });
  });
  k.ifThen(k.threadId() == 0, [&] {
    k.store(numbers.second, part, k.i32(offsetof(lap_found_part, count)));
    k.store(bound, part, k.i32(offsetof(lap_found_part, bound)));
  });
}

void buildWeigh(KernelBuilder &k) {
  Val logits = k.address(), mask = k.address(), sums = k.address(), vocab = k.int32();
  Val temperature = k.float32(), largest = k.float32();
  const Row row = {logits, mask, vocab};
  Val own = row.overRuns(k, ownSet(k), {k.f32(0)}, [&](Val first, llvm::ArrayRef<Val> sum) {
    Val total = sum[0];
    for (Val value : row.usable(k, first)) {
      Val weight = exponential(value / temperature - largest);
      total = total + select(value > row.none(k), weight, k.f32(0));
    }
    return Vals{total};
  })[0];
  Val total = k.reduceBlock(own, sum);
  k.ifThen(k.threadId() == 0, [&] { k.storeFloat(total, sums, k.blockX()); });
}

} // namespace

std::vector<std::string> samplingKernels() {
  return {"f32-logit_maxima-32x256-cuda", "f32-logit_search-32x256-cuda", "f32-logit_weigh-32x256-cuda"};
}

void addLogitKernels(KernelList &list) {
  void (*const builders[])(KernelBuilder &) = {buildMaxima, buildSearch, buildWeigh};
  for (auto [name, build] : llvm::zip_equal(samplingKernels(), builders)) {
    list.push_back({name, blockThreads, {LAP_LOGIT_SETS / LAP_FOUND_PARTS, 1}, 0, build});
  }
}

} // namespace lapidary::cuda
