//===- AttentionSlice.cpp - attention of few rows: slices of the keys --------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block of 8 warps has one slice of T keys (a multiple of 64) of one K/V head and one row, for all query heads of the
// group, 8 at a time (the models have 2 to 8). Each element of the cache is read once and multiplied on tensor cores
// with 8 queries at once, in three bf16 parts each, which is exact (CacheOperands.h):
//
//   scores   warp w has the 64 keys w % (T / 64) and every (8 / (T / 64))-th step of 16 columns; their sums meet in
//            shared memory
//   softmax  warp w has query w; weights go to shared memory, maximum and total to the result
//   values   warp w has 64 of the columns and, for heads below 512, every second, fourth or eighth step of 16 keys;
//            the sums meet in shared memory
//
// Slices are short because decode has few rows: at 8K keys and one K/V head, T = 64 gives 128 blocks. T = 256 is for
// long contexts, where results of slices (8 bytes and head_dim floats a query head) would take much of the memory.
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/cuda/kernels/AttentionMerge.h"
#include "targets/cuda/kernels/CacheOperands.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockWarps = 8, blockThreads = blockWarps * 32;
constexpr unsigned queries = 8;                 // of a product
constexpr unsigned exactParts = 3;              // of a query and of a weight
constexpr unsigned setStride = setElements + 4; // floats; spreads the queries over the banks
constexpr unsigned warpSums = queries * setStride;

struct Slice {
  KernelBuilder &k;
  lap_format format;
  unsigned keys; // T
  Lane lane;
  Val warp;
  Val slots, headDim, group, keyStep;
  Val query = {};                   // the group's first query head of the row
  Val keyBase = {}, valueBase = {}; // the K/V head's caches
  Val low = {}, position = {};      // the visible keys
  Val start = {};                   // the slice's first key
  Val partial = {}, headBytes = {}; // the group's first result, and how far the next query head's is
  Val sums = {};                    // shared: float [8 warps][8 queries][setStride]
  Val weights = {};                 // shared: float [8 queries][T + 4]

  unsigned weightStride() const { return keys + 4; }
  Val visibleBlock(Val block) const { // nearest block of 16 keys that is seen at all
    return minimum(maximum(block, low / LAP_ROW_TILE), position / LAP_ROW_TILE);
  }
  Val ring(Val block) const { return block % (slots / LAP_ROW_TILE); }
};

/// Writes a warp's sums to its part of Slice::sums: [query][element].
void storeSums(const Slice &s, llvm::ArrayRef<Val> sums) {
  KernelBuilder &k = s.k;
  for (unsigned column = 0; column < 2; ++column) {
    const Val at = s.warp * warpSums + (s.lane.t * 2 + column) * setStride + s.lane.g * 8;
    for (unsigned upper = 0; upper < 2; ++upper) {
      Vals four;
      for (unsigned i = 0; i < 4; ++i) {
        four.push_back(sums[i * 4 + upper * 2 + column]);
      }
      k.store(vectorOf(four), s.sums, (at + upper * 4) * 4);
    }
  }
}

/// The lane's B operand of step `step` of the head's columns, for query heads from `firstHead` of the group on.
Parts loadQueries(const Slice &s, Val firstHead, Val step) {
  KernelBuilder &k = s.k;
  const Val head = minimum(firstHead + s.lane.g, s.group - 1); // the sums of queries that are none are not used
  const Val column = head * s.headDim + step * sumSteps + s.lane.t;
  std::array<Val, 4> values;
  for (unsigned i = 0; i < 4; ++i) {
    values[i] = k.loadFloat(s.query, column + i * 4);
    values[i] = s.format == LAP_I8 ? values[i] * s.keyStep : values[i];
  }
  return splitQuery(k, values, exactParts);
}

/// The lane's steps of the columns for its 64 keys.
CacheSteps keySteps(const Slice &s) {
  KernelBuilder &k = s.k;
  const unsigned sets = s.keys / setElements;
  const Val block = s.visibleBlock(s.start / LAP_ROW_TILE + s.warp % sets * 4 + s.lane.block);
  const Val first = s.ring(block) * s.headDim * LAP_ROW_TILE + s.lane.t * LAP_ROW_TILE + s.lane.half;
  return {s.format, s.keyBase, s.warp / sets, s.headDim / sumSteps, k.i32(blockWarps / sets), [=](Val step) {
            return first + step * (sumSteps * LAP_ROW_TILE);
          }};
}

void computeScores(const Slice &s, const CacheSteps &steps, const RawOperand &start, Val firstHead) {
  KernelBuilder &k = s.k;
  storeSums(s, walkSteps(k, steps, start, Vals(productFloats, k.f32(0)),
                         [&](Val step, const Operand &operand, llvm::ArrayRef<Val> sums) {
                           return multiply(k, operand, loadQueries(s, firstHead, step), sums);
                         }));
}

