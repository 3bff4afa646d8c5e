//===- TileBlocks.h - the way of a product's tiles to the vector unit ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Through VTCM where DmaEngine.h has an engine; where they lie otherwise.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H

#include "targets/common/kernels/Unroll.h"
#include "targets/hexagon/kernels/DmaEngine.h"
#include "targets/hexagon/kernels/Vtcm.h"

namespace lap::hexagon {

/// The columns of tiles that are read in place: PairColumns' interface.
struct ColumnsInPlace {
  int units;
  LAPIDARY_INLINE int next(const uint8_t *&, const uint8_t *&, int done) const { return units - done; }
};

/// Calls multiply(part, columns) for parts of a product that together are all of its tiles, in order. cut: of its
/// tiles.
template <typename Product, typename Multiply>
void forTileBlocks(const Product &p, const lapidary::hexagon::TileCut &cut, Multiply &&multiply) {
#ifdef LAPIDARY_DMA_ENGINE
  throughVtcm<LAPIDARY_DMA_ENGINE>(EngineVtcmBytes, p, cut, multiply);
#else
  ColumnsInPlace columns = {static_cast<int>(cut.units)};
  multiply(p, columns);
#endif
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H
