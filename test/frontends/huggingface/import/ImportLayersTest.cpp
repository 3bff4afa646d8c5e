//===- ImportLayersTest.cpp - the text of one layer of each kind ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The unfused form is what every pass matches, so its order and operands are pinned down here: a dense layer with
// per-layer inputs, a layer that shares K/V, a mixture of experts, K used as V, and what surrounds the layers.
//===----------------------------------------------------------------------===//
#include "ImportTest.h"

#include <cmath>

namespace lapidary::test {
namespace {

/// The lines of layer `index` in @score: from its input norm's weight to the next layer's.
std::string layerText(Imported &model, int index) {
  std::string text = model.text();
  text.erase(0, text.find("func.func @score"));
  auto start = [&](int layer) { return text.find("layers." + std::to_string(layer) + ".input_layernorm.weight"); };
  return text.substr(start(index), start(index + 1) - start(index));
}

TEST(ImportedDenseLayer, FollowsTheSpecification) {
  Imported model(fixture("edge_dense_bf16"));
  ASSERT_TRUE(model.module);
  EXPECT_TRUE(
      inOrder(layerText(model, 0), {"%15 = gemma.rms_norm %1, %14 eps 9.99999997E-7",
                                    "self_attn.q_proj.weight : tensor<64x96xbf16>",
                                    "%18 = gemma.split_heads %17 : tensor<?x64xf32> -> tensor<?x4x16xf32>",
                                    "gemma.rms_norm %18, %19",
                                    "%21 = gemma.rotary %20, %arg1 theta 1.000000e+04 pairs 8 factor 1.000000e+00",
                                    "%23 = gemma.linear %15, %22",
                                    "%26 = gemma.linear %15, %25",
                                    "%29 = gemma.rms_norm %24, %28",
                                    "%30 = gemma.rotary %29, %arg1",
                                    "%31 = gemma.rms_norm %27 eps",
                                    "%keys, %values = gemma.kv_update @kv.0, %30, %31, %arg1",
                                    "%32 = gemma.head_scores %21, %keys",
                                    "%33 = gemma.mask_scores %32, %arg1 window 8",
                                    "%34 = gemma.softmax %33",
                                    "%35 = gemma.head_mix %34, %values",
                                    "%36 = gemma.merge_heads %35",
                                    "%38 = gemma.linear %36, %37",
                                    "%40 = gemma.rms_norm %38, %39",
                                    "%41 = gemma.add %1, %40",
                                    "%43 = gemma.rms_norm %41, %42",
                                    "%46 = gemma.gelu %45",
                                    "%48 = gemma.linear %43, %47",
                                    "%49 = gemma.mul %46, %48",
                                    "%54 = gemma.add %41, %53",
                                    "%57 = gemma.gelu %56",
                                    "%58 = gemma.slice_columns %13 from 0 : tensor<?x160xf32> -> tensor<?x16xf32>",
                                    "%59 = gemma.mul %57, %58",
                                    "%64 = gemma.add %54, %63",
                                    "%66 = gemma.scale_by_weight %64, %65 : tensor<?x96xf32>, tensor<1xbf16>"}));
}

TEST(ImportedDenseLayer, RotatesGlobalHeadsByAQuarter) {
  Imported model(fixture("edge_dense_bf16"));
  ASSERT_TRUE(model.module);
  EXPECT_TRUE(inOrder(layerText(model, 4), {"theta 1.000000e+06 pairs 4 factor 1.000000e+00 : tensor<?x4x32xf32>",
                                            "gemma.kv_update @kv.4", "window 0 : tensor<?x4x?xf32>"}));
}

TEST(ImportedDenseLayer, SharesKeysAndValuesOfTheLastOwnerOfItsKind) {
  Imported model(fixture("edge_dense_bf16"));
  ASSERT_TRUE(model.module);
  std::string sliding = layerText(model, 5), global = layerText(model, 9);
  EXPECT_EQ(sliding.find("k_proj"), std::string::npos);
  EXPECT_TRUE(inOrder(sliding, {"gemma.head_scores", "%keys_4", "window 8", "gemma.head_mix", "%values_5"}));
  EXPECT_TRUE(inOrder(global, {"gemma.head_scores", "%keys_6", "window 0", "gemma.head_mix", "%values_7"}));
  EXPECT_TRUE(inOrder(sliding, {"mlp.gate_proj.weight : tensor<112x96xbf16>"})); // double-wide where K/V is shared
}

TEST(ImportedMixtureLayer, RoutesTheStreamAndAddsBothBranches) {
  Imported model(fixture("moe_bf16"));
  ASSERT_TRUE(model.module);
  EXPECT_TRUE(inOrder(layerText(model, 0), {"%29 = gemma.add %1, %28",
                                            "%31 = gemma.rms_norm %29, %30",
                                            "post_feedforward_layernorm_1.weight",
                                            "%41 = gemma.rms_norm %39, %40",
                                            "router.scale",
                                            "%43 = gemma.rms_norm %29, %42",
                                            "%44 = gemma.scale %43 by 0.106600359",
                                            "router.proj.weight",
                                            "%46 = gemma.linear %44, %45",
                                            "router.per_expert_scale",
                                            "%weights, %indices = gemma.route %46, %47 top_k 3",
                                            "pre_feedforward_layernorm_2.weight",
                                            "%49 = gemma.rms_norm %29, %48",
                                            "experts.gate_up_proj",
                                            "experts.down_proj",
                                            "%52 = gemma.experts %49, %weights, %indices, %50, %51",
                                            "post_feedforward_layernorm_2.weight",
                                            "%55 = gemma.add %41, %54",
                                            "post_feedforward_layernorm.weight",
                                            "%57 = gemma.rms_norm %55, %56",
                                            "%58 = gemma.add %29, %57",
                                            "%60 = gemma.scale_by_weight %58, %59"}));
}

TEST(ImportedMixtureLayer, NormsTheKeyProjectionTwiceWhereKeyIsValue) {
  Imported model(fixture("moe_bf16"));
  ASSERT_TRUE(model.module);
  gemma::KvUpdateOp update;
  model.module->walk([&](gemma::KvUpdateOp op) { update = op.getCache() == "kv.5" ? op : update; });
  ASSERT_TRUE(update);
  auto value = update.getValue().getDefiningOp<gemma::RmsNormOp>();
  auto rotary = update.getKey().getDefiningOp<gemma::RotaryOp>();
  ASSERT_TRUE(value && rotary);
  auto key = rotary.getInput().getDefiningOp<gemma::RmsNormOp>();
  ASSERT_TRUE(key);
  EXPECT_EQ(value.getInput(), key.getInput());
  EXPECT_FALSE(value.getWeight());
  EXPECT_TRUE(key.getWeight());
}

TEST(ImportedModel, SurroundsTheLayersWithEmbeddingAndTiedOutput) {
  Imported model(fixture("edge_dense_bf16"));
  ASSERT_TRUE(model.module);
  EXPECT_TRUE(
      inOrder(model.text(), {"gemma.context = 512 : i64",
                             "gemma.hidden = 96 : i64",
                             "gemma.layers = 10 : i64",
                             "gemma.vocab = 512 : i64",
                             "gemma.kv_cache @kv.0 heads 1 dim 16 window 8",
                             "gemma.kv_cache @kv.4 heads 1 dim 32 window 0",
                             "func.func @score(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>) -> tensor<?x512xf32>",
                             "%1 = gemma.embedding %arg0, %0 scale 9.812500e+00", // sqrt(96) = 9.798 in bf16
                             "%3 = gemma.embedding %arg0, %2 scale 4.000000e+00",
                             "%6 = gemma.linear %1, %5",
                             "%7 = gemma.scale %6 by 0.102062076",
                             "%8 = gemma.split_heads %7",
                             "%10 = gemma.rms_norm %8, %9",
                             "%11 = gemma.add %4, %10",
                             "%12 = gemma.scale %11 by 0.707106769",
                             "%13 = gemma.merge_heads %12",
                             "norm.weight",
                             "%0 : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>",
                             "gemma.softcap",
                             "cap 3.000000e+01",
                             "return"}));
}

TEST(ImportedModel, KeepsTheEmbeddingScaleOfFloatTables) {
  Imported model(fixture("edge_dense_f32"));
  ASSERT_TRUE(model.module);
  gemma::EmbeddingOp embedding;
  model.module->walk([&](gemma::EmbeddingOp op) { embedding = embedding ? embedding : op; });
  EXPECT_EQ(embedding.getScale().convertToFloat(), std::sqrt(96.0f));
}

TEST(ImportedModel, LocatesOpsByLayerAndWeightsByShard) {
  Imported model(fixture("edge_dense_bf16_sharded"));
  ASSERT_TRUE(model.module);
  auto weight = model.module->lookupSymbol<gemma::WeightOp>("model.language_model.norm.weight");
  ASSERT_TRUE(weight);
  auto name = mlir::dyn_cast<mlir::NameLoc>(weight.getLoc());
  ASSERT_TRUE(name);
  EXPECT_EQ(name.getName(), "model.language_model.norm.weight");
  EXPECT_EQ(mlir::cast<mlir::FileLineColLoc>(name.getChildLoc()).getFilename().str(),
            "model-0000" + std::to_string(weight.getShard() + 1) + "-of-00005.safetensors");
  size_t inMlp = 0;
  model.module->walk([&](gemma::GeluOp op) {
    inMlp += op.getLoc() == mlir::NameLoc::get(mlir::StringAttr::get(&model.context, "layers.3.mlp"));
  });
  EXPECT_EQ(inMlp, 1u);
}

} // namespace
} // namespace lapidary::test