/// The scores of the lane's T / 32 successive keys for the warp's query.
Vals gatherScores(const Slice &s) {
  KernelBuilder &k = s.k;
  const unsigned sets = s.keys / setElements, parts = blockWarps / sets, own = s.keys / 32;
  const Val first = k.laneId() * own;
  const Val at = first / setElements * warpSums + s.warp * setStride + first % setElements;
  Vals scores;
  for (unsigned i = 0; i < own; ++i) {
    Val score = k.load(k.f32Type(), s.sums, (at + i) * 4);
    for (unsigned part = 1; part < parts; ++part) {
      score = score + k.load(k.f32Type(), s.sums, (at + part * sets * warpSums + i) * 4);
    }
    const Val key = s.start + first + i;
    scores.push_back(select((key >= s.low) & (key <= s.position), score, k.f32(unseen)));
  }
  return scores;
}

/// Scores to weights; maximum and total to the result.
void computeWeights(const Slice &s, Val firstHead) {
  KernelBuilder &k = s.k;
  const Vals scores = gatherScores(s);
  Val largest = scores[0];
  for (Val score : llvm::drop_begin(scores)) {
    largest = maximum(largest, score);
  }
  largest = k.reduceWarp(largest, larger);
  Val total = k.f32(0);
  for (auto [i, score] : llvm::enumerate(scores)) {
    const Val weight = softmaxWeight(k, score, largest);
    total = total + weight;
    k.storeFloat(weight, s.weights, s.warp * s.weightStride() + k.laneId() * scores.size() + i);
  }
  total = k.reduceWarp(total, sum);
  const Val head = firstHead + s.warp;
  k.ifThen((k.laneId() == 0) & (head < s.group),
           [&] { k.store(vectorOf({largest, total}), k.row(s.partial, s.headBytes, head), k.i32(0)); });
}

/// How the warps share 512 columns: `sets` (1, 2, 4 or 8) times 64, and the slice's keys among those that have the
/// same.
struct ValueShare {
  Val sets, set, part, parts;
};

ValueShare shareValues(const Slice &s) {
  KernelBuilder &k = s.k;
  auto shift = [&](unsigned columns) { return toInt(s.headDim > k.i32(columns), 32, false); };
  const Val log = shift(setElements) + shift(2 * setElements) + shift(4 * setElements), sets = k.i32(1) << log;
  return {sets, s.warp & (sets - 1), s.warp >> log, k.i32(blockWarps) >> log};
}

Parts loadWeights(const Slice &s, Val step) {
  std::array<Val, 4> values;
  for (unsigned i = 0; i < 4; ++i) {
    const Val at = s.lane.g * s.weightStride() + step * sumSteps + s.lane.t + i * 4;
    values[i] = s.k.load(s.k.f32Type(), s.weights, at * 4);
  }
  return splitQuery(s.k, values, exactParts);
}

/// The lane's steps of the keys for the warp's 64 columns from `column` on.
CacheSteps valueSteps(const Slice &s, const ValueShare &share, Val column) {
  const Val part = minimum(column / LAP_ROW_TILE + s.lane.block, s.headDim / LAP_ROW_TILE - 1);
  const Val lane = part * s.slots * LAP_ROW_TILE + s.lane.t * LAP_ROW_TILE + s.lane.half;
  const Val startBlock = s.start / LAP_ROW_TILE, firstBlock = s.visibleBlock(startBlock);
  const Val end = s.visibleBlock(startBlock + (s.keys / LAP_ROW_TILE - 1)) - firstBlock + 1;
  const Val ring = s.ring(firstBlock), blocks = s.slots / LAP_ROW_TILE;
  return {s.format,    s.valueBase,
          share.part,  end,
          share.parts, [=](Val step) {
            return lane + ringBlock(ring, step, blocks) * (LAP_ROW_TILE * LAP_ROW_TILE); }};
}

void computeValues(const Slice &s, const CacheSteps &steps, const RawOperand &start) {
  KernelBuilder &k = s.k;
  const Val startBlock = s.start / LAP_ROW_TILE, skipped = s.visibleBlock(startBlock) - startBlock;
  storeSums(s, walkSteps(k, steps, start, Vals(productFloats, k.f32(0)),
                         [&](Val step, const Operand &operand, llvm::ArrayRef<Val> sums) {
                           return multiply(k, operand, loadWeights(s, skipped + step), sums);
                         }));
}

