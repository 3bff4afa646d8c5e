//===- DmaEngine.h - the DMA engine that kernels are compiled with -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// LAPIDARY_VTCM on the command line: the device's, with VTCM as large as the version's. LAPIDARY_MODEL_DMA: the
// software model's engine and memory, for tests. LAPIDARY_DMA_ENGINE is the one there is; kernels without read where
// things lie.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAENGINE_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAENGINE_H

#ifdef LAPIDARY_MODEL_DMA
#include "targets/hexagon/kernels/DmaModel.h"
#define LAPIDARY_DMA_ENGINE DmaModel
namespace lap::hexagon {
constexpr uint32_t EngineVtcmBytes = DmaModel::MemoryBytes;
}
#elif defined(LAPIDARY_VTCM)
#include "targets/hexagon/kernels/UserDma.h"
#define LAPIDARY_DMA_ENGINE UserDma
namespace lap::hexagon {
constexpr uint32_t EngineVtcmBytes = lapidary::hexagon::vtcmBytesOf(__HVX_ARCH__);
}
#endif

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_DMAENGINE_H
