//===- WeightStreamTest.cpp - the weight pipeline --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A packer that writes every value as bytes, checkpoints with known values, and the same answer for every number of
// threads.
//===----------------------------------------------------------------------===//
#include "compiler/WeightSegment.h"
#include "test/frontends/TinyCheckpoint.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>

using namespace lapidary;
using lapidary::test::readFile;
using lapidary::test::TempDirectory;

namespace {

/// Rows in pieces of `step`, each value as float32, so the segment can be read back and compared.
class PlainPacker : public WeightPacker {
public:
  PlainPacker(uint64_t rows, uint64_t columns, uint64_t step) : rows(rows), columns(columns), step(step) {}
  uint64_t rowsPerPiece() const override { return step; }
  uint64_t pieceBytes(uint64_t row) const override { return std::min(step, rows - row) * columns * 4; }
  void pack(const float *values, uint64_t row, uint64_t count, uint8_t *out) const override {
    std::memcpy(out, values, count * columns * 4);
  }

private:
  uint64_t rows, columns, step;
};

/// model.safetensors with "a" F32 [5, 4] = 0, 1, .. and "b" BF16 [3, 4] = -0, -1, ..
std::unique_ptr<Checkpoint> openCheckpoint(const TempDirectory &directory) {
  std::vector<test::TinyTensor> tensors = {{"a", {5, 4}, "F32"}, {"b", {3, 4}, "BF16"}};
  uint64_t dataBytes = 0;
  std::string header = test::headerOf(tensors, dataBytes).dump();
  std::string file = test::fileBytes(header, dataBytes);
  char *data = file.data() + file.size() - dataBytes;
  for (int i = 0; i < 20; ++i) {
    float value = static_cast<float>(i);
    std::memcpy(data + i * 4, &value, 4);
  }
  for (int i = 0; i < 12; ++i) {
    float value = static_cast<float>(-i);
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    uint16_t high = static_cast<uint16_t>(bits >> 16);
    std::memcpy(data + 80 + i * 2, &high, 2);
  }
  directory.write("model.safetensors", file);
  Diagnostics diagnostics;
  return Checkpoint::open(directory.path(), diagnostics);
}

/// One stacked matrix (a, then b from row 8 of 11) and one vector of constants behind a gap.
WeightSegment makeSegment(const Checkpoint &checkpoint, uint64_t step) {
  SegmentWeight stack;
  stack.name = "stack";
  stack.rows = 11;
  stack.columns = 4;
  stack.bytes = 11 * 16;
  stack.sources = {{*checkpoint.find("a"), 0, 5, {}}, {*checkpoint.find("b"), 8, 3, {}}};
  stack.packer = std::make_shared<PlainPacker>(11, 4, step);
  SegmentWeight vector;
  vector.name = "constants";
  vector.offset = 256;
  vector.rows = 1;
  vector.columns = 2;
  vector.bytes = 8;
  vector.values = {0.5f, 0.25f};
  vector.packer = std::make_shared<PlainPacker>(1, 2, 1);
  WeightSegment segment;
  segment.bytes = 264;
  segment.weights = {stack, vector};
  return segment;
}

std::vector<float> expectedValues() {
  std::vector<float> values(66, 0.0f);
  for (int i = 0; i < 20; ++i) {
    values[i] = static_cast<float>(i);
  }
  for (int i = 0; i < 12; ++i) {
    values[32 + i] = static_cast<float>(-i);
  }
  values[64] = 0.5f;
  values[65] = 0.25f;
  return values;
}

} // namespace

TEST(WeightStream, PlacesSourcesConstantsAndZerosForEveryPieceAndThreadCount) {
  TempDirectory directory;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(directory);
  ASSERT_TRUE(checkpoint);
  std::vector<float> expected = expectedValues();
  unsigned runs = 0;
  for (uint64_t step : {1, 2, 3, 16}) {
    for (unsigned jobs : {1, 2, 5}) {
      WeightSegment segment = makeSegment(*checkpoint, step);
      Diagnostics diagnostics;
      auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
      ASSERT_TRUE(output);
      std::atomic<uint64_t> progress{0};
      auto hash = writeWeights(
          segment, *checkpoint, *output, 128, jobs, [&](uint64_t bytes) { progress += bytes; }, diagnostics);
      ASSERT_TRUE(hash);
      ASSERT_TRUE(output->commit(diagnostics));
      std::string file = readFile(directory.file("out"));
      ASSERT_EQ(file.size(), 128 + 264u);
      std::vector<float> values(66);
      std::memcpy(values.data(), file.data() + 128, 264);
      EXPECT_EQ(values, expected);
      EXPECT_EQ(*hash, sha256(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(file.data()) + 128, 264)));
      EXPECT_EQ(progress, 11 * 16 + 8u);
      ++runs;
    }
  }
  EXPECT_EQ(runs, 12u);
}

TEST(WeightStream, ReportsACheckpointThatShrank) {
  TempDirectory directory;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(directory);
  ASSERT_TRUE(checkpoint);
  WeightSegment segment = makeSegment(*checkpoint, 2);
  directory.write("model.safetensors", "gone");
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  EXPECT_FALSE(writeWeights(segment, *checkpoint, *output, 0, 3, [](uint64_t) {}, diagnostics));
  ASSERT_TRUE(diagnostics.hadError());
  EXPECT_EQ(diagnostics.all().front().code, ErrorCode::ReadFailed);
}

TEST(WeightStream, BoundsTheMemoryItUses) {
  SegmentWeight large;
  large.rows = 262144;
  large.columns = 2048;
  large.bytes = large.rows * large.columns * 4;
  large.packer = std::make_shared<PlainPacker>(large.rows, large.columns, 16);
  WeightSegment segment;
  segment.bytes = large.bytes;
  segment.weights = {large};
  for (unsigned jobs : {1, 8, 64}) {
    EXPECT_LE(packingMemory(segment, jobs), 256u << 20) << jobs;
  }
}

TEST(WeightStream, PacksWithTheCalibratedPackerAndMakesItOnceForAllBatchesOfAWorker) {
  TempDirectory directory;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(directory);
  ASSERT_TRUE(checkpoint);
  WeightSegment segment = makeSegment(*checkpoint, 1);
  std::atomic<int> made{0};
  segment.weights[0].packer = std::make_shared<PlainPacker>(11, 4, 1);
  segment.weights[0].calibratedPacker = [&made](Diagnostics &) {
    ++made;
    return std::make_shared<PlainPacker>(11, 4, 1);
  };
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  EXPECT_TRUE(writeWeights(segment, *checkpoint, *output, 0, 1, [](uint64_t) {}, diagnostics));
  EXPECT_EQ(made, 1);
}

TEST(WeightStream, AStatisticsFileThatCannotBeReadEndsThePacking) {
  TempDirectory directory;
  std::unique_ptr<Checkpoint> checkpoint = openCheckpoint(directory);
  ASSERT_TRUE(checkpoint);
  for (unsigned jobs : {1, 3}) {
    WeightSegment segment = makeSegment(*checkpoint, 2);
    segment.weights[0].calibratedPacker = [](Diagnostics &errors) -> std::shared_ptr<const WeightPacker> {
      errors.error(ErrorCode::ReadFailed, "the file became shorter");
      return nullptr;
    };
    Diagnostics diagnostics;
    auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
    ASSERT_TRUE(output);
    EXPECT_FALSE(writeWeights(segment, *checkpoint, *output, 0, jobs, [](uint64_t) {}, diagnostics));
    EXPECT_TRUE(diagnostics.hadError());
  }
}
