//===- MatmatInteger.cpp - products of many rows, integers -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Group formats: an mma is one group of 16 weight rows and 8 tokens; its 4 sums a lane are scaled and added up as
// floats, which costs 12 operations (a subtraction that makes the float, the product of the scales, the fused
// addition), so this is what limits the kernel: 12 x 32 operations for 4096 products, at 128 operations a cycle and SM
// 1365 products. Row formats: integer sums over all columns; they go through shared memory at the end, where a loop
// scales and rounds them in f64 with little code.
//===----------------------------------------------------------------------===//
#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/Matmat.h"
#include "targets/cuda/kernels/RowSums.h"
#include "targets/cuda/kernels/TokenStage.h"
#include "targets/cuda/kernels/WeightFragments.h"

namespace lapidary::cuda {

MatmatShape integerMatmatShape(const ProductKind &kind) {
  MatmatShape shape;
  const bool fewTokens = kind.routed || kind.input == LAP_ROWS_R24; // experts have few rows each; r24: three sums
  shape.tokenBlocks = fewTokens ? 2 : 4;
  shape.stageColumns = isRowScaled(kind.weight) && kind.weight != LAP_W8ROW ? 128 : 64;
  return shape;
}

namespace {

class IntegerMatmat {
public:
  IntegerMatmat(KernelBuilder &k, const Product &p, const TokenBlock &tokens)
      : k(k), p(p), tokens(tokens), shape(integerMatmatShape(p.kind)), lane(k, shape),
        grouped(isGrouped(p.kind.weight)), planes(p.kind.planes()),
        weights(k, p.kind.weight, p.columns, lane.g, lane.t),
        stage(shape.tokens(), shape.stageColumns, planes, grouped, weights.bytesPerLane),
        rowSums(shape.rows(), shape.tokens(), planes) {
    for (unsigned tile = 0; tile < shape.tiles; ++tile) {
      tileAddresses.push_back(warpTile(k, p, tokens, lane, tile));
    }
  }

  void build() {
    Val memory = k.shared(std::max(stage.bytes(), grouped ? 0 : rowSums.bytes()));
    stage.start(k, p, tokens, memory);
    Vals sums = sumColumns();
    if (grouped) {
      storeFragments(k, p, tokens, shape, lane, hasScaleSteps(p.kind.weight) ? timesSteps(sums) : sums);
    } else {
      k.barrier(); // the last stage has been read
      shareSums(memory, sums);
      k.barrier();
      Val firstTile = k.blockX() * (shape.rows() / LAP_ROW_TILE);
      rowSums.scale(k, p, tokens, memory, firstTile, weights.integers.factor);
    }
  }

private:
  static constexpr unsigned perFragment = 4;
  unsigned stageSteps() const { return shape.stageColumns / weights.stepColumns; }
  unsigned sumPlanes() const { return grouped ? 1 : planes; }
  unsigned fragments() const { return shape.tiles * shape.tokenBlocks; }

  /// The weights of a stage: [steps][tiles] of what WeightFragments loads.
  Vals loadWeights(Val stageNumber) const {
    Vals loaded;
    for (unsigned step = 0; step < stageSteps(); ++step) {
      for (Val tile : tileAddresses) {
        loaded.append(weights.load(tile, stageNumber * stageSteps() + step));
      }
    }
    return loaded;
  }

  /// [sumPlanes][tiles][tokenBlocks][4]: f32, or i32 at weights.integers.factor times their value.
  Vals sumColumns() {
    Val stages = (p.columns + (shape.stageColumns - 1)) / shape.stageColumns;
    stage.fill(k, k.i32(0), k.i32(0));
    Vals carried(sumPlanes() * fragments() * perFragment, grouped ? k.f32(0) : k.i32(0));
    const size_t sumCount = carried.size();
    carried.append(loadWeights(k.i32(0)));
    carried = k.forLoop(k.i32(0), stages, k.i32(1), carried, [&](Val number, llvm::ArrayRef<Val> carried) {
      k.waitCopies(0);
      k.barrier(); // the stage is there, and nobody reads the other one any more
      auto current = carried.drop_front(sumCount);
      Vals next = k.ifElse(
          number + 1 < stages,
          [&] {
            stage.fill(k, number + 1, (number + 1) & 1);
            return loadWeights(number + 1);
          },
          [&] { return Vals(current); });
      Vals sums(carried.take_front(sumCount));
      multiply(sums, current, number & 1);
      sums.append(next);
      return sums;
    });
    carried.resize(sumCount);
    return carried;
  }

