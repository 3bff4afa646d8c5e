//===- Ldmatrix.cpp - ldmatrix: a warp loads 8 x 8 matrices ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// PTX ISA 9.0, 9.7.14.5.15. Lane 8 m + r gives the address of row r of matrix m, 16 bytes in shared memory. Register m
// of lane i gets columns 2 (i % 4) and the next one of row i / 4 of matrix m; transposed: rows and columns exchanged.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <cstring>

namespace lapidary::cuda::emulator {

namespace {

struct Matrix {
  uint16_t elements[8][8];
};

Matrix readMatrix(Block &block, uint32_t number) {
  Matrix matrix;
  for (uint32_t row = 0; row < 8; ++row) {
    Thread &thread = block.lane(8 * number + row);
    uintptr_t address;
    std::memcpy(&address, thread.words, sizeof(address));
    if (!block.isShared(address)) {
      block.fail(thread, thread.site, "gives ldmatrix an address that is not in shared memory");
    }
    block.access(thread, address, 16, 16, Access::Load, thread.site);
    std::memcpy(matrix.elements[row], pointerTo(address), 16);
  }
  return matrix;
}

} // namespace

void loadMatrices(Block &block, WarpOperation operation) {
  const bool transposed = operation >= WarpOperation::LdmatrixX1Transposed;
  const uint32_t power =
      uint32_t(operation) - uint32_t(transposed ? WarpOperation::LdmatrixX1Transposed : WarpOperation::LdmatrixX1);
  const uint32_t count = 1u << power;
  Matrix matrices[4];
  for (uint32_t m = 0; m < count; ++m) {
    matrices[m] = readMatrix(block, m);
  }
  for (uint32_t lane = 0; lane < warpLanes; ++lane) {
    for (uint32_t m = 0; m < count; ++m) {
      const uint32_t outer = lane / 4, inner = lane % 4 * 2;
      const auto &elements = matrices[m].elements;
      const uint32_t low = transposed ? elements[inner][outer] : elements[outer][inner];
      const uint32_t high = transposed ? elements[inner + 1][outer] : elements[outer][inner + 1];
      block.lane(lane).words[m] = low | high << 16;
    }
  }
}

} // namespace lapidary::cuda::emulator