/// Adds the warps' sums: warp w writes query w's columns from `column` on.
void storeValues(const Slice &s, const ValueShare &share, Val firstHead, Val column) {
  KernelBuilder &k = s.k;
  const Val head = firstHead + s.warp, own = k.laneId() * 2;
  const Val result = k.row(s.partial, s.headBytes, head);
  const mlir::Type two = k.vectorType(k.f32Type(), 2);
  k.forLoop(k.i32(0), share.sets, k.i32(1), [&](Val set) {
    const Val at = column + set * setElements + own;
    k.ifThen((head < s.group) & (at < s.headDim), [&] {
      const Vals total = k.forLoop(k.i32(0), share.parts, k.i32(1), {k.f32(0), k.f32(0)}, [&](Val part, auto before) {
        const Val from = (part * share.sets + set) * warpSums + s.warp * setStride + own;
        const Val more = k.load(two, s.sums, from * 4);
        return Vals{before[0] + element(more, 0), before[1] + element(more, 1)};
      });
      k.store(vectorOf(total), result, at * 4 + partialSum);
    });
  });
}

/// The query heads [firstHead, firstHead + 8) of the group.
void attend(const Slice &s, Val firstHead) {
  KernelBuilder &k = s.k;
  const ValueShare share = shareValues(s);
  const CacheSteps keys = keySteps(s), values = valueSteps(s, share, share.set * setElements);
  const RawOperand firstKeys = keys.load(k, keys.first);
  // The first values of a short slice are on their way while its scores are computed; elsewhere the registers would
  // cost a block on the multiprocessor (128 registers are two, 80 three).
  const bool early = s.keys == setElements && s.format == LAP_BF16;
  const RawOperand earlyValues = early ? values.load(k, values.first) : RawOperand();
  computeScores(s, keys, firstKeys, firstHead);
  k.barrier();
  computeWeights(s, firstHead);
  k.barrier();
  computeValues(s, values, early ? earlyValues : values.load(k, values.first));
  k.barrier();
  storeValues(s, share, firstHead, k.i32(0));
  k.barrier();
  const unsigned columns = blockWarps * setElements;
  k.forLoop(k.i32(columns), s.headDim, k.i32(columns), [&](Val column) { // heads beyond 512 columns
    const CacheSteps more = valueSteps(s, share, column + share.set * setElements);
    computeValues(s, more, more.load(k, more.first));
    k.barrier();
    storeValues(s, share, firstHead, column);
    k.barrier();
  });
}

void buildSlice(KernelBuilder &k, lap_format format, unsigned keys) {
  Val query = k.address(), queryBytes = k.int32(), places = k.address(), keyOffset = k.int64();
  Val valueOffset = k.int64(), slots = k.int32(), headDim = k.int32(), heads = k.int32(), kvHeads = k.int32();
  Val window = k.int32(), partial = k.address(), keyStep = k.float32();
  if (keys == setElements && format != LAP_I8) {
    k.fewestBlocks(format == LAP_BF16 ? 2 : 1); // left alone, ptxas spills for one more
  }
  const Val slice = k.blockX(), kvHead = k.blockY(), row = k.blockZ(), group = heads / kvHeads;
  const RowPlace place = loadPlace(k, places, row);
  const Val low = lowestVisible(place.position, window), start = (low / keys + slice) * keys;
  const Val firstHead = kvHead * group, bytes = partialBytes(headDim);
  const Val headStart = toInt(kvHead, 64) * toInt(slots, 64) * toInt(headDim, 64) * elementBytes(format);
  Slice s = {k, format, keys, laneOf(k), k.warpId(), slots, headDim, group, keyStep};
  s.query = k.row(query, queryBytes, row) + toInt(firstHead * headDim * 4, 64);
  s.keyBase = place.caches + keyOffset + headStart;
  s.valueBase = place.caches + valueOffset + headStart;
  s.low = low;
  s.position = place.position;
  s.start = start;
  s.partial = k.row(partial, bytes, (row * heads + firstHead) * k.gridX() + slice);
  s.headBytes = bytes * k.gridX();
  s.sums = k.shared(blockWarps * warpSums * 4);
  s.weights = k.shared(queries * s.weightStride() * 4);
  k.ifThen(start <= place.position,
           [&] { k.forLoop(k.i32(0), group, k.i32(queries), [&](Val first) { attend(s, first); }); });
}

} // namespace

void addAttentionKernels(KernelList &list) {
  for (unsigned keys : {64, 256}) {
    for (lap_format format : {LAP_F32, LAP_BF16, LAP_I8}) {
      const std::string name = std::string(formatName(format)) + "-attention_slice-" + std::to_string(keys) + "x8-cuda";
      list.push_back({name, blockThreads, {keys, 1}, 0, [=](KernelBuilder &k) { buildSlice(k, format, keys); }});
    }
  }
  addAttentionMergeKernel(list);
}

} // namespace lapidary::cuda
