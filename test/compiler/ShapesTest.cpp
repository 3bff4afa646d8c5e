//===- ShapesTest.cpp - models that a target has no kernels for -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A head of 24 columns once compiled and computed nonsense: kernels work on whole vectors.
//===----------------------------------------------------------------------===//
#include "compiler/Inputs.h"

#include <gtest/gtest.h>

using namespace lapidary;

namespace {

ModelConfig model(uint32_t sliding, uint32_t full, uint32_t ple) {
  ModelConfig config;
  config.layers.resize(4);
  for (LayerConfig &layer : config.layers) {
    layer.headDim = sliding;
  }
  config.layers.back().global = true;
  config.layers.back().headDim = full;
  config.pleDim = ple;
  return config;
}

} // namespace

TEST(Shapes, AcceptsWhatTheKernelsTake) {
  auto targets = createAllTargets();
  ASSERT_FALSE(targets.empty());
  for (const auto &target : targets) {
    Diagnostics diagnostics;
    EXPECT_TRUE(checkShapes(model(256, 512, 256), *target, diagnostics)) << target->name().str();
    EXPECT_TRUE(checkShapes(model(256, 512, 0), *target, diagnostics)) << target->name().str();
    EXPECT_EQ(diagnostics.errorCount(), 0u);
  }
}

TEST(Shapes, RefusesEachSizeOnceByName) {
  Diagnostics diagnostics;
  auto target = createTarget("x86_64-linux", diagnostics);
  ASSERT_TRUE(target);
  EXPECT_FALSE(checkShapes(model(24, 40, 20), *target, diagnostics));
  ASSERT_EQ(diagnostics.errorCount(), 3u);
  for (const Diagnostic &error : diagnostics.all()) {
    EXPECT_EQ(error.code, ErrorCode::ShapeNotOnTarget);
    EXPECT_EQ(exitCodeOf(error.code), 2);
    EXPECT_NE(error.message.find("needs a multiple of 16"), std::string::npos) << error.message;
  }
  EXPECT_EQ(diagnostics.all()[0].message.find("hidden_size_per_layer_input is 20"), 0u);
  EXPECT_EQ(diagnostics.all()[2].message.find("the head size of sliding attention is 24"), 0u);
}
