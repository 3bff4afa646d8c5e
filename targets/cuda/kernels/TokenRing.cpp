//===- TokenRing.cpp - activations of a block for products of a warpgroup -----===//
// SPDX-License-Identifier: Apache-2.0
//
// See TokenRing.h. A thread copies the same piece of 16 bytes of every n-th token.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/TokenRing.h"

#include "targets/cuda/kernels/Warpgroup.h"

namespace lapidary::cuda {

namespace {
constexpr unsigned pieces = swizzledRowBytes / swizzledPieceBytes;
} // namespace

static_assert(TokenRing::columns == swizzledRowBytes, "a row of a stage is a row of the pattern");

TokenRing::TokenRing(unsigned tokens, unsigned planes, unsigned stages)
    : tokens(tokens), planes(planes), stages(stages), planeBytes(tokens * swizzledRowBytes),
      stageBytes(planes * planeBytes) {
  assert(planeBytes % swizzledAlignment == 0 && (stages & (stages - 1)) == 0);
}

void TokenRing::start(KernelBuilder &k, const Product &p, const TokenBlock &block, Val sharedMemory) {
  assert(!p.kind.routed && "rows of experts are not one after the other");
  memory = sharedMemory;
  allColumns = p.columns;
  firstRow = inputRow(k, p, block, k.threadId() / pieces);
  rowBytes = p.xBytes;
  behind = block.count - k.threadId() / pieces;
}

void TokenRing::fill(KernelBuilder &k, Val stage) const {
  const unsigned tokensAtOnce = k.threads() / pieces;
  Val piece = k.threadId() % pieces;
  Val column = stage * columns + piece * swizzledPieceBytes, inside = column < allColumns;
  Val to = place(stage) + swizzledPlace(k.threadId() / pieces, piece); // the pattern is the same for every 8th token
  k.ifThen(stage * columns < allColumns, [&] {
    for (unsigned plane = 0; plane < planes; ++plane) {
      for (unsigned token = 0; token < tokens; token += tokensAtOnce) {
        // Where nothing is wanted, nothing is read, and the address may be any.
        Val wanted = select(inside & (behind > token), k.i32(swizzledPieceBytes), k.i32(0));
        k.copyAsync(memory, to + (plane * planeBytes + token * swizzledRowBytes), firstRow,
                    column + allColumns * plane + rowBytes * token, swizzledPieceBytes, wanted);
      }
    }
  });
  k.commitCopies();
}

void TokenRing::await(KernelBuilder &k) const {
  k.waitCopies(stages - 2);
  fenceForWarpgroup(k);
  k.barrier();
}

Val TokenRing::descriptor(KernelBuilder &k, Val stage, unsigned plane, unsigned step) const {
  return swizzledDescriptor(k, memory, place(stage) + (plane * planeBytes + step * LAP_GROUP));
}

} // namespace lapidary::cuda
