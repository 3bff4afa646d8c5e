//===- SmallHelpersTest.cpp - checked arithmetic, suggestions, quoting ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Helpers of a few lines each, that everything else leans on.
//===----------------------------------------------------------------------===//
#include "support/CappedErrors.h"
#include "support/Checked.h"
#include "support/Quote.h"
#include "support/Suggest.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(Checked, FindsOverflow) {
  EXPECT_EQ(checkedAdd(2, 3), 5u);
  EXPECT_EQ(checkedAdd(~0ull, 0), ~0ull);
  EXPECT_FALSE(checkedAdd(~0ull, 1));
  EXPECT_EQ(checkedMul(1ull << 32, (1ull << 32) - 1), ~0ull - (1ull << 32) + 1);
  EXPECT_FALSE(checkedMul(1ull << 32, 1ull << 32));
}

TEST(Suggest, MeasuresEditDistance) {
  EXPECT_EQ(editDistance("quant", "quant", 2), 0u);
  EXPECT_EQ(editDistance("qaunt", "quant", 2), 1u) << "a swap of neighbours counts once";
  EXPECT_EQ(editDistance("", "ab", 2), 2u);
  EXPECT_EQ(editDistance("abc", "xyz", 2), 3u) << "more than the limit is limit + 1";
  EXPECT_EQ(editDistance("abcdef", "a", 2), 3u);
}

TEST(Suggest, FindsTheClosestName) {
  std::vector<std::string> names = {"compile", "check", "inspect", "completion"};
  EXPECT_EQ(closestMatch("chekc", names), "check");
  EXPECT_EQ(closestMatch("comp", names), "compile") << "the shortest with that prefix";
  EXPECT_EQ(closestMatch("zzzz", names), std::nullopt);
  EXPECT_EQ(closestMatch("x", {"w4"}), std::nullopt) << "everything is within two edits of a short word";
  EXPECT_EQ(didYouMean("inspct", names), "did you mean 'inspect'?");
  EXPECT_EQ(didYouMean("zzzz", names), "");
}

TEST(Quote, MakesNamesSafeToPrint) {
  EXPECT_EQ(quoted("a\033[31m\n\xff"), "'a\\x1b[31m\\x0a\\xff'");
  EXPECT_EQ(quoted(std::string(1000, 'a')).size(), 165u);
  EXPECT_EQ(shapeText({}), "[]");
  EXPECT_EQ(shapeText({2, 3}), "[2, 3]");
  EXPECT_LT(shapeText(std::vector<uint64_t>(100, 1)).size(), 100u);
  EXPECT_EQ(bytesText(1), "1 byte");
  EXPECT_EQ(bytesText(1234567), "1,234,567 bytes");
  EXPECT_EQ(countText(123), "123");
}

TEST(CappedErrors, ShowsTwentyAndCountsTheRest) {
  Diagnostics diagnostics;
  {
    CappedErrors errors(diagnostics, "file");
    EXPECT_FALSE(errors.any());
    for (int i = 0; i < 25; ++i) {
      EXPECT_FALSE(errors.error(ErrorCode::TensorMissing, "x"));
    }
    EXPECT_TRUE(errors.full());
  }
  ASSERT_EQ(diagnostics.all().size(), 21u);
  EXPECT_EQ(diagnostics.all().back().code, ErrorCode::MoreProblems);
  EXPECT_EQ(diagnostics.all().back().message, "5 more problems are not shown");
}
