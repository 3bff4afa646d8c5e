// RUN: lapidary-opt %s --quantize-weights=format=mobile | FileCheck %s
// RUN: lapidary-opt %s --quantize-weights="format=mobile overrides=*.mlp.*=w2row,*.per_layer_model_projection.weight=w8row" | FileCheck %s --check-prefix=OVERRIDE
// RUN: lapidary-opt %s --quantize-weights=format=w2row | FileCheck %s --check-prefix=ROWS
//
// The form of mobile checkpoints: 4 bits, 8 for the gates of per-layer inputs, both with one scale for a row, whose
// products read inputs that are as good as f32 before there are static ranges.

gemma.weight @m.embed_tokens.weight : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @m.per_layer_model_projection.weight : tensor<64x96xbf16> shard 0 offset 98304
gemma.weight @m.layers.0.mlp.up_proj.weight : tensor<64x96xbf16> shard 0 offset 110592
gemma.weight @m.layers.0.per_layer_input_gate.weight : tensor<64x96xbf16> shard 0 offset 122880
gemma.weight @m.layers.0.per_layer_projection.weight : tensor<64x96xbf16> shard 0 offset 135168

// CHECK-LABEL: func.func @score
// CHECK: gemma.embedding {{.*}} storage <w4> :
// CHECK: gemma.linear {{.*}} storage <bf16> : (tensor<?x96xf32>
// CHECK: %[[Q:.*]] = gemma.quantize_activation {{.*}} -> !gemma.q8<?x96, group = 0, planes = 3>
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w4> :
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w8> :
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w8> :
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w4> : {{.*}} -> tensor<?x512xf32>

// OVERRIDE-LABEL: func.func @score
// OVERRIDE: gemma.linear {{.*}} storage <w8> : {{.*}} -> tensor<?x64xf32>
// OVERRIDE: gemma.linear {{.*}} storage <w2> :
// OVERRIDE: gemma.linear {{.*}} storage <w8> :

// ROWS-LABEL: func.func @score
// ROWS: gemma.embedding {{.*}} storage <w8> :
// ROWS: gemma.linear {{.*}} storage <w2> :
// ROWS: gemma.linear {{.*}} storage <w8> : {{.*}} -> tensor<?x512xf32>
func.func @score(%ids: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x512xf32>) {
  %table = gemma.get_weight @m.embed_tokens.weight : tensor<512x96xbf16>
  %x = gemma.embedding %ids, %table scale 9.75 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %w0 = gemma.get_weight @m.per_layer_model_projection.weight : tensor<64x96xbf16>
  %w1 = gemma.get_weight @m.layers.0.mlp.up_proj.weight : tensor<64x96xbf16>
  %w2 = gemma.get_weight @m.layers.0.per_layer_input_gate.weight : tensor<64x96xbf16>
  %w3 = gemma.get_weight @m.layers.0.per_layer_projection.weight : tensor<64x96xbf16>
  %y0 = gemma.linear %x, %w0 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y1 = gemma.linear %x, %w1 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y2 = gemma.linear %x, %w2 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y3 = gemma.linear %x, %w3 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %s0 = gemma.add %y0, %y1 : tensor<?x64xf32>
  %s1 = gemma.add %s0, %y2 : tensor<?x64xf32>
  %s2 = gemma.add %s1, %y3 : tensor<?x64xf32>
  %l = gemma.linear %x, %table : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %s2, %l : tensor<?x64xf32>, tensor<?x512xf32>
}
