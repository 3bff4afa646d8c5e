//===- X86TargetTest.cpp - CPUs, caches and layouts of x86-64 ---------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "targets/x86/X86Target.h"

#include "lapidary/ProgramAbi.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

class X86 : public testing::Test {
protected:
  X86() { context.loadDialect<gemma::GemmaDialect, kernel::KernelDialect>(); }

  uint32_t slots(int64_t window, uint32_t positions, uint32_t chunk) const {
    ProgramOptions options;
    options.context = positions;
    options.chunk = chunk;
    return target.cacheGeometry(const_cast<mlir::MLIRContext *>(&context), 2, 64, window, options).getSlots();
  }

  mlir::MLIRContext context;
  CpuTarget target{x86::cpuFamily()};
};

TEST_F(X86, EachCpuAddsToTheFeaturesOfTheOneBefore) {
  Diagnostics diagnostics;
  size_t before = 0;
  std::vector<std::string> cpus = target.cpus();
  ASSERT_EQ(cpus.front(), "x86-64-v3") << "the default runs on any x86-64 with AVX2";
  for (const std::string &cpu : cpus) {
    ASSERT_TRUE(target.selectCpu(cpu, diagnostics));
    std::string features = " " + target.requiredFeatures() + " ";
    EXPECT_NE(features.find(" avx2 "), std::string::npos);
    EXPECT_GE(features.size(), before);
    before = features.size();
  }
  EXPECT_FALSE(diagnostics.hadError());
}

TEST_F(X86, FeaturesAreSpelledAsInProcCpuinfo) {
  Diagnostics diagnostics;
  ASSERT_TRUE(target.selectCpu("znver4", diagnostics));
  EXPECT_NE(target.requiredFeatures().find("avx512_vnni"), std::string::npos);
}

TEST_F(X86, ARingHoldsTheWindowOfEveryRowOfAChunk) {
  EXPECT_EQ(slots(512, 8192, 512), 1024u); // 511 + 512 = 1023, in blocks of 16
  EXPECT_EQ(slots(8, 8192, 1), 16u);
  for (int64_t window : {1, 8, 100, 512}) {
    for (uint32_t chunk : {1u, 5u, 512u}) {
      EXPECT_GE(slots(window, 1u << 20, chunk), window - 1 + chunk);
      EXPECT_EQ(slots(window, 1u << 20, chunk) % 16, 0u);
    }
  }
}

TEST_F(X86, NoCacheIsLongerThanTheContext) {
  EXPECT_EQ(slots(512, 100, 512), 112u);
  EXPECT_EQ(slots(0, 100, 512), 112u);
}

TEST_F(X86, KeysAndValuesOfACacheDoNotMeet) {
  ProgramOptions options;
  options.cacheElement = "bf16";
  kernel::CacheAttr geometry = target.cacheGeometry(&context, 3, 16, 8, options);
  uint64_t keyBytes = 0;
  uint64_t bytes = target.cacheBytes(geometry, 3, 16, keyBytes);
  uint64_t half = uint64_t(3) * geometry.getSlots() * 16 * 2;
  EXPECT_GE(keyBytes, half);
  EXPECT_EQ(keyBytes % 64, 0u);
  EXPECT_GE(bytes, keyBytes + half);
}

TEST_F(X86, ProductsWriteWholePaddedRows) {
  auto format = gemma::FormatAttr::get(&context, "bf16", 0);
  for (int64_t rows : {8, 16, 40, 66, 84, 96}) {
    lap_weight weight = target.describeWeight(target.packedType({rows, 84}, format, WeightUse::Matrix));
    EXPECT_EQ(weight.rows % LAP_COLUMN_PAD, 0u);
    EXPECT_EQ(weight.columns, 96u);
  }
}

} // namespace
