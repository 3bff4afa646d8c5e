//===- Matmat.cpp - products of many rows ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Matmat.h. What the kernels have in common, and their names.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Matmat.h"

#include "targets/common/PackedLayout.h"

namespace lapidary::cuda {

MatmatLane::MatmatLane(KernelBuilder &k, const MatmatShape &shape) : g(k.laneId() / 4), t(k.threadId() % 4) {
  Val rowWarp = k.warpId() % shape.rowWarps, tokenWarp = k.warpId() / shape.rowWarps;
  firstTile = k.blockX() * (shape.rows() / LAP_ROW_TILE) + rowWarp * shape.tiles;
  firstToken = tokenWarp * (shape.tokenBlocks * 8);
}

Val warpTile(KernelBuilder &k, const Product &p, const TokenBlock &tokens, const MatmatLane &lane, unsigned index) {
  return tokens.weights + toInt(minimum(lane.firstTile + index, p.tiles - 1), 64) * p.tileBytes;
}

void storeFragments(KernelBuilder &k, const Product &p, const TokenBlock &tokens, const MatmatShape &shape,
                    const MatmatLane &lane, llvm::ArrayRef<Val> sums) {
  for (unsigned token = 0; token < shape.tokenBlocks * 2; ++token) { // 2 of each block of 8
    Val index = lane.firstToken + token / 2 * 8 + lane.t * 2 + token % 2;
    k.ifThen(index < tokens.count, [&] {
      Val output = outputRow(k, p, tokens, index);
      for (unsigned tile = 0; tile < shape.tiles; ++tile) {
        auto own = sums.slice((tile * shape.tokenBlocks + token / 2) * 4, 4);
        Val pair = vectorOf({own[token % 2], own[2 + token % 2]});
        Val at = (lane.firstTile + tile) * (LAP_ROW_TILE * 4) + lane.g * 8;
        k.ifThen(lane.firstTile + tile < p.tiles, [&] { k.store(pair, output, at); });
      }
    });
  }
}

void addMatmatKernels(KernelList &list) {
  auto add = [&](const ProductKind &kind, unsigned threads, unsigned rows, unsigned tokens,
                 void (*build)(KernelBuilder &, const ProductKind &)) {
    std::string name = kind.namePrefix("matmat") + std::to_string(rows) + "x" + std::to_string(tokens) + "-cuda";
    list.push_back({name, threads, {rows, tokens}, 0, [kind, build](KernelBuilder &k) { build(k, kind); }});
  };
  for (const ProductKind &kind : productKinds()) {
    if (kind.weight == LAP_F32) {
      add(kind, f32MatmatThreads, f32MatmatRows, f32MatmatTokens, buildF32Matmat);
      continue;
    }
    const bool isBf16 = kind.weight == LAP_BF16;
    const MatmatShape shape = isBf16 ? bf16MatmatShape(kind) : integerMatmatShape(kind);
    add(kind, shape.threads(), shape.rows(), shape.tokens(), isBf16 ? buildBf16Matmat : buildIntegerMatmat);
  }
}

} // namespace lapidary::cuda
