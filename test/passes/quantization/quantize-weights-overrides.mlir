// RUN: lapidary-opt %s --quantize-weights="format=w4 overrides=*.v_proj.weight=w8,layers.1.*=f32,*.weight=w4" -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --quantize-weights="format=w4 overrides=*.v_proj.weight=w8,layers.1.*=f32,*.weight=w4" | diff %t.once -
//
// The first override that matches a name counts. A name that a pattern shares with others may be one that has to stay
// plain (the narrow weight): the pattern still decides the others.

gemma.weight @layers.0.v_proj.weight : tensor<64x96xbf16> shard 0 offset 0
gemma.weight @layers.0.o_proj.weight : tensor<64x96xbf16> shard 0 offset 12288
gemma.weight @layers.1.v_proj.weight : tensor<64x96xbf16> shard 0 offset 24576
gemma.weight @layers.1.o_proj.weight : tensor<64x96xbf16> shard 0 offset 36864
gemma.weight @narrow.weight : tensor<64x16xf32> shard 0 offset 49152
gemma.weight @lm_head.weight : tensor<512x96xbf16> shard 0 offset 53248

// CHECK-LABEL: func.func @score
// CHECK: %[[Q:.*]] = gemma.quantize_activation
// CHECK-NEXT: gemma.linear %[[Q]], {{.*}} storage <w8, group = 32>
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w4, group = 32, scale = i8>
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w8, group = 32>
// CHECK: gemma.linear {{.*}} storage <f32> : (tensor<?x96xf32>
// CHECK: gemma.linear {{.*}} storage <f32> : (tensor<?x16xf32>
// The output head is covered by the last pattern, which goes before the policy's 8 bits.
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w4, group = 32, scale = i8> : ({{.*}} -> tensor<?x512xf32>
func.func @score(%x: tensor<?x96xf32>, %n: tensor<?x16xf32>) -> (tensor<?x64xf32>, tensor<?x512xf32>) {
  %w0 = gemma.get_weight @layers.0.v_proj.weight : tensor<64x96xbf16>
  %w1 = gemma.get_weight @layers.0.o_proj.weight : tensor<64x96xbf16>
  %w2 = gemma.get_weight @layers.1.v_proj.weight : tensor<64x96xbf16>
  %w3 = gemma.get_weight @layers.1.o_proj.weight : tensor<64x96xbf16>
  %w4 = gemma.get_weight @narrow.weight : tensor<64x16xf32>
  %w5 = gemma.get_weight @lm_head.weight : tensor<512x96xbf16>
  %y0 = gemma.linear %x, %w0 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y1 = gemma.linear %x, %w1 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y2 = gemma.linear %x, %w2 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y3 = gemma.linear %x, %w3 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y4 = gemma.linear %n, %w4 : (tensor<?x16xf32>, tensor<64x16xf32>) -> tensor<?x64xf32>
  %s0 = gemma.add %y0, %y1 : tensor<?x64xf32>
  %s1 = gemma.add %s0, %y2 : tensor<?x64xf32>
  %s2 = gemma.add %s1, %y3 : tensor<?x64xf32>
  %s3 = gemma.add %s2, %y4 : tensor<?x64xf32>
  %l = gemma.linear %x, %w5 : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %s3, %l : tensor<?x64xf32>, tensor<?x512xf32>
}
