//===- Sha256.h - the hash that `verify` recomputes -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// FIPS 180-4 SHA-256, streaming, portable. The compiler stores the hashes of the weight segment and of the ELF image;
// `verify` recomputes both, so any flipped byte is found.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_SHA256_H
#define LAPIDARY_RUNTIME_SHA256_H

#include <stddef.h>
#include <stdint.h>

namespace lap {

class Sha256 {
public:
  void update(const void *data, size_t bytes);
  /// Writes the 32-byte digest; the object is used up.
  void finish(uint8_t digest[32]);

private:
  void block(const uint8_t *data);

  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t pending[64];
  size_t pendingBytes = 0;
  uint64_t totalBytes = 0;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_SHA256_H
