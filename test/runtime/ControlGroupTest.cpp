//===- ControlGroupTest.cpp - limits of both versions, on made-up trees ---===//
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//
#include "runtime/src/ControlGroup.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

using namespace lap;

namespace {

/// A folder that looks like /sys/fs/cgroup, and the process's list of groups.
struct Tree {
  std::filesystem::path root = std::filesystem::temp_directory_path() / ("lapidary-groups-" + std::to_string(getpid()));
  Tree() { std::filesystem::remove_all(root); }
  ~Tree() { std::filesystem::remove_all(root); }
  void write(const std::string &path, const std::string &text) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  uint64_t left(const std::string &groups) const {
    write("groups", groups);
    return controlGroupMemory((root / "groups").c_str(), root.c_str());
  }
};

} // namespace

TEST(ControlGroup, WithoutLimitsThereIsNone) {
  Tree tree;
  EXPECT_EQ(tree.left("0::/a/b\n"), UINT64_MAX);
  EXPECT_EQ(tree.left("no group line"), UINT64_MAX);
  EXPECT_EQ(controlGroupMemory("/nonexistent", "/nonexistent"), UINT64_MAX);
  tree.write("a/b/memory.max", "max\n");
  EXPECT_EQ(tree.left("0::/a/b\n"), UINT64_MAX);
}

TEST(ControlGroup, CountsAnonymousMemoryOnly) {
  Tree tree;
  tree.write("a/b/memory.max", "1000000\n");
  tree.write("a/b/memory.stat", "anon 300000\nfile 900000\n");
  EXPECT_EQ(tree.left("0::/a/b\n"), 700000u);
  tree.write("a/b/memory.stat", "anon 2000000\n");
  EXPECT_EQ(tree.left("0::/a/b\n"), 0u);
}

TEST(ControlGroup, TakesTheLeastOfAllAround) {
  Tree tree;
  tree.write("a/b/c/memory.max", "max\n");
  tree.write("a/b/memory.max", "5000\n");
  tree.write("a/memory.max", "4000\n");
  tree.write("memory.max", "9000\n"); // a container's own group is mounted at the root
  EXPECT_EQ(tree.left("0::/a/b/c\n"), 4000u);
  EXPECT_EQ(tree.left("0::/a/b/c"), 4000u);
  EXPECT_EQ(tree.left("0::/elsewhere/x\n"), 9000u);
  EXPECT_EQ(tree.left("0::/\n"), 9000u);
}

TEST(ControlGroup, ReadsVersionOne) {
  Tree tree;
  tree.write("memory/docker/memory.limit_in_bytes", "8000\n");
  tree.write("memory/docker/memory.stat", "cache 7000\nrss 1\ntotal_rss 3000\n");
  tree.write("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(tree.left("9:cpu:/\n4:hugetlb,memory:/docker\n0::/\n"), 5000u);
  EXPECT_EQ(tree.left("9:cpu:/docker\n4:memory_other:/docker\n"), UINT64_MAX);
}
