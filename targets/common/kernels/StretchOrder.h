//===- StretchOrder.h - which columns the bytes of a tile hold ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Products by hand read every format in stretches of 32 columns of a tile of 16 rows: blocks of 64 bytes, 4 for each
// row, every byte of which has `fields` integers (targets/common/PackedLayout.h). A field of a block is four columns of
// 16 rows, a quad. Order is the same on every machine; what an integer's bits mean, and how they are taken out, is not.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_KERNELS_STRETCHORDER_H
#define LAPIDARY_TARGETS_COMMON_KERNELS_STRETCHORDER_H

#include "lapidary/ProgramAbi.h"

namespace lap::kernels {

constexpr int StretchColumns = 32, StretchQuads = StretchColumns / 4; // a quad: four columns that follow each other

/// fields: integers of a byte. quad(block, field): the quad of a stretch that a field of a block holds.
template <lap_format Format> struct StretchOrder;
template <> struct StretchOrder<LAP_W8G32> {
  static constexpr int fields = 1;
  static constexpr int quad(int block, int) { return block; }
};
template <> struct StretchOrder<LAP_W4G32> {
  static constexpr int fields = 2;
  static constexpr int quad(int block, int field) { return 4 * field + block; }
};
template <> struct StretchOrder<LAP_W4G32S8> : StretchOrder<LAP_W4G32> {};
template <> struct StretchOrder<LAP_W8ROW> {
  static constexpr int fields = 1;
  static constexpr int quad(int block, int) { return block; }
};
template <> struct StretchOrder<LAP_W4ROW> {
  static constexpr int fields = 2;
  static constexpr int quad(int block, int field) { return 2 * block + field; }
};
template <> struct StretchOrder<LAP_W2ROW> {
  static constexpr int fields = 4;
  static constexpr int quad(int block, int field) { return 4 * block + field; }
};

/// Blocks of a stretch in a tile, and their bytes.
template <lap_format Format> constexpr int stretchBlocks() { return StretchQuads / StretchOrder<Format>::fields; }
template <lap_format Format> constexpr int stretchBytes() { return stretchBlocks<Format>() * LAP_ROW_TILE * 4; }

} // namespace lap::kernels

#endif // LAPIDARY_TARGETS_COMMON_KERNELS_STRETCHORDER_H
