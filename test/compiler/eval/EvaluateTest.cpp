//===- EvaluateTest.cpp - files of token ids -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "compiler/eval/Evaluate.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(TokenIds, TakesPlainListsAndJson) {
  Diagnostics diagnostics;
  std::vector<int32_t> expected = {2, 15, 0};
  EXPECT_EQ(parseTokenIds("2 15\n0\n", 16, "f", diagnostics), expected);
  EXPECT_EQ(parseTokenIds("[2, 15,0]", 16, "f", diagnostics), expected);
  EXPECT_EQ(parseTokenIds(" \n", 16, "f", diagnostics), std::vector<int32_t>());
  EXPECT_FALSE(diagnostics.hadError());
}

TEST(TokenIds, NamesTheTokenThatIsWrong) {
  for (const char *text : {"1 16", "1 -2", "1 2x", "1 99999999999", "1 {"}) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parseTokenIds(text, 16, "f", diagnostics)) << text;
    ASSERT_EQ(diagnostics.errorCount(), 1u);
    EXPECT_NE(diagnostics.all()[0].message.find("token 1, '"), std::string::npos) << diagnostics.all()[0].message;
  }
}
