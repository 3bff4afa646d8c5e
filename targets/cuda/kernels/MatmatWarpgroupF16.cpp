//===- MatmatWarpgroupF16.cpp - products of many rows by warpgroup, groups -----===//
// SPDX-License-Identifier: Apache-2.0
//
// For devices of capability 9.0 (Warpgroup.h). Weights and q8 activations are turned into f16 (GroupHalves.h), so that
// the tensor cores add up all groups in f32; integer sums would have to be scaled group by group, and that takes longer
// than the products. A block of 8 warps has 128 weight rows, a row tile a warp, and 128 token rows (TokenHalves.h).
//
// A block first looks for the largest scale of each of its rows of weights and tokens, which decides the row's power of
// two; results are multiplied by both powers' reciprocals at the end, which is exact. Rows of weights that have steps
// need no power: they are added up in steps, and results are multiplied by these. Weights are the operand A, as in
// MatmatWarpgroup.cpp, but through a queue (ThreadQueue.h): sums and operands leave few registers for what is on its
// way. The tensor cores multiply the first group of a stage while threads turn the second one into f16, and both while
// they do so with activations of the next stage.
//===----------------------------------------------------------------------===//
#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Matmat.h"
#include "targets/cuda/kernels/TokenHalves.h"
#include "targets/cuda/kernels/Warpgroup.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned groups = TokenHalves::columns / LAP_GROUP;    // of a stage
constexpr unsigned steps = LAP_GROUP / TokenHalves::stepColumns; // of a group
constexpr unsigned perStep = 4;                                  // words of A
constexpr unsigned lanesARow = 4;                                // of weights and of tokens
static_assert(lanesARow == TokenHalves::threadsAToken, "they look for a row's largest scale together");

MatmatShape shapeOf() {
  MatmatShape shape;
  shape.stageColumns = TokenHalves::columns, shape.tokenBlocks = 16;
  shape.tiles = 1, shape.rowWarps = 8, shape.tokenWarps = 1;
  return shape;
}
TokenHalves inputsOf(const MatmatShape &shape) { return {shape.tokens(), shape.threads()}; }
/// The pieces of a stage of weights: [groups] pairs of words, then [groups] scales of two rows.
unsigned pairsOf(lap_format format) { return format == LAP_W8G32 ? 2 : 1; } // of a group
ThreadQueue queueOf(lap_format format, const MatmatShape &shape) {
  llvm::SmallVector<unsigned> pieces(groups * pairsOf(format), 8);
  pieces.append(groups, 4);
  return {shape.threads(), inputsOf(shape).bytes(), pieces};
}
/// Activations, the queue of weights, the powers of two of the weight rows.
unsigned sharedBytes(lap_format format, const MatmatShape &shape) {
  return queueOf(format, shape).end() + (hasScaleSteps(format) ? 0 : shape.rows() * 4);
}

class WarpgroupF16 {
public:
  WarpgroupF16(KernelBuilder &k, const Product &p, const TokenBlock &tokens)
      : k(k), p(p), tokens(tokens), shape(shapeOf()), sumCount(shape.tokens() / 2), lane(k, shape),
        weights(k, p.kind.weight, p.columns, lane.g, lane.t), tile(warpTile(k, p, tokens, lane, 0)),
        stepped(hasScaleSteps(p.kind.weight)), pairs(pairsOf(p.kind.weight)), queue(queueOf(p.kind.weight, shape)),
        halves(k, p.columns), inputs(inputsOf(shape)) {}

