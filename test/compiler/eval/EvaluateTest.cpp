//===- EvaluateTest.cpp - token files and programs that fail -------------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "compiler/eval/Evaluate.h"
#include "compiler/eval/ChildProgram.h"

#include <csignal>
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

TEST(ChildProgram, PassesInputAndOutputThrough) {
  Diagnostics diagnostics;
  ChildProgram child;
  std::string text(300000, 'x'), back; // more than a pipe holds
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "t=$(cat); printf %s \"$t\""}, text, diagnostics));
  char first = 0;
  ASSERT_TRUE(child.read(&first, 1, diagnostics));
  EXPECT_EQ(first, 'x');
  ASSERT_TRUE(child.readAll(back, diagnostics));
  EXPECT_EQ(back.size(), text.size() - 1);
}

TEST(ChildProgram, ReportsWhatAFailingProgramSaid) {
  std::signal(SIGPIPE, SIG_IGN);
  Diagnostics diagnostics;
  ChildProgram child;
  std::string text(300000, 'x');
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "echo 'error: too hot' >&2; exit 4"}, text, diagnostics));
  char byte;
  EXPECT_FALSE(child.read(&byte, 1, diagnostics));
  ASSERT_EQ(diagnostics.errorCount(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::ProgramFailed);
  EXPECT_EQ(diagnostics.all()[0].message, "the program ended with exit code 4 and said: 'error: too hot'");
}

TEST(ChildProgram, ReportsAnEarlyEndAndAMissingFile) {
  Diagnostics diagnostics;
  ChildProgram child, missing;
  char bytes[4];
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "printf abc"}, "", diagnostics));
  EXPECT_FALSE(child.read(bytes, 4, diagnostics));
  EXPECT_FALSE(missing.start({"/nonexistent/program"}, "", diagnostics));
  ASSERT_EQ(diagnostics.errorCount(), 2u);
  EXPECT_EQ(diagnostics.all()[0].message, "the program ended early");
  EXPECT_NE(diagnostics.all()[1].message.find("cannot run the program"), std::string::npos);
}
