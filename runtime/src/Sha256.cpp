//===- Sha256.cpp - FIPS 180-4 --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The textbook form: names as in the standard. About 250 MB/s, so verifying a 1.3 GB program takes seconds; it is not
// on any path that users wait for otherwise.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sha256.h"

#include <bit>
#include <string.h>

namespace lap {

namespace {

constexpr uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t loadBigEndian(const uint8_t *p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 | uint32_t(p[3]);
}

void storeBigEndian(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; ++i) {
    p[i] = static_cast<uint8_t>(v >> (24 - 8 * i));
  }
}

uint32_t bigSigma0(uint32_t x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
uint32_t bigSigma1(uint32_t x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
uint32_t smallSigma0(uint32_t x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
uint32_t smallSigma1(uint32_t x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10); }

} // namespace

void Sha256::block(const uint8_t *data) {
  uint32_t w[64];
  for (int t = 0; t < 16; ++t) {
    w[t] = loadBigEndian(data + 4 * t);
  }
  for (int t = 16; t < 64; ++t) {
    w[t] = smallSigma1(w[t - 2]) + w[t - 7] + smallSigma0(w[t - 15]) + w[t - 16];
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int t = 0; t < 64; ++t) {
    uint32_t t1 = h + bigSigma1(e) + ((e & f) ^ (~e & g)) + K[t] + w[t];
    uint32_t t2 = bigSigma0(a) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

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
    block(pending);
    pendingBytes = 0;
  }
  for (; bytes >= 64; p += 64, bytes -= 64) {
    block(p);
  }
  if (bytes != 0) {
    memcpy(pending, p, bytes);
    pendingBytes = bytes;
  }
}

void Sha256::finish(uint8_t digest[32]) {
  uint64_t bits = totalBytes * 8;
  const uint8_t one = 0x80, zero = 0;
  update(&one, 1);
  while (pendingBytes != 56) {
    update(&zero, 1);
  }
  uint8_t length[8];
  storeBigEndian(length, static_cast<uint32_t>(bits >> 32));
  storeBigEndian(length + 4, static_cast<uint32_t>(bits));
  update(length, 8);
  for (int i = 0; i < 8; ++i) {
    storeBigEndian(digest + 4 * i, state[i]);
  }
}

} // namespace lap
