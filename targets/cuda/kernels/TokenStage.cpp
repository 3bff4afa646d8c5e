//===- TokenStage.cpp - integer activations of a block in shared memory ------===//
// SPDX-License-Identifier: Apache-2.0
//
// See TokenStage.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/TokenStage.h"

#include "targets/common/PackedLayout.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned pieceBytes = 16, scaleGroups = 2;

} // namespace

TokenStage::TokenStage(unsigned tokens, unsigned columns, unsigned planes, bool grouped, unsigned bytesPerLane)
    : tokens(tokens), columns(columns), planes(planes), rowBytes(columns + 4 * bytesPerLane),
      stageBytes(planes * tokens * (rowBytes + (grouped ? scaleGroups * 4 : 0))), grouped(grouped) {
  assert(columns % (bytesPerLane == 16 ? 128 : 64) == 0 && "lanes meet in a bank");
  assert((!grouped || columns == scaleGroups * LAP_GROUP) && "a stage has the scales of two groups");
}

TokenStage::Source TokenStage::source(KernelBuilder &k, const Product &p, const TokenBlock &block, Val token) const {
  return {inputRow(k, p, block, minimum(token, block.count - 1)), token < block.count};
}

void TokenStage::start(KernelBuilder &k, const Product &p, const TokenBlock &block, Val sharedMemory) {
  memory = sharedMemory;
  allColumns = p.columns;
  const unsigned perToken = columns / pieceBytes, tokensAtOnce = k.threads() / perToken;
  for (unsigned token = 0; token < tokens; token += tokensAtOnce) {
    pieces.push_back(source(k, p, block, k.threadId() / perToken + token));
  }
  if (grouped) {
    scaled = source(k, p, block, k.threadId());
  }
}

void TokenStage::fill(KernelBuilder &k, Val stage, Val which) const {
  const unsigned perToken = columns / pieceBytes, tokensAtOnce = k.threads() / perToken;
  Val start = which * stageBytes, own = k.threadId() % perToken * pieceBytes;
  Val column = stage * columns + own, inside = column < allColumns;
  Val planeBytes = grouped ? groupPlaneBytes(allColumns) : allColumns;
  for (unsigned plane = 0; plane < planes; ++plane) {
    for (unsigned i = 0; i < pieces.size(); ++i) {
      Val token = k.threadId() / perToken + i * tokensAtOnce;
      Val wanted = select(inside & pieces[i].exists, k.i32(pieceBytes), k.i32(0));
      k.copyAsync(memory, start + own + (token + plane * tokens) * rowBytes, pieces[i].row, column + planeBytes * plane,
                  pieceBytes, wanted); // where nothing is wanted, nothing is read
    }
  }
  if (grouped) {
    k.ifThen(k.threadId() < tokens, [&] {
      Val group = stage * scaleGroups;
      Val wanted = minimum((allColumns / LAP_GROUP - group) * 4, k.i32(scaleGroups * 4));
      for (unsigned plane = 0; plane < planes; ++plane) {
        Val to = start + (k.threadId() + plane * tokens) * (scaleGroups * 4) + planes * tokens * rowBytes;
        k.copyAsync(memory, to, scaled.row, planeBytes * plane + allColumns + group * 4, scaleGroups * 4,
                    select(scaled.exists, wanted, k.i32(0)));
      }
    });
  }
  k.commitCopies();
}

Val TokenStage::values(KernelBuilder &k, mlir::Type type, Val which, unsigned plane, Val token, Val column) const {
  return k.load(type, memory, which * stageBytes + token * rowBytes + column + plane * tokens * rowBytes);
}

Val TokenStage::scales(KernelBuilder &k, Val which, unsigned plane, Val token) const {
  const unsigned first = planes * tokens * rowBytes + plane * tokens * scaleGroups * 4;
  return k.load(k.vectorType(k.f32Type(), 4), memory, which * stageBytes + token * (scaleGroups * 4) + first);
}

} // namespace lapidary::cuda