  void build() {
    memory = k.dynamicShared(swizzledAlignment);
    inputs.start(k, p, tokens, memory);
    for (unsigned stage = 0; stage < ThreadQueue::stages; ++stage) {
      fill(k.i32(stage));
    }
    findPowers();
    k.barrier();
    share(k.i32(0));
    Val stages = (p.columns + (TokenHalves::columns - 1)) / TokenHalves::columns;
    Vals sums =
        k.forLoop(k.i32(0), stages, k.i32(1), Vals(sumCount, k.f32(0)), [&](Val stage, llvm::ArrayRef<Val> before) {
          fenceForWarpgroup(k);
          k.barrier(); // the stage is there; nobody reads the one before it any more
          Vals sums = start(before, stage);
          fill(stage + ThreadQueue::stages);
          share(stage + 1);
          return warpgroupWait(k, 0, sums);
        });
    storeFragments(k, p, tokens, shape, lane, scaled(sums));
  }

private:
  /// Starts the copies of a stage; for groups behind the last one, those of the last one's weights.
  void fill(Val stage) const {
    inputs.fill(k, stage);
    Val always = k.i32(0) == 0;
    for (unsigned group = 0; group < groups; ++group) {
      Vals places = weights.places(stage * groups + group);
      for (unsigned pair = 0; pair < pairs; ++pair) {
        queue.copy(k, memory, stage, group * pairs + pair, tile, places[pair], always);
      }
      queue.copy(k, memory, stage, groups * pairs + group, tile, stepped ? places.back() & -4 : places.back(), always);
    }
    k.commitCopies();
  }

  /// Waits for a stage, while the next one may be on its way, and turns its activations into f16.
  void share(Val stage) const {
    k.waitCopies(ThreadQueue::stages - 1);
    inputs.share(k, halves, stage);
  }

  /// Of tokens, and of weight rows unless these have steps. Four lanes have the same two weight rows and the same
  /// tokens: each looks at every fourth group, 8 at once.
  void findPowers() {
    constexpr unsigned together = 8;
    constexpr int64_t magnitude = 0x7fffffff;
    Val count = p.columns / LAP_GROUP;
    const unsigned ownTokens = inputs.ownTokens();
    Vals largest(ownTokens + (stepped ? 0 : 2), k.i32(0));
    largest =
        k.forLoop(k.i32(0), count, k.i32(together * lanesARow), largest, [&](Val base, llvm::ArrayRef<Val> before) {
          Vals next(before.begin(), before.end());
          for (unsigned i = 0; i < together; ++i) {
            Vals bits = scales(minimum(base + lane.t + i * lanesARow, count - 1));
            for (auto [most, own] : llvm::zip_equal(next, bits)) {
              most = maximum(most, own & magnitude);
            }
          }
          return next;
        });
    for (Val &most : largest) {
      most = k.reduceWarp(most, larger, lanesARow);
    }
    inputs.setPowers(k, llvm::ArrayRef<Val>(largest).take_front(ownTokens));
    if (stepped) {
      return;
    }
    k.ifThen(lane.t == 0, [&] {
      const unsigned bits = weights.integers.bits;
      Val even = rowPower(k, largest[ownTokens], bits), odd = rowPower(k, largest[ownTokens + 1], bits);
      k.store(vectorOf({even, odd}), memory, ownPowers());
    });
  }

  /// The bits of a group's scales, as f32: of the thread's tokens, and (bf16) of the lane's two weight rows.
  Vals scales(Val group) const {
    Vals bits = inputs.scales(k, group);
    if (!stepped) {
      Val rows = k.loadConstant(k.i32Type(), tile, group * weights.integers.stretchBytes + lane.g * 4);
      bits.append({rows << 16, rows & k.i32(0xffff0000LL)});
    }
    return bits;
  }

  /// Where the powers of the lane's two weight rows are (not where these have steps).
  Val ownPowers() const { return k.warpId() * (LAP_ROW_TILE * 4) + lane.g * 8 + queue.end(); }

  /// Of a group of a stage.
  Vals operandA(Val stage, unsigned group) const {
    Vals loaded;
    for (unsigned pair = 0; pair < pairs; ++pair) {
      loaded.push_back(queue.load(k, k.vectorType(k.i32Type(), 2), memory, stage, group * pairs + pair));
    }
    loaded.push_back(queue.load(k, k.i32Type(), memory, stage, groups * pairs + group));
    return halves.ofWeights(weights, loaded, halfScales(loaded));
  }

