//===- MatmatWarpgroup.cpp - products of many rows by warpgroup, row formats --===//
// SPDX-License-Identifier: Apache-2.0
//
// For devices of capability 9.0 (Warpgroup.h). A block of 8 warps has 128 weight rows, a row tile a warp, and 128 token
// rows (64 with three planes): a warpgroup has 64 rows x N tokens, N / 2 sums a thread and plane. Weights are the
// operand A: from global memory to registers a stage of 128 columns ahead, each integer by one shift and one `and`;
// they never are in shared memory, and B is read once for the 64 rows of a warpgroup. Rows g and g + 8 of a fragment
// are rows 2 g and 2 g + 1 of the tile, as everywhere (Matmat.h).
//
// B lies in shared memory as it does in global memory, so the columns of A are as they are, too: lane t of a fragment
// has the quads 4 X + t of the pieces X of 16 columns. With F integers in a byte that is field t % F of the word of
// block (4 X + t) / F: F lanes load the same word and use different parts of it.
//
// Sums are exact, so outputs are those of the other kernels bit for bit.
//===----------------------------------------------------------------------===//
#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/IntegerWeights.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/RowSums.h"
#include "targets/cuda/kernels/TokenRing.h"
#include "targets/cuda/kernels/Warpgroup.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockWarps = 8, blockRows = blockWarps * LAP_ROW_TILE;
constexpr unsigned steps = TokenRing::columns / LAP_GROUP;               // products of a stage
constexpr unsigned perProduct = 4;                                       // words of A
constexpr unsigned ringStages = 4;                                       // which fit where the sums go afterwards
constexpr unsigned pieceColumns = 16, pieces = LAP_GROUP / pieceColumns; // of a product
constexpr unsigned blockBytes = LAP_ROW_TILE * 4;                        // of words of a tile

unsigned tokensOf(const ProductKind &kind) { return kind.planes() == 1 ? 128 : 64; }
TokenRing ringOf(const ProductKind &kind) { return {tokensOf(kind), kind.planes(), ringStages}; }
RowSums sumsOf(const ProductKind &kind) { return {blockRows, tokensOf(kind), kind.planes()}; }

class WarpgroupMatmat {
public:
  WarpgroupMatmat(KernelBuilder &k, const Product &p, const TokenBlock &tokens)
      : k(k), p(p), tokens(tokens), planes(p.kind.planes()), tokenCount(tokensOf(p.kind)), integers(p.kind.weight),
        ring(ringOf(p.kind)), rowSums(sumsOf(p.kind)), g(k.laneId() / 4), t(k.laneId() % 4),
        firstTile(k.blockX() * blockWarps), fieldShift(integers.fieldShift(t % integers.fields)) {
    Val tile = tokens.weights + toInt(minimum(firstTile + k.warpId(), p.tiles - 1), 64) * p.tileBytes;
    laneWords = tile + toInt(t / integers.fields * blockBytes + g * 8 + integers.firstByte, 64);
  }

  void build() {
    Val memory = k.dynamicShared(swizzledAlignment);
    ring.start(k, p, tokens, memory);
    Vals sums = sumColumns();
    k.barrier(); // the last stage has been read
    shareSums(memory, sums);
    k.barrier();
    rowSums.scale(k, p, tokens, memory, firstTile, integers.factor);
  }

private:
  unsigned perPlane() const { return tokenCount / 2; } // sums of a thread

  /// [planes][tokens / 2] i32, at integers.factor times their value.
  Vals sumColumns() {
    for (unsigned stage = 0; stage + 1 < ringStages; ++stage) {
      ring.fill(k, k.i32(stage));
    }
    Vals carried(planes * perPlane(), k.i32(0));
    const size_t sumCount = carried.size();
    carried.append(loadWeights(k.i32(0)));
    Val stages = (p.columns + (TokenRing::columns - 1)) / TokenRing::columns;
    carried = k.forLoop(k.i32(0), stages, k.i32(1), carried, [&](Val stage, llvm::ArrayRef<Val> carried) {
      ring.await(k); // nobody reads the stage before this one any more: its products have been waited for
      ring.fill(k, stage + (ringStages - 1));
      auto words = carried.drop_front(sumCount);
      Vals next = loadWeights(stage + 1);
      Vals sums = multiply(carried.take_front(sumCount), operandsA(words), stage);
      sums.append(next);
      return sums;
    });
    carried.resize(sumCount);
    return carried;
  }

