//===- TargetRegistryTest.cpp - finding targets by name ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
#include "passes/TargetBackend.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

TEST(TargetRegistry, EveryTargetIsFoundByItsNameAndEachOfItsCpus) {
  unsigned found = 0;
  for (const auto &target : createAllTargets()) {
    Diagnostics diagnostics;
    auto plain = createTarget(target->name(), diagnostics);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->name(), target->name());
    EXPECT_FALSE(target->summary().empty());
    for (const std::string &cpu : target->cpus()) {
      auto chosen = createTarget(target->name().str() + "+" + cpu, diagnostics);
      ASSERT_TRUE(chosen);
      const std::string text = chosen->targetString(); // what a program says of itself, and can be compiled for again
      EXPECT_TRUE(llvm::StringRef(text).starts_with(target->name()) && llvm::StringRef(text).ends_with(cpu)) << text;
      auto again = createTarget(text, diagnostics);
      ASSERT_TRUE(again);
      EXPECT_EQ(again->targetString(), text);
      ++found;
    }
  }
  EXPECT_GT(found, 0u);
}

TEST(TargetRegistry, ANearMissIsSuggested) {
  Diagnostics diagnostics;
  EXPECT_FALSE(createTarget("x86-64-linux", diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, ErrorCode::UnknownTarget);
  EXPECT_NE(diagnostics.all().front().help.find("x86_64-linux"), std::string::npos);
}

TEST(TargetRegistry, AnUnknownCpuNamesTheKnownOnes) {
  Diagnostics diagnostics;
  EXPECT_FALSE(createTarget("x86_64-linux+znver44", diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_NE(diagnostics.all().front().help.find("znver4"), std::string::npos);
}

TEST(TargetRegistry, NativeIsATargetThatRunsHere) {
  for (const auto &target : createAllTargets()) {
    if (target->runsHere()) {
      Diagnostics diagnostics;
      auto native = createTarget("native", diagnostics);
      ASSERT_TRUE(native);
      EXPECT_TRUE(native->runsHere());
      return;
    }
  }
  GTEST_SKIP() << "no target of this build runs on this machine";
}

} // namespace
