//===- TokenHalves.cpp - q8 activations of a block as f16 in shared memory ----===//
// SPDX-License-Identifier: Apache-2.0
//
// See TokenHalves.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/TokenHalves.h"

#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Warpgroup.h"

namespace lapidary::cuda {

namespace {
constexpr unsigned pieceBytes = 16, scaleBytes = 4;
constexpr unsigned inputBits = 8;

llvm::SmallVector<unsigned> piecesOf(unsigned ownTokens) {
  llvm::SmallVector<unsigned> pieces(ownTokens, pieceBytes);
  pieces.append(ownTokens, scaleBytes);
  return pieces;
}
} // namespace

static_assert(TokenHalves::columns * 2 == swizzledRowBytes, "a row of a stage is a row of the pattern");
static_assert(TokenHalves::columns == TokenHalves::threadsAToken * pieceBytes, "a thread has a piece of a token");

TokenHalves::TokenHalves(unsigned tokens, unsigned threads)
    : tokens(tokens), threads(threads), tokensAtOnce(threads / threadsAToken), stageBytes(tokens * swizzledRowBytes),
      queue(threads, 2 * stageBytes, piecesOf(ownTokens())), powersAt(queue.end()) {
  assert(stageBytes % swizzledAlignment == 0 && tokens % tokensAtOnce == 0);
}

void TokenHalves::start(KernelBuilder &k, const Product &p, const TokenBlock &block, Val sharedMemory) {
  memory = sharedMemory;
  allColumns = p.columns;
  piece = k.threadId() % threadsAToken;
  firstToken = k.threadId() / threadsAToken;
  behind = block.count - firstToken;
  for (unsigned token = 0; token < ownTokens(); ++token) {
    rows.push_back(inputRow(k, p, block, minimum(firstToken + token * tokensAtOnce, block.count - 1)));
  }
}

Vals TokenHalves::scales(KernelBuilder &k, Val group) const {
  return llvm::map_to_vector(
      rows, [&](Val row) { return k.loadConstant(k.i32Type(), row, allColumns + group * scaleBytes); });
}

void TokenHalves::setPowers(KernelBuilder &k, llvm::ArrayRef<Val> largest) const {
  Vals powers = llvm::map_to_vector(largest, [&](Val bits) { return rowPower(k, bits, inputBits); });
  k.ifThen(piece == 0, [&] {
    for (unsigned token = 0; token < ownTokens(); ++token) {
      k.store(powers[token], memory, ownPower(token));
    }
  });
}

void TokenHalves::fill(KernelBuilder &k, Val stage) const {
  Val column = stage * columns + piece * pieceBytes, inside = column < allColumns;
  for (unsigned token = 0; token < ownTokens(); ++token) {
    Val wanted = inside & (behind > token * tokensAtOnce);
    queue.copy(k, memory, stage, token, rows[token], column, wanted);
    queue.copy(k, memory, stage, ownTokens() + token, rows[token], allColumns + column / LAP_GROUP * scaleBytes,
               wanted);
  }
}

void TokenHalves::share(KernelBuilder &k, const GroupHalves &halves, Val stage) const {
  for (unsigned token = 0; token < ownTokens(); ++token) {
    Val words = queue.load(k, k.vectorType(k.i32Type(), 4), memory, stage, token);
    Val scale = queue.load(k, k.f32Type(), memory, stage, ownTokens() + token);
    Val power = k.load(k.f32Type(), memory, ownPower(token));
    Vals values = halves.ofInputs(words, scale * power);
    for (unsigned odd = 0; odd < 2; ++odd) { // the pattern is the same for every 8th token
      Val at = stage % 2 * stageBytes + swizzledPlace(firstToken, piece * 2 + odd);
      k.store(vectorOf(llvm::ArrayRef<Val>(values).slice(odd * 4, 4)), memory,
              at + token * tokensAtOnce * swizzledRowBytes);
    }
  }
}

Val TokenHalves::descriptor(KernelBuilder &k, Val stage, unsigned step) const {
  // Starts are in units of 16 bytes, in the lowest bits.
  return swizzledDescriptor(k, memory, stage % 2 * stageBytes) + k.i64(step * stepColumns * 2 / 16);
}

Vals TokenHalves::reciprocals(KernelBuilder &k, Val token) const {
  Val powers = k.load(k.vectorType(k.i32Type(), 2), memory, token * 4 + powersAt);
  return {bitsOf(inversePower(k, element(powers, 0)), k.f32Type()),
          bitsOf(inversePower(k, element(powers, 1)), k.f32Type())};
}

} // namespace lapidary::cuda
