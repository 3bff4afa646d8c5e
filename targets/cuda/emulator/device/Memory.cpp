//===- Memory.cpp - the emulated device's memory ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Memory.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace lapidary::cuda::emulator {

namespace {

constexpr uint64_t addressesPerByte = 8;      // reserved addresses are this many times the memory
constexpr uint64_t largestFill = 64ull << 20; // larger allocations stay as the system gives them: zero
constexpr uint64_t cellBytesPerByte = sizeof(Cell) / 4;

/// Addresses with memory behind them as soon as they are touched.
void *reserve(uint64_t bytes) {
  void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    std::fprintf(stderr,
                 "cuda emulator: cannot reserve %llu bytes of addresses: set LAPIDARY_EMULATED_MEMORY to fewer bytes, "
                 "or raise the limit of the address space (ulimit -v)\n",
                 static_cast<unsigned long long>(bytes));
    std::abort();
  }
  return at;
}

} // namespace

Memory::Memory(uint64_t bytes) : capacity(bytes) {
  reserved = (bytes * addressesPerByte + pageBytes - 1) / pageBytes * pageBytes;
  base = reinterpret_cast<uintptr_t>(reserve(reserved));
  pages = static_cast<uint32_t *>(reserve(reserved / pageBytes * sizeof(uint32_t)));
  cells = static_cast<Cell *>(reserve(reserved * cellBytesPerByte));
  next = pageBytes; // nothing is in front of the first allocation
}

/// Offset of free addresses, the oldest ones last used if there are no new ones; 0 when there are none.
uint64_t Memory::findRoom(uint64_t count) {
  const uint64_t bytes = count * pageBytes;
  if (bytes <= reserved - next) {
    next += bytes;
    return next - bytes;
  }
  auto fits = [&](uint32_t index) {
    return (allocations[index].end - allocations[index].begin + pageBytes - 1) / pageBytes + 1 >= count;
  };
  auto found = std::find_if(freed.begin(), freed.end(), fits);
  if (found == freed.end()) {
    return 0;
  }
  const uint64_t at = allocations[*found].begin - base;
  freed.erase(found);
  return at;
}

uintptr_t Memory::allocate(uint64_t bytes) {
  if (bytes == 0 || bytes > available()) {
    return 0;
  }
  const uint64_t count = (bytes + pageBytes - 1) / pageBytes + 1; // and the red zone
  const uint64_t offset = findRoom(count);
  if (offset == 0) {
    return 0;
  }
  used += bytes;
  std::fill_n(pages + offset / pageBytes, count, uint32_t(allocations.size()));
  allocations.push_back({base + offset, base + offset + bytes, true});
  if (bytes <= largestFill) {
    std::memset(pointerTo(base + offset), 0xff, bytes);
  }
  return base + offset;
}

bool Memory::release(uintptr_t address) {
  if (!contains(address)) {
    return false;
  }
  const uint32_t index = pages[(address - base) / pageBytes];
  Allocation &found = allocations[index];
  if (!found.live || found.begin != address) {
    return false;
  }
  found.live = false;
  used -= found.end - found.begin;
  freed.push_back(index);
  const uint64_t bytes = (found.end - found.begin + pageBytes - 1) / pageBytes * pageBytes;
  madvise(pointerTo(address), bytes, MADV_DONTNEED);
  madvise(&cell(address), bytes * cellBytesPerByte, MADV_DONTNEED);
  return true;
}

std::string Memory::describe(uintptr_t address) const {
  if (!contains(address)) {
    return "not memory of the device";
  }
  const Allocation &found = allocations[pages[(address - base) / pageBytes]];
  if (found.begin == 0) {
    return "in no allocation";
  }
  const std::string size = std::to_string(found.end - found.begin);
  if (!found.live) {
    return "in an allocation of " + size + " bytes that was freed";
  }
  if (address < found.end) {
    return "at byte " + std::to_string(address - found.begin) + " of an allocation of " + size + " bytes";
  }
  return std::to_string(address - found.end) + " bytes behind the end of an allocation of " + size + " bytes";
}

void Memory::forgetAccesses() { madvise(cells, reserved * cellBytesPerByte, MADV_DONTNEED); }

} // namespace lapidary::cuda::emulator
