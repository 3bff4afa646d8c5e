//===- Hash.cpp - SHA-256 of things larger than 4 GiB --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// FIPS 180-4; names as in the standard. The two block functions give the same digests, which a test holds.
//===----------------------------------------------------------------------===//
#include "compiler/Hash.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace lapidary {

namespace {

alignas(16) constexpr uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t initialState[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

uint32_t rotr(uint32_t x, int n) { return llvm::rotr(x, n); }

void portableBlocks(uint32_t state[8], const uint8_t *data, uint64_t count) {
  for (; count != 0; --count, data += 64) {
    uint32_t w[64];
    for (int t = 0; t < 16; ++t) {
      w[t] = llvm::support::endian::read32be(data + 4 * t);
    }
    for (int t = 16; t < 64; ++t) {
      uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
      uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; ++t) {
      uint32_t t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
      uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) {
      state[i] += sums[i];
    }
  }
}

#if defined(__x86_64__)

bool hasShaInstructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1); // leaf 7, EBX bit 29: SHA
}

/// The instructions keep the state as ABEF and CDGH, and do four rounds of the schedule at a time.
__attribute__((target("sha,sse4.1,ssse3"))) void shaBlocks(uint32_t state[8], const uint8_t *data, uint64_t count) {
  const __m128i bigEndian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i dcba = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state)), 0xB1);
  __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state + 4)), 0x1B);
  __m128i abef = _mm_alignr_epi8(dcba, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, dcba, 0xF0);
  for (; count != 0; --count, data += 64) {
    const __m128i abefBefore = abef, cdghBefore = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; ++i) {
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i *>(data + 16 * i)), bigEndian);
    }
    for (int t = 0; t < 16; ++t) {
      __m128i now = w[t % 4];
      __m128i sum = _mm_add_epi32(now, _mm_load_si128(reinterpret_cast<const __m128i *>(K + 4 * t)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
      __m128i middle = _mm_alignr_epi8(w[(t + 3) % 4], w[(t + 2) % 4], 4); // W[t-7..t-4]
      __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(t + 1) % 4]), middle);
      w[t % 4] = _mm_sha256msg2_epu32(partial, w[(t + 3) % 4]);
    }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool hasShaInstructions() { return false; }
constexpr auto shaBlocks = portableBlocks;

#endif

} // namespace

Sha256Stream::Sha256Stream(bool portable) : blocks(portable || !hasShaInstructions() ? portableBlocks : shaBlocks) {
  std::copy(std::begin(initialState), std::end(initialState), state);
}

void Sha256Stream::update(llvm::ArrayRef<uint8_t> data) {
  totalBytes += data.size();
  if (pendingBytes != 0) {
    uint64_t fill = std::min<uint64_t>(64 - pendingBytes, data.size());
    std::copy_n(data.data(), fill, pending.data() + pendingBytes);
    pendingBytes += fill;
    data = data.drop_front(fill);
    if (pendingBytes < 64) {
      return;
    }
    blocks(state, pending.data(), 1);
  }
  blocks(state, data.data(), data.size() / 64);
  pendingBytes = data.size() % 64;
  std::copy_n(data.data() + (data.size() - pendingBytes), pendingBytes, pending.data());
}

Sha256 Sha256Stream::finish() {
  std::array<uint8_t, 128> tail = {};
  std::copy_n(pending.data(), pendingBytes, tail.data());
  tail[pendingBytes] = 0x80;
  uint64_t tailBytes = pendingBytes < 56 ? 64 : 128;
  llvm::support::endian::write64be(tail.data() + tailBytes - 8, totalBytes * 8);
  blocks(state, tail.data(), tailBytes / 64);
  Sha256 digest;
  for (int i = 0; i < 8; ++i) {
    llvm::support::endian::write32be(digest.data() + 4 * i, state[i]);
  }
  return digest;
}

Sha256 sha256(llvm::ArrayRef<uint8_t> data) {
  Sha256Stream stream;
  stream.update(data);
  return stream.finish();
}

Sha256 sha256(llvm::ArrayRef<char> data) {
  return sha256(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(data.data()), data.size()));
}

} // namespace lapidary
