//===- Product.cpp - one block of a matrix product ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Items also keep every buffer a kernel sees far below 2^31 elements, Halide's limit.
//===----------------------------------------------------------------------===//
#include "Product.h"

#include "ItemBytes.h"
#include "Kernels.h"
#include "Work.h"

namespace lap {

namespace {

constexpr uint32_t RowBlock = 4; // matmat's smallest block of rows

/// The streams of a product's tiles, `tileElements` apart, and of its outputs.
Axis streamAxis(const Product &p, int64_t tileElements) { return {p.streams, p.tile_count * tileElements}; }

void callFloat(const Product &p, lap_kernel *kernel) {
  const int64_t columns = p.weight->columns;
  const int64_t elementBytes = p.weight->format == LAP_F32 ? 4 : 2;
  const int64_t tileElements = static_cast<int64_t>(p.weight->tile_bytes) / elementBytes;
  Array x(p.x, {columns, 1}, {p.rows, static_cast<int64_t>(p.x_row_bytes / 4)});
  Array w(p.tiles, {LAP_ROW_TILE, 1}, {columns, LAP_ROW_TILE}, {p.tile_count, tileElements},
          streamAxis(p, tileElements));
  Array out(p.out, {LAP_ROW_TILE, 1}, {p.rows, static_cast<int64_t>(p.out_row_bytes / 4)}, {p.tile_count, LAP_ROW_TILE},
            streamAxis(p, LAP_ROW_TILE));
  kernelCast<FloatMatmulKernel>(kernel)(x, w, out);
}

/// Scales that are int8 in steps of their row have those in front of a tile's groups.
void callGroup(const Product &p, lap_kernel *kernel) {
  const int64_t columns = p.weight->columns, groups = columns / LAP_GROUP;
  const int64_t blocks = p.weight->format == LAP_W8G32 ? 8 : 4; // of 4 columns, in a group
  const int64_t xStride = static_cast<int64_t>(p.x_row_bytes), tileBytes = static_cast<int64_t>(p.weight->tile_bytes);
  const int64_t planes = p.element == LAP_ROWS_Q24 ? LAP_PLANES : 1;
  const int64_t planeBytes = static_cast<int64_t>(q8Bytes(p.weight->columns));
  Array values(p.x, {columns, 1}, {planes, planeBytes}, {p.rows, xStride});
  Array scales(p.x + columns, {groups, 1}, {planes, planeBytes / 4}, {p.rows, xStride / 4});
  Array sums(p.x + columns + groups * 4, {groups, 1}, {planes, planeBytes / 4}, {p.rows, xStride / 4});
  const bool stepped = p.weight->format == LAP_W4G32S8;
  const int64_t scaleSize = stepped ? 1 : 2, scaleBytes = scaleSize * LAP_ROW_TILE;
  const int64_t groupBytes = scaleBytes + 4 * LAP_ROW_TILE * blocks;
  const uint8_t *firstGroup = p.tiles + (stepped ? 2 * LAP_ROW_TILE : 0);
  Array steps(p.tiles, {LAP_ROW_TILE, 1}, {p.tile_count, tileBytes / 2}, streamAxis(p, tileBytes / 2));
  Array weightScales(firstGroup, {LAP_ROW_TILE, 1}, {groups, groupBytes / scaleSize},
                     {p.tile_count, tileBytes / scaleSize}, streamAxis(p, tileBytes / scaleSize));
  Array weights(firstGroup + scaleBytes, {4, 1}, {LAP_ROW_TILE, 4}, {blocks, 4 * LAP_ROW_TILE}, {groups, groupBytes},
                {p.tile_count, tileBytes}, streamAxis(p, tileBytes));
  Array out(p.out, {LAP_ROW_TILE, 1}, {p.rows, static_cast<int64_t>(p.out_row_bytes / 4)}, {p.tile_count, LAP_ROW_TILE},
            streamAxis(p, LAP_ROW_TILE));
  if (stepped) {
    kernelCast<SteppedGroupMatmulKernel>(kernel)(values, scales, sums, steps, weightScales, weights, out);
  } else {
    kernelCast<GroupMatmulKernel>(kernel)(values, scales, sums, weightScales, weights, out);
  }
}

void callRow(const Product &p, lap_kernel *kernel) {
  const int64_t columns = p.weight->columns, tileBytes = static_cast<int64_t>(p.weight->tile_bytes);
  const int64_t xStride = static_cast<int64_t>(p.x_row_bytes), scaleBytes = 4 * LAP_ROW_TILE;
  const bool wide = p.element == LAP_ROWS_R24;
  Array values(p.x, {columns, 1}, {wide ? LAP_PLANES : 1, columns}, {p.rows, xStride});
  Array inputScales(wide ? p.x + LAP_PLANES * columns : reinterpret_cast<const uint8_t *>(&p.input_step),
                    {p.rows, wide ? xStride / 4 : 0});
  Array weightScales(p.tiles, {LAP_ROW_TILE, 1}, {p.tile_count, tileBytes / 4}, streamAxis(p, tileBytes / 4));
  Array weights(p.tiles + scaleBytes, {4, 1}, {LAP_ROW_TILE, 4},
                {(tileBytes - scaleBytes) / (4 * LAP_ROW_TILE), 4 * LAP_ROW_TILE}, {p.tile_count, tileBytes},
                streamAxis(p, tileBytes));
  Array out(p.out, {LAP_ROW_TILE, 1}, {p.rows, static_cast<int64_t>(p.out_row_bytes / 4)}, {p.tile_count, LAP_ROW_TILE},
            streamAxis(p, LAP_ROW_TILE));
  kernelCast<RowMatmulKernel>(kernel)(values, inputScales, weightScales, weights, p.out_step, out);
}

Product rowsFrom(const Product &p, uint32_t first, uint32_t rows) {
  Product part = p;
  part.x = p.x + first * p.x_row_bytes;
  part.out = p.out + first * (p.out_row_bytes / 4);
  part.rows = rows;
  return part;
}

void call(const Product &p, lap_kernel *kernel) {
  switch (p.weight->format) {
  case LAP_F32:
  case LAP_BF16:
    return callFloat(p, kernel);
  case LAP_W8G32:
  case LAP_W4G32:
  case LAP_W4G32S8:
    return callGroup(p, kernel);
  default:
    break;
  }
  for (uint32_t row = 0; row < p.rows; row += MaxRowMatmulRows) {
    const uint32_t left = p.rows - row;
    callRow(rowsFrom(p, row, left < MaxRowMatmulRows ? left : MaxRowMatmulRows), kernel);
  }
}

void multiplyRows(const Product &p, const ProductKernels &kernels) {
  // Blocks of 8 first, then one of 4: a count that is a multiple of 8 takes matmat's widest form.
  const uint32_t wide = p.rows / (2 * RowBlock) * (2 * RowBlock);
  const uint32_t blocked = p.rows / RowBlock * RowBlock;
  if (wide) {
    call(rowsFrom(p, 0, wide), kernels.matmat);
  }
  if (blocked > wide) {
    call(rowsFrom(p, wide, blocked - wide), kernels.matmat);
  }
  if (p.rows > blocked) {
    const uint32_t left = p.rows - blocked;
    call(rowsFrom(p, blocked, left), left == 1 ? kernels.matvec : kernels.matmat);
  }
}

Product tilesFrom(const Product &p, uint32_t first, uint32_t tiles) {
  Product part = p;
  part.tiles = p.tiles + first * p.weight->tile_bytes;
  part.out = p.out + static_cast<uint64_t>(first) * LAP_ROW_TILE;
  part.tile_count = tiles;
  return part;
}

void multiplyStreams(const Product &p, lap_kernel *matvec) {
  const uint32_t length = p.tile_count / Streams, rest = p.tile_count % Streams;
  Product streams = tilesFrom(p, 0, length);
  streams.streams = Streams;
  call(streams, matvec);
  if (rest) {
    call(tilesFrom(p, length * Streams, rest), matvec);
  }
}

/// Rows that matvec multiplies in one call, from several streams.
uint32_t streamedRows(const lap_weight &weight) {
  return weight.format == LAP_W4G32 || weight.format == LAP_W4G32S8 || weight.format == LAP_W8G32 ? MostStreamedRows
                                                                                                  : 1;
}

} // namespace

bool readsRuns(const lap_weight &weight, uint32_t element, uint32_t rows) {
  // Kernels multiply one tile at a time by several planes.
  const bool onePlane = element != LAP_ROWS_Q24 && element != LAP_ROWS_R24;
  return Streams > 1 && rows <= streamedRows(weight) && onePlane;
}

uint32_t itemTiles(const lap_weight &weight, uint32_t element, uint32_t rows) {
  return readsRuns(weight, element, rows) ? runItemTilesOf(weight.tile_bytes) : itemTilesOf(weight.tile_bytes);
}

uint32_t streamsOf(const lap_weight &weight, uint32_t tiles, uint32_t element, uint32_t rows) {
  // What is short ends too soon.
  return readsRuns(weight, element, rows) && tiles >= Streams && tiles * weight.tile_bytes > ItemBytes ? Streams : 1;
}

void multiply(const Product &product, const ProductKernels &kernels) {
  if (streamsOf(*product.weight, product.tile_count, product.element, product.rows) > 1) {
    return multiplyStreams(product, kernels.matvec);
  }
  const uint32_t blocked = product.tile_count / TileBlock * TileBlock;
  if (blocked) {
    multiplyRows(tilesFrom(product, 0, blocked), kernels);
  }
  if (product.tile_count > blocked) {
    multiplyRows(tilesFrom(product, blocked, product.tile_count - blocked), kernels);
  }
}

} // namespace lap
