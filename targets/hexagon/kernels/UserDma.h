//===- UserDma.h - the DMA engine of a hardware thread ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Versions 68 and later (Qualcomm Hexagon User DMA Specification, 80-V9418-29): a linear transfer is a descriptor of 16
// bytes; `dmstart` hands it over, `dmwait` stalls until the engine is idle. Memory for it is the vendor's to give: who
// loads a program on a device defines lap_vtcm_request. Where that is missing, as under Linux, or gives nothing,
// kernels read weights where they lie.
//
// Not executed: no emulator has the engine. DmaModel.h has the same interface.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_HEXAGON_KERNELS_USERDMA_H
#define LAPIDARY_TARGETS_HEXAGON_KERNELS_USERDMA_H

#include "targets/common/kernels/Unroll.h"
#include "targets/hexagon/kernels/DmaTransfer.h"

#include <hexagon_types.h>

#include <hexagon_protos.h>
#include <stdint.h>

/// Memory of VTCM, `bytes` of it, 128-byte aligned, for as long as the program runs; null: none. With the Hexagon SDK:
/// HAP_compute_res_attr_set_vtcm_param, HAP_compute_res_acquire, HAP_compute_res_attr_get_vtcm_ptr.
extern "C" [[gnu::weak]] void *lap_vtcm_request(uint32_t bytes);

namespace lap::hexagon {

/// One group of transfers at a time; a thread has an engine of its own.
class UserDma {
public:
  static constexpr uint32_t MostBytes = (1u << 24) - 1;
  static uint8_t *requestMemory(uint32_t bytes) {
    return lap_vtcm_request ? static_cast<uint8_t *>(lap_vtcm_request(bytes)) : nullptr;
  }

  /// Copies from memory into VTCM, which the caches never hold.
  LAPIDARY_INLINE void start(const DmaTransfer *transfers, uint32_t count, DmaSource source) {
    const uint32_t flags = DestinationBypass | (source == DmaSource::Weights ? SourceBypass : 0);
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t next = i + 1 < count ? address(&descriptors[i + 1]) : 0;
      descriptors[i] = {next, transfers[i].bytes | flags, address(transfers[i].from), address(transfers[i].to)};
    }
    asm volatile("release(%0):at" ::"r"(descriptors)
                 : "memory"); // the descriptors are in memory before the engine reads them
    Q6_dmstart_A(descriptors);
  }

  /// True when everything that was started has been copied; false when the engine reports an error.
  LAPIDARY_INLINE bool wait() {
    const uint32_t status = static_cast<uint32_t>(Q6_R_dmwait()) & StatusMask;
    asm volatile("" ::: "memory");
    return status == StatusIdle;
  }

private:
  struct Descriptor {
    uint32_t next;           // 0: the last
    uint32_t lengthAndFlags; // length in bits 0 to 23; type in 24 and 25, 0: linear
    uint32_t from, to;
  };
  static constexpr uint32_t DestinationBypass = 1u << 28, SourceBypass = 1u << 29;
  static constexpr uint32_t StatusMask = 3, StatusIdle = 0;
  static uint32_t address(const void *pointer) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer)); }

  alignas(64) Descriptor descriptors[lapidary::hexagon::MostTransfers];
};

} // namespace lap::hexagon

#endif // LAPIDARY_TARGETS_HEXAGON_KERNELS_USERDMA_H
