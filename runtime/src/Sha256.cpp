//===- Sha256.cpp - blocks, padding and length of SHA-256 -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// FIPS 180-4, section 5.1.1: a one bit, zeros, and the length in bits end the last block.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sha256.h"

#include <string.h>

namespace lap {

namespace {

void storeBigEndian(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; ++i) {
    p[i] = static_cast<uint8_t>(v >> (24 - 8 * i));
  }
}

} // namespace

void Sha256::update(const void *data, size_t bytes) {
  const uint8_t *p = static_cast<const uint8_t *>(data);
  totalBytes += bytes;
  if (pendingBytes != 0) {
    size_t take = 64 - pendingBytes < bytes ? 64 - pendingBytes : bytes;
    memcpy(pending + pendingBytes, p, take);
    pendingBytes += take, p += take, bytes -= take;
    if (pendingBytes < 64) {
      return;
    }
    blocks(state, pending, 1);
  }
  blocks(state, p, bytes / 64);
  pendingBytes = bytes % 64;
  if (pendingBytes != 0) { // p may be null when there is nothing
    memcpy(pending, p + (bytes - pendingBytes), pendingBytes);
  }
}

void Sha256::finish(uint8_t digest[32]) {
  uint64_t bits = totalBytes * 8;
  uint8_t tail[128] = {};
  memcpy(tail, pending, pendingBytes);
  tail[pendingBytes] = 0x80;
  size_t tailBytes = pendingBytes < 56 ? 64 : 128;
  storeBigEndian(tail + tailBytes - 8, static_cast<uint32_t>(bits >> 32));
  storeBigEndian(tail + tailBytes - 4, static_cast<uint32_t>(bits));
  blocks(state, tail, tailBytes / 64);
  for (int i = 0; i < 8; ++i) {
    storeBigEndian(digest + 4 * i, state[i]);
  }
}

} // namespace lap
