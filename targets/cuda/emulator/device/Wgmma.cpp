//===- Wgmma.cpp - wgmma.mma_async: a warpgroup multiplies 64 x K by K x N --===//
// SPDX-License-Identifier: Apache-2.0
//
// A is in registers, B in shared memory, K-major (PTX ISA 9.0, 9.7.15.5.1). K is 32 bytes of a row, whatever the type:
// two columns of a matrix of 16-byte elements, which is what descriptors are about. Row r, column c of it is at
//   start + r / 8 * (stride offset) + r % 8 * 16 + c * (leading offset)      without swizzling
//   swizzled(start + r / 8 * (stride offset) + r % 8 * S + 16 c)             in rows of S = 32, 64 or 128 bytes
// where swizzling exchanges pieces of 16 bytes: bits 4.. of the address (1, 2 or 3 of them) are xored with bits 7.. of
// it ("Swizzle<B, 4, 3>").
//
// A: with g = lane / 4 and t = lane % 4, registers 0 and 1 of a lane have rows g and g + 8 of the warp's 16, their
// bytes 4 t .. 4 t + 3; registers 2 and 3 the bytes 16 + 4 t .. Sums are exact for integers; those of floats are
// rounded after each term, in order of columns, as for mma (Mma.cpp).
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Wgmma.h"

#include "targets/cuda/emulator/device/Device.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lapidary::cuda::emulator {

namespace {

constexpr uint32_t rowsOfA = 64, bytesOfK = 32, halves = bytesOfK / pieceBytes;
constexpr uint32_t mostColumns = 256;
constexpr uint32_t onlyCapability = 90; // "wgmma.mma_async requires sm_90a"

/// PTX ISA 9.0, "Matrix Descriptor Format".
struct MatrixDescriptor {
  uint32_t start, leading, stride; ///< bytes
  uint32_t baseOffset;
  uint32_t swizzle;  ///< 0: none, 1: 128 bytes, 2: 64, 3: 32
  bool reservedBits; ///< some are not 0

  explicit MatrixDescriptor(uint64_t bits)
      : start(decode(bits)), leading(decode(bits >> 16)), stride(decode(bits >> 32)),
        baseOffset(uint32_t(bits >> 49 & 7)), swizzle(uint32_t(bits >> 62)),
        reservedBits((bits & 0x3ff1c000c000c000) != 0) {}

  /// Offset in shared memory of half `half` of row `row` of B (column `row` of K x N).
  uint32_t offset(uint32_t row, uint32_t half) const {
    if (swizzle == 0) {
      return start + row / 8 * stride + row % 8 * pieceBytes + half * leading;
    }
    const uint32_t bits = 4 - swizzle, pattern = pieceBytes << bits;
    const uint32_t at = start + row / 8 * stride + row % 8 * pattern + half * pieceBytes;
    return at ^ ((at >> 7 & ((1u << bits) - 1)) << 4);
  }

private:
  static uint32_t decode(uint64_t bits) { return uint32_t(bits & 0x3fff) << 4; }
};

MatrixDescriptor descriptorOf(Block &block, uint32_t n) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < warpgroupThreads; ++i) {
    Thread &thread = block.warpgroupThread(i);
    uint64_t own;
    std::memcpy(&own, thread.words + n / 2 + 4, sizeof(own));
    if (i != 0 && own != bits) {
      block.fail(thread, thread.site, "gives another matrix descriptor than the first thread of its warpgroup");
    }
    bits = own;
  }
  const MatrixDescriptor descriptor(bits);
  Thread &first = block.warpgroupThread(0);
  if (descriptor.reservedBits || descriptor.baseOffset != 0) {
    block.fail(first, first.site,
               "gives a matrix descriptor with a base offset or reserved bits: swizzled patterns start at multiples of "
               "8 of their rows here");
  }
  return descriptor;
}

template <typename Element> struct Widen;
template <> struct Widen<int8_t> {
  using Sum = int32_t;
  static Sum of(int8_t element) { return element; }
};
struct Bf16 {
  uint16_t bits;
};
template <> struct Widen<Bf16> {
  using Sum = float;
  static Sum of(Bf16 element) { return std::bit_cast<float>(uint32_t(element.bits) << 16); }
};
template <> struct Widen<_Float16> {
  using Sum = float;
  static Sum of(_Float16 element) { return float(element); }
};

/// Rows of A, [64][K].
void readA(Block &block, uint32_t n, uint8_t (*a)[bytesOfK]) {
  for (uint32_t i = 0; i < warpgroupThreads; ++i) {
    const uint32_t row = i / warpLanes * 16 + i % warpLanes / 4, byte = i % 4 * 4;
    for (uint32_t r = 0; r < 4; ++r) {
      std::memcpy(&a[row + r % 2 * 8][byte + r / 2 * pieceBytes], block.warpgroupThread(i).words + n / 2 + r, 4);
    }
  }
}

