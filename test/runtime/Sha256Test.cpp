//===- Sha256Test.cpp - published digests, both block functions -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// NIST's example vectors, every way to cut the input, and more than 2^32 bits (llvm::SHA256 fails that one).
//===----------------------------------------------------------------------===//
#include "runtime/src/Sha256.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace {

std::string hexDigest(lap::Sha256 &hash) {
  uint8_t digest[32];
  hash.finish(digest);
  std::string hex;
  for (uint8_t byte : digest) {
    char two[3];
    snprintf(two, sizeof(two), "%02x", byte);
    hex += two;
  }
  return hex;
}

std::string hashOf(const std::string &text, size_t piece, lap::Sha256Blocks *blocks) {
  lap::Sha256 hash(blocks);
  for (size_t at = 0; at < text.size(); at += piece) {
    hash.update(text.data() + at, std::min(piece, text.size() - at));
  }
  return hexDigest(hash);
}

} // namespace

TEST(Sha256, MatchesPublishedVectors) {
  const std::pair<std::string, const char *> vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (lap::Sha256Blocks *blocks : {&lap::sha256PortableBlocks, lap::sha256FastestBlocks()}) {
    for (const auto &[text, expected] : vectors) {
      for (size_t piece : {1000000, 64, 63, 7}) {
        EXPECT_EQ(hashOf(text, piece, blocks), expected) << text.size() << " bytes in pieces of " << piece;
      }
    }
  }
}

TEST(Sha256, DoesNotDependOnHowTheInputIsCutOrOnTheInstructionsUsed) {
  std::mt19937 random(7);
  unsigned compared = 0;
  for (size_t size : {1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 4097}) {
    std::string data(size, 0);
    for (char &byte : data) {
      byte = static_cast<char>(random());
    }
    std::string expected = hashOf(data, size, lap::sha256PortableBlocks);
    for (size_t piece : {1, 7, 64, 100, 5000}) {
      EXPECT_EQ(hashOf(data, piece, lap::sha256FastestBlocks()), expected) << size << " in pieces of " << piece;
      EXPECT_EQ(hashOf(data, piece, lap::sha256PortableBlocks), expected) << size << " in pieces of " << piece;
      compared += 2;
    }
  }
  EXPECT_EQ(compared, 120u);
}

TEST(Sha256, CountsBeyondThirtyTwoBitsOfBits) {
  std::string zeros(1u << 20, 0);
  lap::Sha256 hash;
  for (int i = 0; i < 600; ++i) {
    hash.update(zeros.data(), zeros.size());
  }
  EXPECT_EQ(hexDigest(hash), "987523e7780392e283b404990c4e84e580bc75c451138b0c86c4f81c296eeebe");
}
