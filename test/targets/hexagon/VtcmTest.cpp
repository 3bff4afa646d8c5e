// VtcmTest.cpp - tiles in blocks through VTCM, with the software model of it.
// SPDX-License-Identifier: Apache-2.0
//
// No DSP is needed: what is multiplied is looked at, not multiplied. That products have the same bits with and without
// VTCM is tested with the products (KernelConformance.hvx66m).
#include "targets/hexagon/kernels/Vtcm.h"
#include "targets/hexagon/kernels/CacheSlice.h"
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

/// One transfer.
void start(DmaModel &engine, void *to, const void *from, uint32_t bytes) {
  const DmaTransfer transfer = {to, from, bytes};
  engine.start(&transfer, 1, DmaSource::Weights);
}

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
  start(engine, memory, source.data(), 256);
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
  start(engine, memory + 32, source.data(), 256);
  expectMisuse("not a vector's");
  start(engine, memory + DmaModel::MemoryBytes - 128, source.data(), 256);
  expectMisuse("outside of VTCM");
  start(engine, source.data(), source.data(), 256);
  expectMisuse("outside of VTCM");
  start(engine, memory, source.data(), 0);
  expectMisuse("no bytes");
  start(engine, memory, source.data(), 128);
  start(engine, memory + 128, source.data(), 128);
  expectMisuse("before the last one was waited for");
  EXPECT_TRUE(engine.wait());
}

TEST_F(Vtcm, ATransferThatNobodyWaitsForIsFound) {
  {
    DmaModel engine;
    start(engine, memory, source.data(), 128);
  }
  expectMisuse("nobody waited for");
}

constexpr TileCut noCut = {0, 128, 0}; // pairs are in place

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
      throughVtcm<DmaModel>(DmaModel::MemoryBytes, all, noCut, [&](const Tiles &part, auto &) {
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
  throughVtcm<NoMemory>(DmaModel::MemoryBytes, all, noCut, [&](const Tiles &part, auto &) {
    EXPECT_EQ(part.tiles, bytes.data());
    EXPECT_EQ(part.tileCount, 32);
    ++calls;
  });
  EXPECT_EQ(calls, 1u);
  int next = 0;
  throughVtcm<Failing>(DmaModel::MemoryBytes, all, noCut, [&](const Tiles &part, auto &) {
    EXPECT_EQ(part.tiles, all.tile(next));
    next += part.tileCount;
  });
  EXPECT_EQ(next, 32);
}

/// The columns of one pair of tiles, or of one tile, arrive in order, twice: as they come, then whole.
template <typename Engine> uint32_t passOver(const TileCut &cut, int tiles, uint32_t &parts) {
  const uint64_t tileBytes = cut.headBytes + uint64_t(cut.units) * cut.unitBytes;
  std::vector<uint8_t> bytes(tileBytes * tiles);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i * 31 >> 3);
  }
  const Tiles all = {bytes.data(), tileBytes, tiles, nullptr};
  uint32_t seen = 0;
  throughVtcm<Engine>(DmaModel::MemoryBytes, all, cut, [&](const Tiles &part, auto &columns) {
    EXPECT_EQ(part.tiles, all.tiles) << "what stands before the columns is read in place";
    for (int pass = 0; pass < 2; ++pass) {
      const uint8_t *first = all.tile(0) + cut.headBytes, *second = all.tile(tiles - 1) + cut.headBytes;
      for (int done = 0, count; done < static_cast<int>(cut.units); done += count, ++parts) {
        count = columns.next(first, second, done);
        ASSERT_GT(count, 0);
        const uint64_t at = cut.headBytes + uint64_t(done) * cut.unitBytes, length = uint64_t(count) * cut.unitBytes;
        EXPECT_EQ(memcmp(first, all.tile(0) + at, length), 0) << done;
        EXPECT_EQ(memcmp(second, all.tile(tiles - 1) + at, length), 0) << done;
        first += length, second += length, seen += count;
      }
    }
  });
  return seen;
}

TEST_F(Vtcm, APairOfTilesComesInPartsOfItsColumns) {
  struct Case {
    TileCut cut;
    uint32_t transfers; // of a pair
  };
  // Buffers of 64 KiB, side by side: a pair of up to 128 KiB. Parts of 16 KiB of both tiles.
  for (const Case &c :
       {Case{{64, 256, 192}, 6}, Case{{64, 512, 100}, 7}, Case{{0, 160, 100}, 2}, Case{{0, 288, 190}, 6},
        Case{{32, 272, 190}, 6}, Case{{64, 512, 200}, 0}, Case{{64, 128, 64}, 0}}) {
    for (int tiles : {1, 2}) {
      uint32_t parts = 0;
      DmaModel::transfers = 0;
      EXPECT_EQ(passOver<DmaModel>(c.cut, tiles, parts), 2 * c.cut.units);
      EXPECT_EQ(DmaModel::misuse, nullptr) << DmaModel::misuse;
      EXPECT_EQ(DmaModel::transfers, c.transfers) << c.cut.unitBytes << " x " << c.cut.units;
      EXPECT_EQ(parts, c.transfers ? c.transfers + 1 : 2u);
    }
  }
}

