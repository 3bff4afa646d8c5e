//===- Memory.h - the emulated device's memory -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Device addresses are host addresses, inside one reservation. Allocations start at pages of 4 KiB and have at least
// one page of nothing behind them; an address is used again only when the reservation is used up, so that what is read
// after free is found. A table of pages finds the allocation of an address, and a second reservation holds the cells
// of the race detector (Shadow.h), eight times the bytes that kernels touched.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_MEMORY_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_MEMORY_H

#include "targets/cuda/emulator/device/Shadow.h"

#include <string>
#include <vector>

namespace lapidary::cuda::emulator {

/// Device addresses are integers, as in the driver API.
inline void *pointerTo(uintptr_t address) {
  return reinterpret_cast<void *>(address); // NOLINT(performance-no-int-to-ptr)
}

struct Allocation {
  uintptr_t begin = 0, end = 0;
  bool live = false;
  uint32_t writtenIn = 0; ///< the launch (Clock::launchStart) that may write to it, or did
};

class Memory {
public:
  /// Reserves addresses for `bytes` of memory (several times over).
  explicit Memory(uint64_t bytes);

  /// An address that is a multiple of 4096, or 0 when `bytes` are not free. The memory is filled with 0xff (not a
  /// number, as f32 and bf16), unless it is large.
  uintptr_t allocate(uint64_t bytes);
  /// False when `address` is not the start of a live allocation.
  bool release(uintptr_t address);

  uint64_t total() const { return capacity; }
  uint64_t available() const { return capacity - used; }

  bool contains(uintptr_t address) const { return address - base < reserved; }
  /// The live allocation that all the bytes are in, or nullptr.
  Allocation *find(uintptr_t address, uint64_t bytes) {
    if (!contains(address)) {
      return nullptr;
    }
    Allocation &found = allocations[pages[(address - base) / pageBytes]];
    const bool inside = address >= found.begin && address <= found.end && bytes <= found.end - address;
    return found.live && inside ? &found : nullptr;
  }
  /// The cell of the word at `address`, which the reservation contains.
  Cell &cell(uintptr_t address) const { return cells[(address - base) / 4]; }
  /// What is at `address`, for people: "4 bytes behind the end of an allocation of 256 bytes".
  std::string describe(uintptr_t address) const;
  /// Forgets all accesses (the clock starts again).
  void forgetAccesses();

private:
  static constexpr uint64_t pageBytes = 4096;
  uint64_t findRoom(uint64_t pages);

  uint64_t capacity, used = 0, reserved = 0;
  uintptr_t base = 0, next = 0; ///< next: offset of the first byte that was never used
  uint32_t *pages = nullptr;    ///< index of the last allocation that had the page; 0: none
  Cell *cells = nullptr;
  std::vector<Allocation> allocations{1};
  std::vector<uint32_t> freed; ///< in the order of release
};

} // namespace lapidary::cuda::emulator

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_DEVICE_MEMORY_H
