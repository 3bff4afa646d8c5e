// VtcmTest.cpp - tiles in blocks through VTCM, with the software model of it.
// SPDX-License-Identifier: Apache-2.0
//
// No DSP is needed: what is multiplied is looked at, not multiplied. That products have the same bits with and without
// VTCM is tested with the products (KernelConformance.hvx66m).
#include "targets/hexagon/kernels/Vtcm.h"
#include "targets/hexagon/kernels/DmaModel.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

using namespace lap::hexagon;
using namespace lapidary::hexagon;

namespace {

class Vtcm : public testing::Test {
protected:
  void SetUp() override { DmaModel::misuse = nullptr, DmaModel::transfers = 0; }
  void expectMisuse(const char *words) {
    ASSERT_NE(DmaModel::misuse, nullptr);
    EXPECT_NE(std::string(DmaModel::misuse).find(words), std::string::npos) << DmaModel::misuse;
  }
  uint8_t *memory = DmaModel::requestMemory(DmaModel::MemoryBytes);
  std::vector<uint8_t> source = std::vector<uint8_t>(4096, 1);
};

/// What throughVtcm needs of a product.
struct Tiles {
  const uint8_t *tiles;
  uint64_t tileBytes;
  int tileCount;
  float *out;
  const uint8_t *tile(int index) const { return tiles + static_cast<uint64_t>(index) * tileBytes; }
};

TEST_F(Vtcm, TransfersArriveWhenTheyAreWaitedFor) {
  DmaModel engine;
  engine.start(memory, source.data(), 256);
  EXPECT_EQ(memory[0], DmaModel::Poison);
  EXPECT_EQ(memory[255], DmaModel::Poison);
  EXPECT_TRUE(engine.wait());
  EXPECT_EQ(memory[0], 1);
  EXPECT_EQ(memory[255], 1);
  EXPECT_EQ(DmaModel::misuse, nullptr);
  EXPECT_EQ(DmaModel::transfers, 1u);
}

TEST_F(Vtcm, TheModelNamesWhatTheEngineWouldNotForgive) {
  DmaModel engine;
  EXPECT_FALSE(engine.wait());
  expectMisuse("wait for nothing");
  engine.start(memory + 32, source.data(), 256);
  expectMisuse("not a vector's");
  engine.start(memory + DmaModel::MemoryBytes - 128, source.data(), 256);
  expectMisuse("outside of VTCM");
  engine.start(source.data(), source.data(), 256);
  expectMisuse("outside of VTCM");
  engine.start(memory, source.data(), 0);
  expectMisuse("no bytes");
  engine.start(memory, source.data(), 128);
  engine.start(memory + 128, source.data(), 128);
  expectMisuse("before the last one was waited for");
  EXPECT_TRUE(engine.wait());
}

TEST_F(Vtcm, ATransferThatNobodyWaitsForIsFound) {
  DmaModel().start(memory, source.data(), 128);
  expectMisuse("nobody waited for");
}

/// Every tile is multiplied once, in order, with its own bytes, out of a buffer unless the product is a single block.
TEST_F(Vtcm, TilesAreMultipliedInOrderWithTheirBytes) {
  uint32_t products = 0;
  for (uint64_t tileBytes : {320u, 4096u, 12352u, 32768u, 32800u, 100000u}) {
    for (int count : {1, 2, 3, 7, 8, 52, 129}) {
      std::vector<uint8_t> bytes(tileBytes * count);
      for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<uint8_t>(i / tileBytes * 7 + i % 251);
      }
      std::vector<float> out(static_cast<size_t>(count) * LAP_ROW_TILE);
      const Tiles all = {bytes.data(), tileBytes, count, out.data()};
      DmaModel::transfers = 0;
      int next = 0;
      uint32_t parts = 0;
      throughVtcm<DmaModel>(DmaModel::MemoryBytes, all, [&](const Tiles &part) {
        EXPECT_EQ(part.out, out.data() + static_cast<size_t>(next) * LAP_ROW_TILE);
        EXPECT_EQ(next % 2, 0) << "pairs of tiles stay together";
        EXPECT_EQ(memcmp(part.tiles, all.tile(next), tileBytes * part.tileCount), 0);
        next += part.tileCount;
        ++parts;
      });
      EXPECT_EQ(next, count);
      EXPECT_EQ(DmaModel::misuse, nullptr) << DmaModel::misuse;
      EXPECT_EQ(DmaModel::transfers, parts == 1 ? 0 : parts) << count << " tiles of " << tileBytes;
      const uint32_t block = vtcmBlockTiles(DmaModel::MemoryBytes, tileBytes);
      EXPECT_EQ(parts, block == 0 ? 1u : (count + block - 1) / block);
      ++products;
    }
  }
  EXPECT_GT(products, 0u);
}