/// Its third wait fails.
struct FailingLater : DmaModel {
  bool wait() { return DmaModel::wait() && ++waits < 3; }
  int waits = 0;
};

TEST_F(Vtcm, ColumnsAreReadWhereTheyLieAfterAnError) {
  uint32_t parts = 0;
  EXPECT_EQ(passOver<FailingLater>({64, 256, 192}, 2, parts), 2 * 192u);
  EXPECT_EQ(passOver<Failing>({64, 256, 192}, 2, parts), 2 * 192u);
  EXPECT_EQ(passOver<NoMemory>({64, 256, 192}, 2, parts), 2 * 192u);
  EXPECT_EQ(DmaModel::misuse, nullptr) << DmaModel::misuse;
}

/// Caches of a KV head, `ring` blocks of 16 positions.
struct Caches {
  Caches(int ring, int headDim, int elementBytes)
      : keyBlockBytes(16 * headDim * elementBytes), valueBlockBytes(256 * elementBytes), ring(ring),
        parts(headDim / 16), keys(static_cast<size_t>(ring) * keyBlockBytes), values(keys.size()) {
    for (size_t i = 0; i < keys.size(); ++i) {
      keys[i] = static_cast<uint8_t>(i * 7 >> 4), values[i] = static_cast<uint8_t>(i * 13 >> 5);
    }
  }
  CacheSlice slice(int first, int count) const {
    return {keys.data(), values.data(),       keyBlockBytes, valueBlockBytes, int64_t(ring) * valueBlockBytes,
            parts,       {first, count, ring}};
  }
  int keyBlockBytes, valueBlockBytes, ring, parts;
  std::vector<uint8_t> keys, values;
};

/// Walks a slice as attention does, through VTCM and in place; both read the same.
template <typename Engine> void walk(const CacheSlice &slice) {
  SliceThroughVtcm<Engine> through(DmaModel::MemoryBytes, slice);
  SliceInPlace inPlace(slice);
  const int count = slice.blocks.count;
  for (int block = 0; block < count; block += 2) {
    const int after = block + 1 < count ? block + 1 : block;
    const uint8_t *first = through.keys(block), *second = through.keys(after);
    ASSERT_EQ(memcmp(first, inPlace.keys(block), slice.keyBlockBytes), 0) << block;
    ASSERT_EQ(memcmp(second, inPlace.keys(after), slice.keyBlockBytes), 0) << after;
  }
  for (int part = 0; part < slice.parts; part += 2) {
    for (int each : {part, part + 1 < slice.parts ? part + 1 : part}) {
      const ValuePart here = through.values(each), there = inPlace.values(each);
      for (int block = 0; block < count; ++block) {
        ASSERT_EQ(memcmp(here.start + here.where.slot(block) * slice.valueBlockBytes,
                         there.start + there.where.slot(block) * slice.valueBlockBytes, slice.valueBlockBytes),
                  0)
            << "part " << each << ", block " << block;
      }
    }
  }
}

TEST_F(Vtcm, SlicesOfCachesComeInBlocks) {
  uint32_t streamed = 0, slices = 0;
  for (int elementBytes : {1, 2, 4}) {
    for (int headDim : {48, 64, 256, 512}) {
      const Caches caches(40, headDim, elementBytes);
      for (int first : {0, 5, 39}) {
        for (int count : {1, 2, 7, 31, 32}) {
          DmaModel::transfers = 0;
          walk<DmaModel>(caches.slice(first, count));
          walk<FailingLater>(caches.slice(first, count));
          walk<NoMemory>(caches.slice(first, count));
          ASSERT_EQ(DmaModel::misuse, nullptr) << DmaModel::misuse;
          streamed += DmaModel::transfers != 0, ++slices;
        }
      }
    }
  }
  EXPECT_GT(streamed, slices / 3);
  EXPECT_LT(streamed, slices);
}

TEST(VtcmPlan, SlicesFitABuffer) {
  for (uint32_t vtcm : {0u, 1u << 20, 4u << 20, 8u << 20}) {
    for (uint32_t element : {1u, 2u, 4u}) {
      for (uint32_t headDim : {16u, 256u, 512u}) {
        for (uint32_t blocks : {1u, 8u, 32u}) {
          const SliceShape shape = {blocks, 16 * headDim * element, 256 * element, headDim / 16};
          const SlicePlan plan = vtcmSlicePlan(vtcm, shape);
          EXPECT_EQ(plan.keyBlocks % 2, 0u);
          EXPECT_EQ(plan.valueParts % 2, 0u);
          EXPECT_EQ(plan.keyBlocks == 0, plan.valueParts == 0);
          EXPECT_LE(plan.keyBlocks * shape.keyBlockBytes, vtcmBufferBytes(vtcm));
          EXPECT_LE(plan.valueParts * blocks * shape.valueBlockBytes, vtcmBufferBytes(vtcm));
        }
      }
    }
  }
  // E2B on version 73, int8: four blocks of 4 KiB, then two parts of 8 KiB.
  const SlicePlan plan = vtcmSlicePlan(vtcmBytesOf(73), {32, 4096, 256, 16});
  EXPECT_EQ(plan.keyBlocks, 4u);
  EXPECT_EQ(plan.valueParts, 2u);
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
