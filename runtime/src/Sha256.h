//===- Sha256.h - the hash of weights and image ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// FIPS 180-4 SHA-256, streaming. The compiler stores the hashes of the weight segment and of the ELF image; `verify`
// recomputes both, so any flipped byte is found. Both sides use this class: the compiler too, because llvm::SHA256
// counts in 32 bits and silently gives wrong digests for gigabytes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SHA256_H
#define LAPIDARY_RUNTIME_SHA256_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

/// Hashes `count` blocks of 64 bytes into `state`.
using Sha256Blocks = void(uint32_t state[8], const uint8_t *data, size_t count);

/// The textbook form; any machine.
Sha256Blocks sha256PortableBlocks;
/// The fastest form this machine has (its SHA instructions, several times faster), else the portable one.
Sha256Blocks *sha256FastestBlocks();

class Sha256 {
public:
  explicit Sha256(Sha256Blocks *blocks = sha256FastestBlocks()) : blocks(blocks) {}
  void update(const void *data, size_t bytes);
  /// Writes the 32-byte digest; the object is used up.
  void finish(uint8_t digest[32]);

private:
  Sha256Blocks *blocks;
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t pending[64];
  size_t pendingBytes = 0;
  uint64_t totalBytes = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_SHA256_H