  /// The words of the lane's quads of a stage, [steps][pieces] of 2 i32 for the two rows; for columns behind the last
  /// ones, those of the last 32.
  Vals loadWeights(Val stage) const {
    Vals words;
    for (unsigned step = 0; step < steps; ++step) {
      Val existing = minimum(stage * steps + step, p.columns / LAP_GROUP - 1);
      Val start = laneWords + toInt(existing * integers.stretchBytes, 64, false);
      for (unsigned piece = 0; piece < pieces; ++piece) {
        Val at = k.i32(piece * (pieceColumns / 4 / integers.fields) * blockBytes);
        words.push_back(k.loadConstant(k.vectorType(k.i32Type(), 2), start, at));
      }
    }
    return words;
  }

  /// [steps][4] i32.
  Vals operandsA(llvm::ArrayRef<Val> words) const {
    Vals a;
    for (Val pair : words) {
      for (unsigned row = 0; row < 2; ++row) {
        a.push_back(integers.integersAt(k, element(pair, row), fieldShift));
      }
    }
    return a;
  }

  Vals multiply(llvm::ArrayRef<Val> sums, llvm::ArrayRef<Val> a, Val stage) const {
    Vals registers(sums.begin(), sums.end());
    registers.append(a.begin(), a.end());
    registers = warpgroupFence(k, registers);
    Vals next;
    for (unsigned plane = 0; plane < planes; ++plane) {
      Vals own(llvm::ArrayRef<Val>(registers).slice(plane * perPlane(), perPlane()));
      for (unsigned step = 0; step < steps; ++step) {
        auto operand = llvm::ArrayRef<Val>(registers).slice(sums.size() + step * perProduct, perProduct);
        own = warpgroupMultiply(k, WarpgroupElement::S8, operand, ring.descriptor(k, stage, plane, step), own);
      }
      next.append(own);
    }
    warpgroupCommit(k);
    return warpgroupWait(k, 0, next);
  }

  void shareSums(Val memory, llvm::ArrayRef<Val> sums) const {
    Val row = k.warpId() * LAP_ROW_TILE + g * 2, token = t * 2;
    for (unsigned i = 0; i < sums.size(); i += 4) {
      const unsigned plane = i / perPlane(), block = i % perPlane() / 4; // of 8 tokens
      for (unsigned odd = 0; odd < 2; ++odd) {
        rowSums.put(k, memory, plane, token + (block * 8 + odd), row, sums[i + odd], sums[i + 2 + odd]);
      }
    }
  }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  unsigned planes, tokenCount;
  IntegerWeights integers;
  TokenRing ring;
  RowSums rowSums;
  Val g, t, firstTile, fieldShift;
  Val laneWords; ///< address of the lane's first word in the warp's tile
};

void build(KernelBuilder &k, const ProductKind &kind) {
  Product product(k, kind);
  k.fewestBlocks(kind.planes() == 1 ? 2 : 1);
  forTokens(k, product, tokensOf(kind), [&](const TokenBlock &tokens) { WarpgroupMatmat(k, product, tokens).build(); });
}

} // namespace

void addWarpgroupMatmatKernels(KernelList &list) {
  for (const ProductKind &kind : productKinds()) {
    if (!isRowScaled(kind.weight)) {
      continue;
    }
    const unsigned tokens = tokensOf(kind), shared = std::max(ringOf(kind).bytes(), sumsOf(kind).bytes());
    const std::string tile = std::to_string(blockRows) + "x" + std::to_string(tokens);
    list.push_back({kind.namePrefix("matmat") + tile + "-sm90a",
                    blockWarps * 32,
                    {blockRows, tokens},
                    shared,
                    [kind](KernelBuilder &k) { build(k, kind); },
                    90});
  }
}

} // namespace lapidary::cuda