/// Rows of B, [n][K]; they are being read from now on.
void readB(Block &block, const MatrixDescriptor &descriptor, uint32_t n, uint8_t (*b)[bytesOfK]) {
  for (uint32_t row = 0; row < n; ++row) {
    for (uint32_t half = 0; half < halves; ++half) {
      const uint32_t offset = descriptor.offset(row, half);
      block.readThroughAsyncProxy(block.warpgroupThread(0), offset, pieceBytes);
      block.beginRead(block.warpgroup(), offset);
      std::memcpy(b[row] + half * pieceBytes, block.shared() + offset, pieceBytes);
    }
  }
}

template <typename Element> void multiplyAs(Block &block, const MatrixDescriptor &descriptor, PendingSums &sums) {
  using Sum = typename Widen<Element>::Sum;
  constexpr uint32_t depth = bytesOfK / sizeof(Element);
  uint8_t aBytes[rowsOfA][bytesOfK], bBytes[mostColumns][bytesOfK];
  readA(block, sums.n, aBytes);
  readB(block, descriptor, sums.n, bBytes);
  Sum b[depth][mostColumns];
  for (uint32_t column = 0; column < sums.n; ++column) {
    for (uint32_t k = 0; k < depth; ++k) {
      Element element;
      std::memcpy(&element, bBytes[column] + k * sizeof(Element), sizeof(Element));
      b[k][column] = Widen<Element>::of(element);
    }
  }
  Sum d[mostColumns];
  for (uint32_t row = 0; row < rowsOfA; ++row) {
    std::memcpy(d, &sums.values[row * sums.n], sums.n * sizeof(Sum));
    for (uint32_t k = 0; k < depth; ++k) {
      Element element;
      std::memcpy(&element, aBytes[row] + k * sizeof(Element), sizeof(Element));
      const Sum factor = Widen<Element>::of(element);
      for (uint32_t column = 0; column < sums.n; ++column) {
        d[column] += factor * b[k][column];
      }
    }
    std::memcpy(&sums.values[row * sums.n], d, sums.n * sizeof(Sum));
  }
}

/// Fresh ones, with the values in the registers.
PendingSums &newSums(Block &block, ProductType type, uint32_t n) {
  Warpgroup &group = block.warpgroup();
  PendingSums &sums = group.sums.emplace_back(PendingSums{0, type, n, 0, std::vector<uint32_t>(rowsOfA * n)});
  for (uint32_t thread = 0; thread < warpgroupThreads; ++thread) {
    for (uint32_t i = 0; i < n / 2; ++i) {
      sums.values[sumPlace(thread, i, n)] = block.warpgroupThread(thread).words[i];
    }
  }
  return sums;
}

/// The sums that the registers hold: those of earlier products, or fresh ones.
PendingSums &sumsInRegisters(Block &block, ProductType type, uint32_t n) {
  Warpgroup &group = block.warpgroup();
  const std::optional<uint32_t> id = markAt(block.warpgroupThread(0).words, n / 2);
  for (uint32_t i = 1; i < warpgroupThreads; ++i) {
    Thread &thread = block.warpgroupThread(i);
    if (markAt(thread.words, n / 2) != id) {
      block.fail(thread, thread.site, "adds to other sums than the first thread of its warpgroup");
    }
  }
  if (!id) {
    return newSums(block, type, n);
  }
  Thread &first = block.warpgroupThread(0);
  auto found = std::find_if(group.sums.begin(), group.sums.end(), [&](const PendingSums &s) { return s.id == *id; });
  if (found == group.sums.end()) {
    block.fail(first, first.site,
               "adds to sums as they were before a later product or wgmma.wait_group: go on with what that gave");
  }
  if (found->type != type || found->n != n) {
    block.fail(first, first.site, "adds to sums of a product of another shape that nobody has waited for");
  }
  return *found;
}

void multiply(Block &block, ProductType type, uint32_t n) {
  Warpgroup &group = block.warpgroup();
  Thread &first = block.warpgroupThread(0);
  if (theDevice().capability != onlyCapability) {
    block.fail(first, first.site,
               "multiplies by wgmma on a device of capability " + std::to_string(theDevice().capability) +
                   ": only those of capability 90 do");
  }
  if (!group.fenced) {
    block.fail(first, first.site, "multiplies without a wgmma.fence behind what touched its registers");
  }
  const MatrixDescriptor descriptor = descriptorOf(block, n);
  PendingSums &sums = sumsInRegisters(block, type, n);
  switch (type) {
  case ProductType::S8:
    multiplyAs<int8_t>(block, descriptor, sums);
    break;
  case ProductType::Bf16:
    multiplyAs<Bf16>(block, descriptor, sums);
    break;
  case ProductType::F16:
    multiplyAs<_Float16>(block, descriptor, sums);
    break;
  }
  sums.id = group.ids++ & 0x1fff;
  sums.group = group.groups;
  for (uint32_t thread = 0; thread < warpgroupThreads; ++thread) {
    for (uint32_t i = 0; i < n / 2; ++i) {
      block.warpgroupThread(thread).words[i] = mark(sums.id, i);
    }
  }
}

} // namespace

} // namespace lapidary::cuda::emulator

using namespace lapidary::cuda::emulator;

void lap_emu_wgmma(uint32_t type, uint32_t n, uint32_t *words, uint32_t site) {
  Block &block = theBlock();
  if (block.arriveAtWarpgroup(words, site)) {
    multiply(block, ProductType(type), n);
    block.leaveWarpgroup();
  }
}
