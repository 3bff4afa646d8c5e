//===- FakeMemory.cpp - memory of the fake GPU ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// It is the host's, and holds no zeros when it is new. Ranges must lie in live allocations.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeCuda.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

std::map<Address, size_t> device; // live allocations
std::map<const void *, size_t> pinned;

/// Whether a range lies in one live allocation.
template <typename Key> bool inside(const std::map<Key, size_t> &live, Key at, size_t bytes) {
  auto next = live.upper_bound(at);
  if (next == live.begin()) {
    return false;
  }
  --next;
  const uint64_t offset = uint64_t(at) - uint64_t(next->first);
  return offset <= next->second && bytes <= next->second - offset;
}

void *pointer(Address at) { return reinterpret_cast<void *>(at); }

int move(Stream stream, void *to, const void *from, size_t bytes, bool good) {
  return !good ? fake::InvalidValue : fake::submit(stream, [=] {
    memcpy(to, from, bytes);
    return Success;
  });
}

} // namespace

bool onFakeGpu(Address at, size_t bytes) { return inside(device, at, bytes); }

bool fake::anyAllocated() { return !device.empty() || !pinned.empty(); }

extern "C" {

int cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER;
  *total = fake::setting("FAKE_CUDA_MEMORY", 1 << 30);
  *free = *total;
  for (const auto &[address, bytes] : device) {
    *free -= bytes;
  }
  return Success;
}

int cuMemAlloc_v2(Address *address, size_t bytes) {
  ENTER;
  void *memory = bytes && !fake::anyCapturing() ? malloc(bytes) : nullptr;
  if (!memory) {
    return fake::InvalidValue;
  }
  memset(memory, 0xa5, bytes);
  *address = reinterpret_cast<Address>(memory);
  device[*address] = bytes;
  return Success;
}

int cuMemFree_v2(Address address) {
  ENTER;
  if (device.erase(address) == 0) {
    return fake::InvalidValue;
  }
  free(pointer(address));
  return Success;
}

int cuMemHostAlloc(void **memory, size_t bytes, uint32_t) {
  ENTER;
  *memory = malloc(bytes);
  memset(*memory, 0xa5, bytes);
  pinned[*memory] = bytes;
  return Success;
}

int cuMemFreeHost(void *memory) {
  ENTER;
  if (pinned.erase(memory) == 0) {
    return fake::InvalidValue;
  }
  free(memory);
  return Success;
}

int cuMemsetD8Async(Address to, uint8_t value, size_t bytes, Stream stream) {
  ENTER;
  return !onFakeGpu(to, bytes) ? fake::InvalidValue
                               : fake::submit(stream, [=] { return memset(pointer(to), value, bytes), Success; });
}

int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, Stream stream) {
  ENTER;
  const bool capturable = !stream->capturing || inside(pinned, from, bytes);
  return move(stream, pointer(to), from, bytes, capturable && onFakeGpu(to, bytes));
}

int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, Stream stream) {
  ENTER;
  fake::log(("bytes " + std::to_string(bytes)).c_str());
  return move(stream, to, pointer(from), bytes, onFakeGpu(from, bytes));
}

int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Stream stream) {
  ENTER;
  return move(stream, pointer(to), pointer(from), bytes, onFakeGpu(to, bytes) && onFakeGpu(from, bytes));
}
}