  /// Adds a stage.
  void multiply(Vals &sums, llvm::ArrayRef<Val> loaded, Val which) const {
    const size_t perTile = loaded.size() / (stageSteps() * shape.tiles);
    for (unsigned plane = 0; plane < planes; ++plane) {
      for (unsigned block = 0; block < shape.tokenBlocks; ++block) {
        Val scales = grouped ? stage.scales(k, which, plane, lane.firstToken + block * 8 + lane.t * 2) : Val();
        for (unsigned step = 0; step < stageSteps(); ++step) {
          Vals b = weights.operandsB([&](mlir::Type type, Val column) {
            return stage.values(k, type, which, plane, lane.firstToken + block * 8 + lane.g,
                                column + step * weights.stepColumns);
          });
          for (unsigned tile = 0; tile < shape.tiles; ++tile) {
            auto words = loaded.slice((step * shape.tiles + tile) * perTile, perTile);
            const unsigned at = ((grouped ? 0 : plane) * fragments() + tile * shape.tokenBlocks + block) * perFragment;
            llvm::MutableArrayRef<Val> own = llvm::MutableArrayRef<Val>(sums).slice(at, perFragment);
            grouped ? addGroup(own, words, b, scales, step) : addStep(own, words, b);
          }
        }
      }
    }
  }

  void addStep(llvm::MutableArrayRef<Val> sums, llvm::ArrayRef<Val> words, llvm::ArrayRef<Val> b) const {
    for (unsigned product = 0; product < weights.products; ++product) {
      llvm::copy(k.mmaS8(weights.operandA(words, product), b.slice(product * 2, 2), sums), sums.begin());
    }
  }

  /// `scales`: [2 tokens][2 groups].
  void addGroup(llvm::MutableArrayRef<Val> sums, llvm::ArrayRef<Val> words, llvm::ArrayRef<Val> b, Val scales,
                unsigned group) const {
    Vals start(perFragment, sumStart(k));
    Vals dots = k.mmaS8(weights.operandA(words, 0), b, start);
    auto [even, odd] = weights.scales(words);
    for (unsigned i = 0; i < perFragment; ++i) {
      Val input = element(scales, i % 2 * 2 + group) * (1.0 / weights.integers.factor);
      sums[i] = fusedMulAdd(sumAsFloat(k, dots[i]), (i < 2 ? even : odd) * input, sums[i]);
    }
  }

  /// [tiles][tokenBlocks][4], of which the lower two are an even row's.
  Vals timesSteps(llvm::ArrayRef<Val> sums) const {
    Vals results;
    for (unsigned tile = 0; tile < shape.tiles; ++tile) {
      auto [even, odd] = weights.steps(tileAddresses[tile]);
      const unsigned perTile = shape.tokenBlocks * perFragment;
      for (auto [index, sum] : llvm::enumerate(sums.slice(tile * perTile, perTile))) {
        results.push_back(sum * (index % perFragment < 2 ? even : odd));
      }
    }
    return results;
  }

  /// Of row formats.
  void shareSums(Val memory, llvm::ArrayRef<Val> sums) const {
    Val row = k.warpId() % shape.rowWarps * (shape.tiles * LAP_ROW_TILE) + lane.g * 2;
    Val token = lane.firstToken + lane.t * 2;
    for (unsigned i = 0; i < sums.size(); i += perFragment) {
      const unsigned fragment = i / perFragment, block = fragment % shape.tokenBlocks;
      const unsigned tile = fragment / shape.tokenBlocks % shape.tiles, plane = fragment / fragments();
      for (unsigned odd = 0; odd < 2; ++odd) {
        rowSums.put(k, memory, plane, token + (block * 8 + odd), row + tile * LAP_ROW_TILE, sums[i + odd],
                    sums[i + 2 + odd]);
      }
    }
  }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  MatmatShape shape;
  MatmatLane lane;
  bool grouped;
  unsigned planes;
  WeightFragments weights;
  TokenStage stage;
  RowSums rowSums;
  Vals tileAddresses;
};

} // namespace

void buildIntegerMatmat(KernelBuilder &k, const ProductKind &kind) {
  Product product(k, kind);
  if (kind.input == LAP_ROWS_R24 || kind.routed) {
    k.fewestBlocks(kind.routed ? 4 : 3);
  }
  forTokens(k, product, integerMatmatShape(kind).tokens(),
            [&](const TokenBlock &tokens) { IntegerMatmat(k, product, tokens).build(); });
}

} // namespace lapidary::cuda