/// A lease is given back; more calls at once than shares do without.
TEST_F(Vtcm, SharesAreGivenBack) {
  std::vector<std::unique_ptr<VtcmLease<DmaModel>>> leases;
  for (uint32_t i = 0; i < VtcmLanes; ++i) {
    leases.push_back(std::make_unique<VtcmLease<DmaModel>>(DmaModel::MemoryBytes));
    EXPECT_NE(leases.back()->buffer(0), nullptr);
    for (uint32_t other = 0; other < i; ++other) {
      EXPECT_NE(leases[other]->buffer(0), leases[i]->buffer(0));
    }
  }
  EXPECT_EQ(VtcmLease<DmaModel>(DmaModel::MemoryBytes).buffer(0), nullptr);
  leases.erase(leases.begin() + 3);
  EXPECT_NE(VtcmLease<DmaModel>(DmaModel::MemoryBytes).buffer(1), nullptr);
}

/// An engine without memory, and one that fails.
struct NoMemory : DmaModel {
  static uint8_t *requestMemory(uint32_t) { return nullptr; }
};
struct Failing : DmaModel {
  bool wait() { return DmaModel::wait(), false; }
};

TEST_F(Vtcm, TilesAreReadWhereTheyLieWithoutMemoryOrAfterAnError) {
  std::vector<uint8_t> bytes(32 * 4096);
  std::vector<float> out(32 * LAP_ROW_TILE);
  const Tiles all = {bytes.data(), 4096, 32, out.data()};
  uint32_t calls = 0;
  throughVtcm<NoMemory>(DmaModel::MemoryBytes, all, [&](const Tiles &part) {
    EXPECT_EQ(part.tiles, bytes.data());
    EXPECT_EQ(part.tileCount, 32);
    ++calls;
  });
  EXPECT_EQ(calls, 1u);
  int next = 0;
  throughVtcm<Failing>(DmaModel::MemoryBytes, all, [&](const Tiles &part) {
    EXPECT_EQ(part.tiles, all.tile(next));
    next += part.tileCount;
  });
  EXPECT_EQ(next, 32);
}

TEST(VtcmPlan, BlocksFitABufferAndHavePairsOfTiles) {
  for (uint32_t vtcm : {0u, 256u << 10, 4u << 20, 8u << 20}) {
    for (uint64_t tileBytes : {64u + 32u, 12352u, 32832u, 49216u, 262208u, 300000u}) {
      const uint32_t tiles = vtcmBlockTiles(vtcm, tileBytes);
      EXPECT_EQ(tiles % 2, 0u);
      EXPECT_LE(tiles * tileBytes, vtcmBufferBytes(vtcm) + (tiles ? 0 : 1));
      EXPECT_EQ(tiles == 0, 2 * tileBytes > vtcmBufferBytes(vtcm)) << vtcm << ' ' << tileBytes;
    }
  }
  EXPECT_EQ(vtcmBlockTiles(vtcmBytesOf(73), 12352), 2u);
  EXPECT_EQ(vtcmBytesOf(66), 0u);
}

} // namespace
