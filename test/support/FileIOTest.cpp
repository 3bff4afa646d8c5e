//===- FileIOTest.cpp - reading files without surprises -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each way a file can fail to be read has its own code and names the file.
//===----------------------------------------------------------------------===//
#include "support/FileIO.h"
#include "test/frontends/TinyCheckpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace lapidary;
using lapidary::test::TempDirectory;

namespace {

ErrorCode onlyCode(const Diagnostics &diagnostics) {
  EXPECT_EQ(diagnostics.all().size(), 1u);
  return diagnostics.all().empty() ? ErrorCode::InternalError : diagnostics.all()[0].code;
}

} // namespace

TEST(FileIO, ReadsAWholeFile) {
  TempDirectory directory;
  std::string content("a\0b", 3);
  directory.write("x", content);
  Diagnostics diagnostics;
  EXPECT_EQ(readWholeFile(directory.file("x"), 3, diagnostics), content);
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(FileIO, RefusesMissingLargeAndIrregularFiles) {
  TempDirectory directory;
  directory.write("large", "12345");
  ASSERT_EQ(::mkfifo(directory.file("pipe").c_str(), 0600), 0);
  struct {
    std::string path;
    ErrorCode code;
  } cases[] = {{directory.file("none"), ErrorCode::FileNotFound},
               {directory.file("large"), ErrorCode::FileTooLarge},
               {directory.path(), ErrorCode::NotARegularFile},
               {directory.file("pipe"), ErrorCode::NotARegularFile},
               {directory.file("large/x"), ErrorCode::FileNotFound},
               {directory.file(std::string(300, 'n')), ErrorCode::ReadFailed}};
  for (const auto &c : cases) {
    Diagnostics diagnostics;
    EXPECT_FALSE(readWholeFile(c.path, 4, diagnostics));
    EXPECT_EQ(onlyCode(diagnostics), c.code) << c.path;
  }
}

TEST(FileIO, SaysHowManyBytesAreMissingWhenAFileShrinks) {
  TempDirectory directory;
  directory.write("x", std::string(100, 'a'));
  Diagnostics diagnostics;
  std::optional<OpenFile> open = openForReading(directory.file("x"), diagnostics);
  ASSERT_TRUE(open);
  ASSERT_EQ(::truncate(directory.file("x").c_str(), 60), 0);
  char buffer[100];
  EXPECT_FALSE(readExactly(open->descriptor.get(), buffer, 100, 0, directory.file("x"), diagnostics));
  EXPECT_EQ(onlyCode(diagnostics), ErrorCode::ReadFailed);
  EXPECT_NE(diagnostics.all()[0].message.find("40 bytes missing"), std::string::npos);
  EXPECT_EQ(diagnostics.exitCode(), 5);
}

TEST(FileIO, ReportsAnErrorOfTheOperatingSystem) {
  Diagnostics diagnostics;
  char byte;
  EXPECT_FALSE(readExactly(-1, &byte, 1, 0, "gone", diagnostics));
  EXPECT_EQ(onlyCode(diagnostics), ErrorCode::ReadFailed);
}

TEST(FileIO, JoinsPaths) {
  EXPECT_EQ(joinPath("a", "b"), "a/b");
  EXPECT_EQ(joinPath("a/", "b"), "a/b");
  EXPECT_EQ(joinPath("", "b"), "b");
}

TEST(FileDescriptor, MovesAndReleases) {
  FileDescriptor a(::dup(0)), b;
  int number = a.get();
  b = std::move(a);
  EXPECT_EQ(b.get(), number);
  FileDescriptor c(std::move(b));
  EXPECT_EQ(c.release(), number);
  EXPECT_FALSE(c.valid());
  ::close(number);
}
