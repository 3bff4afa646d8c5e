//===- Hash.h - SHA-256 digests, for the compiler --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The runtime's implementation (runtime/src/Sha256.h says why not LLVM's) with LLVM's types.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_HASH_H
#define LAPIDARY_COMPILER_HASH_H

#include "runtime/src/Sha256.h"

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>

namespace lapidary {

using Sha256 = std::array<uint8_t, 32>;

/// Hashes what it is given in order; `finish` gives the digest and uses the object up.
class Sha256Stream {
public:
  void update(llvm::ArrayRef<uint8_t> data) { hash.update(data.data(), data.size()); }
  Sha256 finish() {
    Sha256 digest;
    hash.finish(digest.data());
    return digest;
  }

private:
  lap::Sha256 hash;
};

/// The digest of `data`.
inline Sha256 sha256(llvm::ArrayRef<uint8_t> data) {
  Sha256Stream stream;
  stream.update(data);
  return stream.finish();
}
inline Sha256 sha256(llvm::ArrayRef<char> data) {
  return sha256(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(data.data()), data.size()));
}

} // namespace lapidary

#endif // LAPIDARY_COMPILER_HASH_H
