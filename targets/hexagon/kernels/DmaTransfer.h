//===- DmaTransfer.h - what a DMA engine is told ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The interface of the engines (UserDma.h, DmaModel.h): start(transfers, count, source), then wait().
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_DMATRANSFER_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_DMATRANSFER_H

#include "targets/hexagon/VtcmPlan.h"

#include <stdint.h>

namespace lap::hexagon {

/// `to`: in VTCM, a vector's address.
struct DmaTransfer {
  void *to;
  const void *from;
  uint32_t bytes;
};

/// Weights are read past the caches, because nobody else reads them; what kernels wrote is read through them.
enum class DmaSource { Weights, Written };

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_DMATRANSFER_H
