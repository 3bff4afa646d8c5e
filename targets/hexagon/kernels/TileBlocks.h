//===- TileBlocks.h - the way of a product's tiles to the vector unit ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// LAPIDARY_VTCM on the command line: through VTCM, as large as the version's; kernels without it read weights where
// they lie. LAPIDARY_MODEL_DMA: the same with the software model's memory and engine, for tests.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H

#include "targets/hexagon/kernels/Vtcm.h"
#ifdef LAPIDARY_MODEL_DMA
#include "targets/hexagon/kernels/DmaModel.h"
#elif defined(LAPIDARY_VTCM)
#include "targets/hexagon/kernels/UserDma.h"
#endif

namespace lap::hexagon {

/// Calls multiply(part) for parts of a product that together are all of its tiles, in order.
template <typename Product, typename Multiply> void forTileBlocks(const Product &p, Multiply &&multiply) {
#ifdef LAPIDARY_MODEL_DMA
  throughVtcm<DmaModel>(DmaModel::MemoryBytes, p, multiply);
#elif defined(LAPIDARY_VTCM)
  throughVtcm<UserDma>(lapidary::hexagon::vtcmBytesOf(__HVX_ARCH__), p, multiply);
#else
  multiply(p);
#endif
}

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_TILEBLOCKS_H