  /// Of the lane's two rows, each twice as f16: times their powers, or in steps.
  std::pair<Val, Val> halfScales(llvm::ArrayRef<Val> loaded) const {
    if (stepped) { // the word has four rows' scales
      Val own = loaded.back() >> ((lane.g & 1) * 16);
      return {halves.twice(own, 0), halves.twice(own, 1)};
    }
    auto [even, odd] = weights.scales(loaded);
    Val powers = k.load(k.vectorType(k.f32Type(), 2), memory, ownPowers());
    return {halves.twice(even * element(powers, 0)), halves.twice(odd * element(powers, 1))};
  }

  /// Starts the products of a stage. Weights are loaded in the order of this code, so that the second group becomes
  /// operands behind the start of the first group's products.
  Vals start(llvm::ArrayRef<Val> sums, Val stage) const {
    Vals registers(sums.begin(), sums.end());
    registers.append(operandA(stage, 0));
    registers = warpgroupFence(k, registers);
    auto fenced = llvm::ArrayRef<Val>(registers);
    Vals added = multiply(fenced.take_front(sumCount), fenced.drop_front(sumCount), stage, 0);
    added = multiply(added, warpgroupFence(k, operandA(stage, 1)), stage, 1);
    warpgroupCommit(k);
    return added;
  }

  Vals multiply(llvm::ArrayRef<Val> sums, llvm::ArrayRef<Val> a, Val stage, unsigned group) const {
    Vals added(sums.begin(), sums.end());
    for (unsigned step = 0; step < steps; ++step) {
      added = warpgroupMultiply(k, WarpgroupElement::F16, a.slice(step * perStep, perStep),
                                inputs.descriptor(k, stage, group * steps + step), added);
    }
    return added;
  }

  /// What the sums of the lane's two rows are multiplied by.
  std::pair<Val, Val> rowFactors() const {
    if (stepped) {
      return weights.steps(tile);
    }
    Val powers = k.load(k.vectorType(k.i32Type(), 2), memory, ownPowers());
    return {bitsOf(inversePower(k, element(powers, 0)), k.f32Type()),
            bitsOf(inversePower(k, element(powers, 1)), k.f32Type())};
  }

  Vals scaled(llvm::ArrayRef<Val> sums) const {
    auto [even, odd] = rowFactors();
    Vals results;
    for (unsigned i = 0; i < sums.size(); i += 4) { // a block of 8 tokens
      Vals columns = inputs.reciprocals(k, lane.t * 2 + i / 4 * 8);
      for (unsigned j = 0; j < 4; ++j) {
        results.push_back(sums[i + j] * (j < 2 ? even : odd) * columns[j % 2]);
      }
    }
    return results;
  }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  MatmatShape shape;
  unsigned sumCount; ///< of a thread
  MatmatLane lane;
  WeightFragments weights;
  Val tile;       ///< address of the warp's tile
  bool stepped;   ///< weights' scales are int8, in steps of their rows
  unsigned pairs; ///< of words of a group
  ThreadQueue queue;
  GroupHalves halves;
  TokenHalves inputs;
  Val memory;
};

} // namespace

void addWarpgroupF16Kernels(KernelList &list) {
  const MatmatShape shape = shapeOf();
  const std::string tile = std::to_string(shape.rows()) + "x" + std::to_string(shape.tokens());
  for (const ProductKind &kind : productKinds()) {
    if (!isGrouped(kind.weight) || kind.input != LAP_ROWS_Q8) {
      continue;
    }
    list.push_back({kind.namePrefix("matmat") + tile + "-sm90a",
                    shape.threads(),
                    {shape.rows(), shape.tokens()},
                    sharedBytes(kind.weight, shape),
                    [kind, shape](KernelBuilder &k) {
                      Product product(k, kind);
                      k.fewestBlocks(2);
                      forTokens(k, product, shape.tokens(),
                                [&](const TokenBlock &tokens) { WarpgroupF16(k, product, tokens).build(); });
                    },
                    90});
  }
}

} // namespace lapidary::cuda
