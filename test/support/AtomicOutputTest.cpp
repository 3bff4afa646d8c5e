//===- AtomicOutputTest.cpp - an output that is complete or not there ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Covers the promises of AtomicOutput.h: old file kept until commit, nothing left behind, stale temporaries removed,
// sparse output beyond 4 GiB, and the codes of each failure.
//===----------------------------------------------------------------------===//
#include "support/AtomicOutput.h"
#include "test/frontends/TinyCheckpoint.h"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace lapidary;
using lapidary::test::readFile;
using lapidary::test::TempDirectory;

namespace {

size_t entriesOf(const TempDirectory &directory) {
  auto entries = std::filesystem::directory_iterator(directory.path());
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

} // namespace

TEST(AtomicOutput, AppearsOnlyWithCommit) {
  TempDirectory directory;
  directory.write("out", "old");
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0755, diagnostics);
  ASSERT_TRUE(output);
  EXPECT_TRUE(output->append("new ", 4, diagnostics));
  EXPECT_TRUE(output->append("file", 4, diagnostics));
  EXPECT_TRUE(output->write(0, "N", 1, diagnostics));
  EXPECT_EQ(output->size(), 8u);
  EXPECT_EQ(readFile(directory.file("out")), "old");
  EXPECT_TRUE(output->commit(diagnostics));
  output.reset();
  EXPECT_EQ(readFile(directory.file("out")), "New file");
  struct stat info;
  ASSERT_EQ(::stat(directory.file("out").c_str(), &info), 0);
  EXPECT_TRUE(info.st_mode & S_IXUSR);
  EXPECT_EQ(entriesOf(directory), 1u);
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(AtomicOutput, LeavesNothingBehindWithoutCommit) {
  TempDirectory directory;
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  EXPECT_TRUE(output->append("x", 1, diagnostics));
  EXPECT_EQ(entriesOf(directory), 1u);
  output.reset();
  EXPECT_EQ(entriesOf(directory), 0u);
}

TEST(AtomicOutput, WritesBeyondFourGiB) {
  TempDirectory directory;
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  uint64_t offset = (5ull << 30) + 3;
  EXPECT_TRUE(output->write(offset, "end", 3, diagnostics));
  output->seekEnd(offset + 10);
  EXPECT_TRUE(output->append("!", 1, diagnostics));
  EXPECT_TRUE(output->commit(diagnostics));
  EXPECT_EQ(std::filesystem::file_size(directory.file("out")), offset + 11);
}

TEST(AtomicOutput, RefusesWhatItCannotReplace) {
  TempDirectory directory;
  std::filesystem::create_directory(directory.file("folder"));
  for (std::string path :
       {directory.file("folder"), directory.file("missing/out"), directory.file("folder/"), std::string("/dev/null")}) {
    Diagnostics diagnostics;
    EXPECT_FALSE(AtomicOutput::create(path, 0644, diagnostics)) << path;
    ASSERT_EQ(diagnostics.all().size(), 1u);
    EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::OutputNotWritable);
    EXPECT_EQ(diagnostics.exitCode(), 5);
  }
}

TEST(AtomicOutput, RemovesWhatAKilledRunLeftButNotALivingOne) {
  TempDirectory directory;
  Diagnostics diagnostics;
  auto living = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(living);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Diagnostics ignored;
    auto killed = AtomicOutput::create(directory.file("out"), 0644, ignored);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(entriesOf(directory), 2u);
  auto next = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(next);
  EXPECT_EQ(entriesOf(directory), 2u) << "the stale file is gone, the living one and the new one remain";
  EXPECT_TRUE(std::filesystem::exists(living->temporaryPath()));
}

TEST(AtomicOutput, ReportsAWriteThatFails) {
  TempDirectory directory;
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  struct rlimit saved, small;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &saved), 0);
  small = saved;
  small.rlim_cur = 16;
  auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string data(64, 'x');
  bool good = output->append(data.data(), data.size(), diagnostics);
  ::setrlimit(RLIMIT_FSIZE, &saved);
  ::signal(SIGXFSZ, handler);
  EXPECT_FALSE(good);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::WriteFailed);
  EXPECT_FALSE(output->write(~0ull, "x", 2, diagnostics)) << "offset overflow";
}

TEST(AtomicOutput, KeepsTheOldFileWhenRenamingFails) {
  TempDirectory directory;
  Diagnostics diagnostics;
  auto output = AtomicOutput::create(directory.file("out"), 0644, diagnostics);
  ASSERT_TRUE(output);
  std::filesystem::create_directory(directory.file("out"));
  EXPECT_FALSE(output->commit(diagnostics));
  output.reset();
  EXPECT_EQ(entriesOf(directory), 1u);
}
