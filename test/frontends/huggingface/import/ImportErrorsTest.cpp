//===- ImportErrorsTest.cpp - checkpoints that do not fit, variants --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Small checkpoints written on the spot: what no fixture has (an untied output matrix, no softcap), and the promise
// that a bad checkpoint is an error with a null module, never an assertion.
//===----------------------------------------------------------------------===//
#include "ImportTest.h"

#include "test/frontends/TinyCheckpoint.h"

namespace lapidary::test {
namespace {

TEST(ImportGemma, UsesAnUntiedOutputMatrix) {
  TinyModel tiny = tinyModel(Variant::Dense);
  std::vector<uint64_t> shape = tiny.tensor("embed_tokens.weight").shape;
  tiny.tensors.push_back({"lm_head.weight", shape});
  TempDirectory directory;
  tiny.write(directory);
  Imported model(directory.path());
  ASSERT_TRUE(model.module) << model.diagnostics.all()[0].message;
  auto weight = model.module->lookupSymbol<gemma::WeightOp>("lm_head.weight");
  ASSERT_TRUE(weight);
  gemma::LinearOp last;
  model.module->walk([&](gemma::LinearOp op) { last = op; });
  EXPECT_EQ(last.getWeight().getDefiningOp<gemma::GetWeightOp>().getWeight(), "lm_head.weight");
}

TEST(ImportGemma, LeavesOutTheSoftcapWhenThereIsNone) {
  TinyModel tiny = tinyModel(Variant::Dense);
  tiny.text()["final_logit_softcapping"] = nullptr;
  TempDirectory directory;
  tiny.write(directory);
  Imported model(directory.path());
  ASSERT_TRUE(model.module) << model.diagnostics.all()[0].message;
  EXPECT_EQ(model.count<gemma::SoftcapOp>(), 0u);
}

class ImportVariants : public testing::TestWithParam<Variant> {};

TEST_P(ImportVariants, VerifyAndUseEveryDeclaredWeight) {
  TempDirectory directory;
  tinyModel(GetParam()).write(directory);
  Imported model(directory.path());
  ASSERT_TRUE(model.module) << model.diagnostics.all()[0].message;
  EXPECT_GT(model.count<gemma::WeightOp>(), 0u);
  EXPECT_EQ(model.count<gemma::WeightOp>(), model.count<gemma::GetWeightOp>());
}

INSTANTIATE_TEST_SUITE_P(All, ImportVariants,
                         testing::Values(Variant::Dense, Variant::Edge, Variant::KeyIsValue, Variant::Moe,
                                         Variant::TextOnly));

TEST(ImportGemma, ReportsAMissingTensorAndReturnsNothing) {
  TinyModel tiny = tinyModel(Variant::Moe);
  tiny.remove("layers.1.router.scale");
  TempDirectory directory;
  tiny.write(directory);
  Imported model(directory.path());
  EXPECT_FALSE(model.module);
  ASSERT_EQ(model.diagnostics.errorCount(), 1u);
  EXPECT_EQ(model.diagnostics.all()[0].code, ErrorCode::TensorMissing);
  EXPECT_NE(model.diagnostics.all()[0].message.find("layers.1.router.scale"), std::string::npos);
}

TEST(ImportGemma, ReportsAMisshapenTensorAndReturnsNothing) {
  TinyModel tiny = tinyModel(Variant::Edge);
  tiny.tensor("layers.0.layer_scalar").shape = {2};
  TempDirectory directory;
  tiny.write(directory);
  Imported model(directory.path());
  EXPECT_FALSE(model.module);
  ASSERT_EQ(model.diagnostics.errorCount(), 1u);
  EXPECT_EQ(model.diagnostics.all()[0].code, ErrorCode::TensorShape);
}

} // namespace
} // namespace lapidary::test
