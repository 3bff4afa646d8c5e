//===- Hash.h - SHA-256 of things larger than 4 GiB --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// llvm::SHA256 counts bytes in 32 bits and silently gives wrong digests for long inputs, so the weight segment needs
// its own. Uses the SHA instructions of x86 where this machine has them (about 1.5 GB/s instead of 0.25), since one
// thread must hash as fast as all others pack.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_HASH_H
#define LAPIDARY_COMPILER_HASH_H

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>

namespace lapidary {

using Sha256 = std::array<uint8_t, 32>;

class Sha256Stream {
public:
  /// `portable` leaves the machine's SHA instructions unused; for tests.
  explicit Sha256Stream(bool portable = false);
  void update(llvm::ArrayRef<uint8_t> data);
  /// The digest of everything so far; the object is used up.
  Sha256 finish();

private:
  using BlockFunction = void(uint32_t state[8], const uint8_t *data, uint64_t blocks);
  BlockFunction *blocks;
  uint32_t state[8];
  std::array<uint8_t, 64> pending;
  uint64_t pendingBytes = 0, totalBytes = 0;
};

/// The digest of `data`.
Sha256 sha256(llvm::ArrayRef<uint8_t> data);
Sha256 sha256(llvm::ArrayRef<char> data);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_HASH_H
