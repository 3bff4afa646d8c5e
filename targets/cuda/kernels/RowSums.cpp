//===- RowSums.cpp - integer sums of row formats on their way out -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See RowSums.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/RowSums.h"

namespace lapidary::cuda {

RowSums::RowSums(unsigned rows, unsigned tokens, unsigned planes)
    : rows(rows), planes(planes), rowBytes((rows + 4) * 4), planeBytes(tokens * rowBytes) {}

void RowSums::put(KernelBuilder &k, Val memory, unsigned plane, Val token, Val row, Val first, Val second) const {
  k.store(vectorOf({first, second}), memory, token * rowBytes + row * 4 + plane * planeBytes);
}

void RowSums::scale(KernelBuilder &k, const Product &p, const TokenBlock &tokens, Val memory, Val firstTile,
                    unsigned factor) const {
  k.forLoop(k.threadId(), tokens.count * rows, k.i32(k.threads()), [&](Val i) {
    Val token = i / rows, row = i % rows, tile = firstTile + row / LAP_ROW_TILE;
    k.ifThen(tile < p.tiles, [&] {
      Vals sums;
      for (unsigned plane = 0; plane < planes; ++plane) {
        sums.push_back(k.load(k.i32Type(), memory, token * rowBytes + row * 4 + plane * planeBytes));
      }
      Val weightScale = k.loadFloat(tokens.weights + toInt(tile, 64) * p.tileBytes, row % LAP_ROW_TILE);
      Val inputScale = rowInputScale(k, p, inputRow(k, p, tokens, token)), column = firstTile * LAP_ROW_TILE + row;
      k.storeFloat(scaleRowSums(k, p, sums, factor, weightScale, inputScale, column), outputRow(k, p, tokens, token),
                   column);
    });
  });
}

} // namespace lapidary::cuda
