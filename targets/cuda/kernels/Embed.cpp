//===- Embed.cpp - rows of a table to f32 -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A thread has one column of one token. `embed` reads matrices in row tiles (tied with lm_head, resident) by token id,
// `embed_table` row-major rows that the host has gathered. Layouts: ProgramAbi.h, codes in two's complement but for 2
// bits.
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/IntegerWeights.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockColumns = 128;

/// Field `field` of a byte (i8) as a number: two's complement, but 2 bits count from -2.
Val integerIn(Val byte, Val field, lap_format format) {
  const int bits = static_cast<int>(integerBits(format));
  Val wide = toInt(byte, 32, false) >> (field * bits);
  if (bits == 2) {
    return toFloat((wide & 3) - 2);
  }
  return toFloat(shiftSigned(wide << (32 - bits), 32 - bits));
}

/// Where a column of a row lies: the byte of its integer, the field in it, and its scale.
struct Place {
  Val byte, field, scale; ///< offsets from the row or tile
};

/// In groups of `rows` rows, of which row `lane` is wanted.
Place placeInGroups(lap_format format, Val column, Val lane, int rows) {
  const int blockBytes = rows * 4, inByte = static_cast<int>(groupBytes(format)); // columns of a byte: that far apart
  const int scaleBytes = static_cast<int>(groupScaleBytes(format));
  const int stride = static_cast<int>(groupStride(format, static_cast<unsigned>(rows)));
  Val group = (column / LAP_GROUP) * stride + static_cast<int>(stepBytes(format, static_cast<unsigned>(rows)));
  Val inGroup = column % LAP_GROUP, within = inGroup % inByte;
  return {group + (rows * scaleBytes) + (within / 4) * blockBytes + lane * 4 + within % 4, inGroup / inByte,
          group + lane * scaleBytes};
}

/// In a tile whose row `lane` is wanted.
Place placeInTile(lap_format format, Val column, Val lane) {
  if (isGrouped(format)) {
    return placeInGroups(format, column, lane, LAP_ROW_TILE);
  }
  const int fields = static_cast<int>(integersPerByte(format));
  Val within = column % (4 * fields);
  return {(column / (4 * fields)) * 64 + 64 + lane * 4 + within % 4, within / 4, lane * 4};
}

/// In a row of a table of `columns` columns.
Place placeInRow(KernelBuilder &k, lap_format format, Val column, Val columns, Val scaleColumns) {
  if (isGrouped(format)) {
    return placeInGroups(format, column, k.i32(0), 1);
  }
  const int fields = static_cast<int>(integersPerByte(format));
  Val shared = select(scaleColumns == 0, columns, scaleColumns);
  Val scales = (columns + shared - 1) / shared;
  return {scales * 4 + column / fields, column % fields, (column / shared) * 4};
}

/// `lane`: the row of a tile, which has steps in front of its groups where the format has them.
Val scaleAt(KernelBuilder &k, lap_format format, Val base, Val offset, Val lane) {
  if (hasScaleSteps(format)) {
    return toFloat(toInt(k.loadConstant(k.i8Type(), base, offset), 32)) * scaleStep(k, base, lane);
  }
  return isGrouped(format) ? fromBf16(k, k.loadConstant(k.i16Type(), base, offset))
                           : k.loadConstant(k.f32Type(), base, offset);
}

Val integerValue(KernelBuilder &k, lap_format format, Val base, const Place &place, Val lane) {
  Val number = integerIn(k.loadConstant(k.i8Type(), base, place.byte), place.field, format);
  return number * scaleAt(k, format, base, place.scale, lane);
}

void buildEmbed(KernelBuilder &k, lap_format format, bool tiled) {
  Val table = k.address(), tileBytes = k.int64(), ids = k.address(), out = k.address(), outBytes = k.int32();
  Val columns = k.int32(), scaleColumns = k.int32(), scale = k.float32();
  Val column = k.blockX() * k.threads() + k.threadId(), row = k.blockY();
  k.ifThen(column < columns, [&] {
    Val id = tiled ? k.loadConstant(k.i32Type(), ids, row * 4) : row;
    Val lane = tiled ? id % LAP_ROW_TILE : k.i32(0);
    Val base = k.row(table, tileBytes, tiled ? id / LAP_ROW_TILE : id);
    Val value;
    if (format == LAP_F32 || format == LAP_BF16) {
      value = loadElement(k, format, base, tiled ? column * LAP_ROW_TILE + lane : column);
    } else {
      value = integerValue(
          k, format, base,
          tiled ? placeInTile(format, column, lane) : placeInRow(k, format, column, columns, scaleColumns), lane);
    }
    k.storeFloat(value * scale, k.row(out, outBytes, row), column);
  });
}

} // namespace

void addEmbedKernels(KernelList &list) {
  for (lap_format format : kernelFormats(KernelOp::Embed)) {
    for (bool tiled : {true, false}) {
      if (hasScaleSteps(format) && !tiled) {
        continue; // tables have bf16 scales
      }
      std::string name(formatName(format));
      name += tiled ? "-embed-1x128-cuda" : "-embed_table-1x128-cuda";
      list.push_back(
          {name, blockColumns, {blockColumns, 1}, 0, [=](KernelBuilder &k) { buildEmbed(k, format, tiled); }});
    }
  }
}

} // namespace lapidary::cuda
