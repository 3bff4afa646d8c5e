//===- CheckpointTest.cpp - checkpoint directories -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Single file and shards, reading of values, and files that change after they were opened.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/Checkpoint.h"
#include "test/frontends/TinyCheckpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

using namespace lapidary;
using namespace lapidary::test;

namespace {

constexpr const char *single = "model.safetensors";
constexpr const char *indexFile = "model.safetensors.index.json";

std::string abFile() {
  std::string bytes = fileBytes({{"a", {2}, "F32"}, {"b", {3}, "U8"}});
  for (unsigned i = 0; i < 11; ++i) {
    bytes[bytes.size() - 11 + i] = static_cast<char>(i + 1);
  }
  return bytes;
}

} // namespace

TEST(Checkpoint, ReadsValuesOfASingleFile) {
  TempDirectory directory;
  directory.write(single, abFile());
  Diagnostics diagnostics;
  auto checkpoint = Checkpoint::open(directory.path(), diagnostics);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->shardFiles(), std::vector<std::string>{single});
  EXPECT_EQ(checkpoint->totalBytes(), abFile().size());
  const TensorInfo *b = checkpoint->find("b");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->end, abFile().size()) << "offsets are absolute";
  unsigned char value[2];
  EXPECT_TRUE(checkpoint->read(*b, 1, value, 2, diagnostics));
  EXPECT_EQ(value[0], 10);
  EXPECT_EQ(value[1], 11);
  EXPECT_EQ(checkpoint->find("c"), nullptr);
  EXPECT_FALSE(diagnostics.hadError());
  EXPECT_FALSE(checkpoint->read(*b, 2, value, 2, diagnostics)) << "past the end of the tensor";
  EXPECT_EQ(diagnostics.all().back().code, ErrorCode::InternalError);
}

TEST(Checkpoint, JoinsShards) {
  TempDirectory directory;
  directory.write("x.safetensors", fileBytes({{"a", {2}}}));
  directory.write("y.safetensors", fileBytes({{"b", {3}}, {"c", {1}}}));
  directory.write(indexFile, R"({"weight_map":{"a":"x.safetensors","b":"y.safetensors","c":"y.safetensors"}})");
  Diagnostics diagnostics;
  auto checkpoint = Checkpoint::open(directory.path(), diagnostics);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->shardFiles(), (std::vector<std::string>{"x.safetensors", "y.safetensors"}));
  EXPECT_EQ(checkpoint->find("c")->shard, 1u);
  EXPECT_EQ(checkpoint->tensors().size(), 3u);
}

TEST(Checkpoint, PrefersTheSingleFileAndSaysSo) {
  TempDirectory directory;
  directory.write(single, abFile());
  directory.write(indexFile, "broken");
  Diagnostics diagnostics;
  EXPECT_TRUE(Checkpoint::open(directory.path(), diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::TwoCheckpoints);
}

TEST(Checkpoint, SurvivesAFileThatShrinksAfterOpening) {
  TempDirectory directory;
  directory.write(single, abFile());
  Diagnostics diagnostics;
  auto checkpoint = Checkpoint::open(directory.path(), diagnostics);
  ASSERT_TRUE(checkpoint);
  ASSERT_EQ(::truncate(directory.file(single).c_str(), static_cast<off_t>(abFile().size() - 2)), 0);
  unsigned char value[3];
  EXPECT_FALSE(checkpoint->read(*checkpoint->find("b"), 0, value, 3, diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::ReadFailed);
  EXPECT_NE(diagnostics.all()[0].message.find("2 bytes missing"), std::string::npos);
}

TEST(Checkpoint, ReportsTheProblemsOfEveryShard) {
  TempDirectory directory;
  directory.write("x.safetensors", "short");
  directory.write("y.safetensors", fileBytes("[]", 0));
  directory.write(indexFile, R"({"weight_map":{"a":"x.safetensors","b":"y.safetensors","c":"z.safetensors"}})");
  Diagnostics diagnostics;
  EXPECT_FALSE(Checkpoint::open(directory.path(), diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 3u);
  EXPECT_EQ(diagnostics.all()[0].code, ErrorCode::HeaderTruncated);
  EXPECT_EQ(diagnostics.all()[1].code, ErrorCode::HeaderFirstByte);
  EXPECT_EQ(diagnostics.all()[2].code, ErrorCode::ShardMissing);
}

TEST(Checkpoint, HelpsWhenTheDirectoryHasOtherFiles) {
  struct {
    const char *file, *help;
  } cases[] = {{"model-00001-of-00002.safetensors", "index.json"}, {"pytorch_model.bin", "safetensors form"}};
  for (const auto &c : cases) {
    TempDirectory directory;
    directory.write(c.file, "x");
    Diagnostics diagnostics;
    EXPECT_FALSE(Checkpoint::open(directory.path(), diagnostics));
    ASSERT_EQ(diagnostics.all().size(), 1u);
    EXPECT_NE(diagnostics.all()[0].help.find(c.help), std::string::npos) << diagnostics.all()[0].help;
  }
}
