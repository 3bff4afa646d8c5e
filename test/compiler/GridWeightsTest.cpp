//===- GridWeightsTest.cpp - which weights were trained for 4 bits ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Marks in a module of weights whose values are known.
//===----------------------------------------------------------------------===//
#include "compiler/GridWeights.h"

#include "dialects/gemma/Gemma.h"
#include "test/frontends/TinyCheckpoint.h"

#include "mlir/Parser/Parser.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace lapidary;

namespace {

constexpr const char *moduleText = R"(
gemma.weight @grid : tensor<8x64xf32> shard 0 offset 0
gemma.weight @rounded : tensor<8x64xf32> shard 0 offset 2048
gemma.weight @half : tensor<8x64xf32> shard 0 offset 4096
gemma.weight @zeros : tensor<8x64xf32> shard 0 offset 6144
gemma.weight @experts : tensor<2x4x64xf32> shard 0 offset 8192
gemma.weight @narrow : tensor<8x16xf32> shard 0 offset 10240
gemma.weight @norm : tensor<64xf32> shard 0 offset 10752
)";

std::mt19937 numbers(3);

float onGrid(uint64_t) { return static_cast<float>(static_cast<int>(numbers() % 16) - 8) * 0.0625f; }
float anything(uint64_t) { return std::normal_distribution<float>()(numbers); }
float halfOnGrid(uint64_t index) { return index / 32 % 2 ? onGrid(index) : anything(index); }
float nothing(uint64_t) { return 0; }

test::TinyTensor tensor(const char *name, std::vector<uint64_t> shape, uint64_t count, float (*value)(uint64_t)) {
  std::string bytes;
  for (uint64_t i = 0; i < count; ++i) {
    bytes += test::f32Bytes(value(i));
  }
  return {name, std::move(shape), "F32", bytes};
}

class GridWeights : public testing::Test {
protected:
  GridWeights() {
    context.loadDialect<gemma::GemmaDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(moduleText, &context);
    std::vector<test::TinyTensor> tensors = {tensor("grid", {8, 64}, 512, onGrid),
                                             tensor("rounded", {8, 64}, 512, anything),
                                             tensor("half", {8, 64}, 512, halfOnGrid),
                                             tensor("zeros", {8, 64}, 512, nothing),
                                             tensor("experts", {2, 4, 64}, 512, onGrid),
                                             tensor("narrow", {8, 16}, 128, onGrid),
                                             tensor("norm", {64}, 64, onGrid)};
    directory.write("model.safetensors", test::fileBytes(tensors));
    checkpoint = Checkpoint::open(directory.path(), diagnostics);
  }

  std::set<std::string> marked() {
    std::set<std::string> names;
    for (auto weight : module->getOps<gemma::WeightOp>()) {
      if (weight.getOnGrid()) {
        names.insert(weight.getSymName().str());
      }
    }
    return names;
  }

  mlir::MLIRContext context;
  test::TempDirectory directory;
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<Checkpoint> checkpoint;
};

TEST_F(GridWeights, MatricesWhoseGroupsAreMostlyOnAGrid) {
  ASSERT_TRUE(module && checkpoint);
  ASSERT_TRUE(markGridWeights(*module, *checkpoint, diagnostics));
  EXPECT_EQ(marked(), (std::set<std::string>{"experts", "grid"}));
}

TEST_F(GridWeights, AFileThatEndsEarlyIsReported) {
  ASSERT_TRUE(module && checkpoint);
  std::filesystem::resize_file(directory.file("model.safetensors"), 1024);
  EXPECT_FALSE(markGridWeights(*module, *checkpoint, diagnostics));
  EXPECT_TRUE(diagnostics.hadError());
}

} // namespace
