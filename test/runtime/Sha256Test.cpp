//===- Sha256Test.cpp - FIPS 180-4 vectors --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Vectors of NIST's SHA-256 examples, each also fed in uneven pieces.
//===----------------------------------------------------------------------===//
#include "runtime/src/Sha256.h"

#include <gtest/gtest.h>
#include <string>

namespace {

std::string hexDigest(const std::string &text, size_t piece) {
  lap::Sha256 hash;
  for (size_t at = 0; at < text.size(); at += piece) {
    hash.update(text.data() + at, std::min(piece, text.size() - at));
  }
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

} // namespace

TEST(Sha256, MatchesPublishedVectors) {
  const std::pair<std::string, const char *> vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto &[text, expected] : vectors) {
    for (size_t piece : {1000000, 64, 63, 7}) {
      EXPECT_EQ(hexDigest(text, piece), expected) << text.size() << " bytes in pieces of " << piece;
    }
  }
}
