//===- MatmatF32.cpp - products of many rows, f32 weights --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Fused multiply-adds in the order of the columns, so results are those of a CPU bit for bit. Few checkpoints have f32
// weights; this kernel is simple. A thread has 4 rows of 4 tokens: 16 operations for a load of 16 bytes of weights,
// which the 8 threads with the same rows share in L1, and one of activations, [column][tokens] in shared memory.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Matmat.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned stageColumns = 32, rowQuads = f32MatmatRows / 4, threadTokens = 4;
constexpr unsigned stageBytes = stageColumns * f32MatmatTokens * 4;
static_assert(rowQuads * (f32MatmatTokens / threadTokens) == f32MatmatThreads);

class F32Matmat {
public:
  F32Matmat(KernelBuilder &k, const Product &p, const TokenBlock &tokens) : k(k), p(p), tokens(tokens) {
    tile = k.blockX() * (f32MatmatRows / LAP_ROW_TILE) + k.threadId() % rowQuads / 4;
    quad = k.threadId() % 4;
    token = k.threadId() / rowQuads * threadTokens;
    tileAddress = tokens.weights + toInt(minimum(tile, p.tiles - 1), 64) * p.tileBytes;
    Val own = k.threadId() % f32MatmatTokens;
    ownRow = inputRow(k, p, tokens, minimum(own, tokens.count - 1));
  }

  void build() {
    memory = k.shared(stageBytes);
    Vals sums = k.forLoop(k.i32(0), p.columns, k.i32(stageColumns), Vals(16, k.f32(0)),
                          [&](Val column, llvm::ArrayRef<Val> sums) {
                            k.barrier(); // what is there has been read
                            share(column);
                            k.barrier();
                            return multiply(column, sums);
                          });
    for (unsigned i = 0; i < threadTokens; ++i) {
      k.ifThen((token + i < tokens.count) & (tile < p.tiles), [&] {
        k.store(vectorOf(llvm::ArrayRef<Val>(sums).slice(i * 4, 4)), outputRow(k, p, tokens, token + i),
                tile * (LAP_ROW_TILE * 4) + quad * 16);
      });
    }
  }

private:
  void share(Val column) {
    constexpr unsigned threadsPerToken = f32MatmatThreads / f32MatmatTokens;
    Val own = k.threadId() % f32MatmatTokens, part = k.threadId() / f32MatmatTokens;
    for (unsigned i = 0; i < stageColumns / 4 / threadsPerToken; ++i) {
      Val first = (part + i * threadsPerToken) * 4;
      Val four = k.loadConstant(k.vectorType(k.f32Type(), 4), ownRow, (column + first) * 4);
      for (unsigned c = 0; c < 4; ++c) {
        k.storeFloat(element(four, c), memory, (first + c) * f32MatmatTokens + own);
      }
    }
  }

  /// sums: [tokens][4 rows].
  Vals multiply(Val column, llvm::ArrayRef<Val> sums) {
    return k.forLoop(k.i32(0), k.i32(stageColumns), k.i32(1), sums, [&](Val c, llvm::ArrayRef<Val> sums) {
      Val w = k.loadConstant(four(), tileAddress, (column + c) * (LAP_ROW_TILE * 4) + quad * 16);
      Val x = k.load(four(), memory, (c * f32MatmatTokens + token) * 4);
      Vals result;
      for (unsigned i = 0; i < sums.size(); ++i) {
        result.push_back(fusedMulAdd(element(w, i % 4), element(x, i / 4), sums[i]));
      }
      return result;
    });
  }

  mlir::Type four() { return k.vectorType(k.f32Type(), 4); }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  Val tile, quad, token, tileAddress, ownRow, memory;
};

} // namespace

void buildF32Matmat(KernelBuilder &k, const ProductKind &kind) {
  Product product(k, kind);
  k.fewestBlocks(4);
  forTokens(k, product, f32MatmatTokens, [&](const TokenBlock &tokens) { F32Matmat(k, product, tokens).build(); });
}

} // namespace lapidary::cuda
