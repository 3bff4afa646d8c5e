//===- ChildProgramTest.cpp - programs that answer, fail or end early ------------===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "compiler/ChildProgram.h"

#include <gtest/gtest.h>

using namespace lapidary;

TEST(ChildProgram, PassesInputAndOutputThrough) {
  Diagnostics diagnostics;
  ChildProgram child(ErrorCode::ProgramFailed);
  std::string text(300000, 'x'), back; // more than a pipe holds
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "t=$(cat); printf %s \"$t\""}, text, diagnostics));
  char first = 0;
  ASSERT_TRUE(child.read(&first, 1, diagnostics));
  EXPECT_EQ(first, 'x');
  ASSERT_TRUE(child.readAll(back, diagnostics));
  EXPECT_EQ(back.size(), text.size() - 1);
}

/// It ends without reading its input: that must be its message, not a signal to us.
TEST(ChildProgram, ReportsWhatAFailingProgramSaid) {
  Diagnostics diagnostics;
  ChildProgram child(ErrorCode::ProgramFailed);
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
  ChildProgram child(ErrorCode::ProgramFailed), missing(ErrorCode::CalibrationFailed);
  char bytes[4];
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "printf abc"}, "", diagnostics));
  EXPECT_FALSE(child.read(bytes, 4, diagnostics));
  EXPECT_FALSE(missing.start({"/nonexistent/program"}, "", diagnostics));
  ASSERT_EQ(diagnostics.errorCount(), 2u);
  EXPECT_EQ(diagnostics.all()[0].message, "the program ended early");
  EXPECT_EQ(diagnostics.all()[1].code, ErrorCode::CalibrationFailed);
  EXPECT_NE(diagnostics.all()[1].message.find("cannot run the program"), std::string::npos);
}
