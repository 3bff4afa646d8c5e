//===- ImportFixturesTest.cpp - every fixture imports, with exact counts ----===//
// SPDX-License-Identifier: Apache-2.0
//
// The expected numbers were counted in the fixtures' safetensors headers, not taken from the importer: tensors of the
// text model without dead K/V projections, layers that own K/V, and layers of each kind.
//===----------------------------------------------------------------------===//
#include "ImportTest.h"

namespace lapidary::test {
namespace {

struct Expected {
  const char *name;
  size_t weights, caches, sliding, global;
  bool perLayerInputs;
  size_t expertLayers;
};

std::ostream &operator<<(std::ostream &out, const Expected &expected) { return out << expected.name; }

class ImportFixtures : public testing::TestWithParam<Expected> {};

TEST_P(ImportFixtures, CountsMatchTheCheckpoint) {
  const Expected &expected = GetParam();
  Imported model(fixture(expected.name));
  ASSERT_TRUE(model.module) << (model.diagnostics.all().empty() ? "" : model.diagnostics.all()[0].message);
  size_t sliding = 0, global = 0;
  model.module->walk([&](gemma::MaskScoresOp mask) { ++(mask.getWindow() ? sliding : global); });
  size_t layers = expected.sliding + expected.global;
  EXPECT_EQ(model.count<gemma::WeightOp>(), expected.weights);
  EXPECT_EQ(model.count<gemma::GetWeightOp>(), expected.weights);
  EXPECT_EQ(model.count<gemma::KvCacheOp>(), expected.caches);
  EXPECT_EQ(model.count<gemma::KvUpdateOp>(), expected.caches);
  EXPECT_EQ(sliding, expected.sliding);
  EXPECT_EQ(global, expected.global);
  EXPECT_EQ(model.count<gemma::ScaleByWeightOp>(), layers);
  EXPECT_EQ(model.count<gemma::SliceColumnsOp>(), expected.perLayerInputs ? layers : 0);
  EXPECT_EQ(model.count<gemma::ExpertsOp>(), expected.expertLayers);
  EXPECT_EQ(model.count<gemma::SoftcapOp>(), 1u);
}

TEST_P(ImportFixtures, NamesOnlyTensorsOfTheTextModel) {
  Imported model(fixture(GetParam().name));
  ASSERT_TRUE(model.module);
  model.module->walk([&](gemma::WeightOp weight) {
    EXPECT_EQ(weight.getSymName().find("vision"), llvm::StringRef::npos) << weight.getSymName().str();
    EXPECT_EQ(weight.getSymName().find("audio"), llvm::StringRef::npos) << weight.getSymName().str();
    EXPECT_FALSE(mlir::SymbolTable::symbolKnownUseEmpty(weight, *model.module)) << weight.getSymName().str();
  });
}

constexpr Expected fixtures[] = {
    {"edge_dense_bf16", 160, 5, 8, 2, true, 0},    {"edge_dense_bf16_sharded", 160, 5, 8, 2, true, 0},
    {"edge_dense_f32", 160, 5, 8, 2, true, 0},     {"edge_dense_gqa_bf16", 191, 6, 8, 4, true, 0},
    {"edge_dense_gqa_f32", 191, 6, 8, 4, true, 0}, {"edge_mm_bf16", 160, 5, 8, 2, true, 0},
    {"edge_mm_f32", 160, 5, 8, 2, true, 0},        {"large_dense_bf16", 85, 6, 5, 1, false, 0},
    {"large_dense_f32", 85, 6, 5, 1, false, 0},    {"large_mm_bf16", 133, 6, 5, 1, false, 6},
    {"large_mm_f32", 133, 6, 5, 1, false, 6},      {"moe_bf16", 133, 6, 5, 1, false, 6},
    {"moe_f32", 133, 6, 5, 1, false, 6},           {"text_only_bf16", 160, 5, 8, 2, true, 0},
    {"text_only_f32", 160, 5, 8, 2, true, 0}};

INSTANTIATE_TEST_SUITE_P(All, ImportFixtures, testing::ValuesIn(fixtures),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace lapidary::test
