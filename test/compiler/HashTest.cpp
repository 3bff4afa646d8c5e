//===- HashTest.cpp - SHA-256 ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Known digests, any split of the input, and the two implementations against each other. The last test is the reason
// why llvm::SHA256 is not used: 600 MiB of zeros.
//===----------------------------------------------------------------------===//
#include "compiler/Hash.h"

#include "llvm/ADT/StringExtras.h"

#include <gtest/gtest.h>
#include <random>

using namespace lapidary;

namespace {
std::string hex(const Sha256 &hash) { return llvm::toHex(hash, true); }

std::string hashOf(const std::vector<uint8_t> &data, bool portable, size_t piece) {
  Sha256Stream stream(portable);
  for (size_t at = 0; at < data.size(); at += piece) {
    stream.update(llvm::ArrayRef(data).slice(at, std::min(piece, data.size() - at)));
  }
  return hex(stream.finish());
}
} // namespace

TEST(Hash, KnowsThePublishedDigests) {
  EXPECT_EQ(hex(sha256(llvm::ArrayRef<uint8_t>())), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::vector<uint8_t> abc = {'a', 'b', 'c'};
  for (bool portable : {false, true}) {
    EXPECT_EQ(hashOf(abc, portable, 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
}

TEST(Hash, DoesNotDependOnHowTheInputIsCutOrOnTheInstructionsUsed) {
  std::mt19937 random(7);
  unsigned compared = 0;
  for (size_t size : {1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 4097}) {
    std::vector<uint8_t> data(size);
    for (uint8_t &byte : data) {
      byte = static_cast<uint8_t>(random());
    }
    std::string expected = hashOf(data, true, size);
    for (size_t piece : {1, 7, 64, 100, 5000}) {
      EXPECT_EQ(hashOf(data, false, piece), expected) << size << " in pieces of " << piece;
      EXPECT_EQ(hashOf(data, true, piece), expected) << size << " in pieces of " << piece;
      compared += 2;
    }
  }
  EXPECT_EQ(compared, 120u);
}

TEST(Hash, CountsBeyondThirtyTwoBitsOfBits) {
  std::vector<uint8_t> zeros(1u << 20);
  Sha256Stream stream;
  for (int i = 0; i < 600; ++i) {
    stream.update(zeros);
  }
  EXPECT_EQ(hex(stream.finish()), "987523e7780392e283b404990c4e84e580bc75c451138b0c86c4f81c296eeebe");
}
