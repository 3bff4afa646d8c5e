//===- PlanTest.cpp - plans that do not fit -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Exit code 4 for memory and for the disk, before anything is written.
//===----------------------------------------------------------------------===//
#include "compiler/Plan.h"
#include "compiler/Console.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(Plan, AcceptsWhatFits) {
  Plan plan;
  plan.outputBytes = 1 << 20;
  plan.compilePeakBytes = 1 << 20;
  Diagnostics diagnostics;
  EXPECT_TRUE(checkPlan(plan, 0, "/tmp/out", diagnostics));
  EXPECT_TRUE(checkPlan(plan, 1 << 20, "", diagnostics));
}

TEST(Plan, RefusesMoreMemoryThanTheLimitOrTheMachineHas) {
  Plan plan;
  plan.compilePeakBytes = (1 << 20) + 1;
  Diagnostics diagnostics;
  EXPECT_FALSE(checkPlan(plan, 1 << 20, "", diagnostics));
  plan.compilePeakBytes = UINT64_MAX / 2;
  EXPECT_FALSE(checkPlan(plan, 0, "", diagnostics));
  for (const Diagnostic &error : diagnostics.all()) {
    EXPECT_EQ(error.code, ErrorCode::OutOfMemory);
    EXPECT_EQ(exitCodeOf(error.code), 4);
  }
  EXPECT_EQ(diagnostics.errorCount(), 2u);
}

TEST(Plan, RefusesMoreThanTheDiskHas) {
  Plan plan;
  plan.outputBytes = UINT64_MAX / 2;
  Diagnostics diagnostics;
  EXPECT_FALSE(checkPlan(plan, 0, "/tmp/out", diagnostics));
  EXPECT_EQ(diagnostics.all().front().code, ErrorCode::OutputTooLarge);
  EXPECT_EQ(diagnostics.exitCode(), 4);
}

TEST(Plan, RefusesWhatTheTargetsAddressesCannotReach) {
  Plan plan;
  plan.addressSpaceBytes = uint64_t(7) << 29;
  plan.weightBytes = uint64_t(3) << 30;
  plan.cacheBytes = uint64_t(1) << 29;
  Diagnostics diagnostics;
  EXPECT_TRUE(checkPlan(plan, 0, "", diagnostics));
  plan.arenaBytes = 1;
  EXPECT_FALSE(checkPlan(plan, 0, "", diagnostics));
  EXPECT_NE(diagnostics.all().back().help.find("smaller --context, so that KV and scratch fit into 512.0 MiB"),
            std::string::npos);
  plan.weightBytes = uint64_t(4) << 30;
  EXPECT_FALSE(checkPlan(plan, 0, "", diagnostics));
  EXPECT_NE(diagnostics.all().back().help.find("the weights alone are too large"), std::string::npos);
  for (const Diagnostic &error : diagnostics.all()) {
    EXPECT_EQ(error.code, ErrorCode::AddressSpaceTooSmall);
    EXPECT_EQ(exitCodeOf(error.code), 4);
  }
}

TEST(Plan, SizesAreReadable) {
  EXPECT_EQ(sizeText(37), "37 bytes");
  EXPECT_EQ(sizeText(1536), "1.5 KiB");
  EXPECT_EQ(sizeText(uint64_t(15) << 30), "15.0 GiB");
}
