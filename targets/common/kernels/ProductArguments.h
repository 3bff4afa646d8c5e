//===- ProductArguments.h - what integer products by hand are called with --===//
// SPDX-License-Identifier: Apache-2.0
//
// Targets that write their products by hand give them the signatures of runtime/src/cpu/Kernels.h, so the drivers
// cannot tell them from kernels that Halide made. Shapes of the buffers: targets/common/algorithms/Matmul.h. Distances
// are in bytes here.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_KERNELS_PRODUCTARGUMENTS_H
#define LAPIDARY_TARGETS_COMMON_KERNELS_PRODUCTARGUMENTS_H

#include "lapidary/ProgramAbi.h"
#include "runtime/src/cpu/Kernels.h"

#include <stdint.h>

namespace lap::kernels {

/// Rows of activations, a range of tiles, and where the products go.
struct Product {
  Product(B valuesBuffer, B tilesBuffer, uint64_t tileBytes, B outBuffer)
      : values(reinterpret_cast<const int8_t *>(valuesBuffer->host)), columns(valuesBuffer->dim[0].extent),
        planes(valuesBuffer->dim[1].extent), planeBytes(valuesBuffer->dim[1].stride),
        tokenBytes(valuesBuffer->dim[2].stride), tiles(tilesBuffer->host), tileBytes(tileBytes),
        tileCount(outBuffer->dim[2].extent), out(reinterpret_cast<float *>(outBuffer->host)),
        tokens(outBuffer->dim[1].extent), outFloats(outBuffer->dim[1].stride) {}

  const int8_t *row(int token, int plane) const { return values + token * tokenBytes + plane * planeBytes; }
  const uint8_t *tile(int index) const { return tiles + static_cast<uint64_t>(index) * tileBytes; }
  /// The 16 products of a token and a tile.
  float *outOf(int tile, int token) const {
    return out + static_cast<int64_t>(tile) * LAP_ROW_TILE + token * outFloats;
  }

  const int8_t *values; // [token][plane][columns]
  int columns, planes;
  int64_t planeBytes, tokenBytes;
  const uint8_t *tiles;
  uint64_t tileBytes;
  int tileCount;
  float *out; // [token][tile][16 rows], tiles dense
  int tokens;
  int64_t outFloats; // distance of tokens
};

/// A product in a group format; scales lie in the rows of values.
struct GroupProduct : Product {
  GroupProduct(B values, B scalesBuffer, B weightScales, B weights, B out)
      : Product(values, weightScales, static_cast<uint64_t>(weights->dim[4].stride), out),
        scales(reinterpret_cast<const float *>(scalesBuffer->host)) {}

  const float *scalesOf(int token, int plane) const {
    return scales + token * (tokenBytes >> 2) + plane * (planeBytes >> 2);
  }

  const float *scales; // [token][plane][columns / 32]
};

/// A product in a row format.
struct RowProduct : Product {
  RowProduct(B values, B inputScalesBuffer, B weightScales, B weights, float step, B out)
      : Product(values, weightScales, static_cast<uint64_t>(weights->dim[3].stride), out),
        inputScales(reinterpret_cast<const float *>(inputScalesBuffer->host)),
        inputScaleFloats(inputScalesBuffer->dim[0].stride), step(step) {}

  float inputScale(int token) const { return inputScales[token * inputScaleFloats]; }

  const float *inputScales;
  int64_t inputScaleFloats;
  float step; // of the rounding of the output; 0: none
};

} // namespace lap::kernels

#endif // LAPIDARY_TARGETS_COMMON_KERNELS_PRODUCTARGUMENTS_H
