// RUN: lapidary-opt %s --quantize-weights=format=w4 | FileCheck %s
// RUN: lapidary-opt %s --quantize-weights="format=w8 overrides=*=w4" | FileCheck %s
// RUN: lapidary-opt %s --quantize-weights=format=mobile | FileCheck %s --check-prefix=MOBILE
//
// Scales of 4-bit groups take 8 bits where weights are rounded, and stay bf16 where they are integers times scales of
// bf16 already. One such weight decides for all that are stored with it.

gemma.weight @q : tensor<64x96xbf16> shard 0 offset 0
gemma.weight @k : tensor<32x96xbf16> shard 0 offset 12288 {on_grid}
gemma.weight @o : tensor<96x64xbf16> shard 0 offset 18432
gemma.weight @gate : tensor<64x96xbf16> shard 0 offset 30720 {on_grid}
gemma.weight @gate_up : tensor<8x64x96xbf16> shard 0 offset 43008
gemma.weight @down : tensor<8x96x32xbf16> shard 0 offset 141312
gemma.weight @per_layer : tensor<512x64xbf16> shard 0 offset 190464

// CHECK-LABEL: func.func @products
// CHECK: %[[QK:.*]] = gemma.concat_rows
// CHECK: gemma.linear %{{.*}}, %[[QK]] storage <w4, group = 32> :
// CHECK: %[[O:.*]] = gemma.get_weight @o
// CHECK: gemma.linear %{{.*}}, %[[O]] storage <w4, group = 32, scale = i8> :
// CHECK: %[[GATE:.*]] = gemma.get_weight @gate :
// CHECK: gemma.linear %{{.*}}, %[[GATE]] storage <w4, group = 32> :
// MOBILE-LABEL: func.func @products
// MOBILE-NOT: scale = i8
func.func @products(%x: tensor<?x96xf32>, %a: tensor<?x64xf32>) -> (tensor<?x96xf32>, tensor<?x96xf32>, tensor<?x64xf32>) {
  %q = gemma.get_weight @q : tensor<64x96xbf16>
  %k = gemma.get_weight @k : tensor<32x96xbf16>
  %qk = gemma.concat_rows %q, %k : (tensor<64x96xbf16>, tensor<32x96xbf16>) -> tensor<96x96xbf16>
  %y = gemma.linear %x, %qk : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %n = gemma.add %x, %y : tensor<?x96xf32>
  %o = gemma.get_weight @o : tensor<96x64xbf16>
  %z = gemma.linear %a, %o : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %m = gemma.add %x, %z : tensor<?x96xf32>
  %g = gemma.get_weight @gate : tensor<64x96xbf16>
  %u = gemma.linear %x, %g : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %w = gemma.gelu_mul %u, %a : tensor<?x64xf32>
  return %n, %m, %w : tensor<?x96xf32>, tensor<?x96xf32>, tensor<?x64xf32>
}

// Experts have groups in the mobile form, too. Of per-layer embeddings single rows are read.
// CHECK-LABEL: func.func @experts
// CHECK: gemma.experts {{.*}} storage <w4, group = 32, scale = i8>
// CHECK: gemma.embedding {{.*}} storage <w4, group = 32> :
// MOBILE-LABEL: func.func @experts
// MOBILE: gemma.experts {{.*}} storage <w4, group = 32, scale = i8>
func.func @experts(%x: tensor<?x96xf32>, %weights: tensor<?x3xf32>, %indices: tensor<?x3xi32>, %ids: tensor<?xi32>)
    -> (tensor<?x96xf32>, tensor<?x2x32xf32>) {
  %gu = gemma.get_weight @gate_up : tensor<8x64x96xbf16>
  %d = gemma.get_weight @down : tensor<8x96x32xbf16>
  %y = gemma.experts %x, %weights, %indices, %gu, %d : (tensor<?x96xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x64x96xbf16>, tensor<8x96x32xbf16>) -> tensor<?x96xf32>
  %t = gemma.get_weight @per_layer : tensor<512x64xbf16>
  %e = gemma.embedding %ids, %t scale 8.0 : (tensor<?xi32>, tensor<512x64xbf16>) -> tensor<?x64xf32>
  %s = gemma.split_heads %e : tensor<?x64xf32> -> tensor<?x2x32xf32>
  return %y, %s : tensor<?x96xf32>, tensor<?x2x32xf32>
}
