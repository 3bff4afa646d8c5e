// RUN: lapidary-opt %s --prune-dead-positions -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --prune-dead-positions | diff %t.once -
//
// Four layers, of which the upper two read the caches of the lower two. @step runs the upper layers, and the part of
// layer 1 behind its K/V, on one row; @extend has no trace of them.

gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @norm : tensor<96xbf16> shard 0 offset 98304
gemma.weight @wq : tensor<64x96xbf16> shard 0 offset 98496
gemma.weight @wkv : tensor<32x96xbf16> shard 0 offset 110784
gemma.weight @wo : tensor<96x64xbf16> shard 0 offset 116928
gemma.weight @mlp : tensor<96x96xbf16> shard 0 offset 129216
gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.1 heads 1 dim 16 window 0

// Weights stay declared, @score stays as it was.
// CHECK: gemma.weight @wo
// CHECK-LABEL: func.func @score(
// CHECK-NOT: gemma.select_last
// CHECK-NOT: tensor<1x
// CHECK: return {{.*}} : tensor<?x512xf32>

// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi32>, %[[POSITIONS:.*]]: tensor<?xi32>) -> tensor<1x512xf32>
// CHECK: %[[LAST_POSITION:.*]] = gemma.select_last %[[POSITIONS]] : tensor<?xi32> -> tensor<1xi32>
// CHECK-NOT: gemma.select_last
// Layer 0 feeds the keys of layer 1: all rows.
// CHECK: gemma.embedding %[[IDS]]
// CHECK: gemma.kv_update @kv.0
// CHECK: gemma.sliding_attention {{.*}} -> tensor<?x64xf32>
// CHECK-NOT: gemma.select_last
// CHECK: %[[X1:.*]] = gemma.add {{.*}} : tensor<?x96xf32>
// CHECK-NEXT: %[[RESIDUAL:.*]] = gemma.select_last %[[X1]] : tensor<?x96xf32> -> tensor<1x96xf32>
// Layer 1: its keys need all rows, the rest one.
// CHECK-NEXT: %[[H1:.*]] = gemma.rms_norm %[[X1]], {{.*}} : tensor<?x96xf32>
// CHECK-NEXT: %[[LAST:.*]] = gemma.select_last %[[H1]] : tensor<?x96xf32> -> tensor<1x96xf32>
// CHECK-NEXT: %[[Q1:.*]] = gemma.linear %[[LAST]], {{.*}} -> tensor<1x64xf32>
// CHECK-NEXT: gemma.linear %[[H1]], {{.*}} -> tensor<?x32xf32>
// CHECK: %[[KEYS:.*]], %[[VALUES:.*]] = gemma.kv_update @kv.1, {{.*}}, %[[POSITIONS]] : tensor<?x1x16xf32>
// CHECK-NEXT: gemma.global_attention %[[Q1]], %[[KEYS]], %[[VALUES]], %[[LAST_POSITION]] heads 4 : (tensor<1x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<1xi32>) -> tensor<1x64xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<1x96xf32>
// CHECK-NEXT: gemma.residual_norm %[[RESIDUAL]], {{.*}} : tensor<1x96xf32>
// From here on nothing has token rows but K/V.
// CHECK-NOT: gemma.select_last
// CHECK-NOT: gemma.kv_update
// CHECK-NOT: tensor<?x96xf32>
// CHECK-NOT: tensor<?x64xf32>
// CHECK: gemma.sliding_attention {{.*}}, %[[LAST_POSITION]] heads 4 window 8 : (tensor<1x64xf32>
// CHECK-NOT: tensor<?x96xf32>
// CHECK-NOT: tensor<?x64xf32>
// CHECK: gemma.global_attention {{.*}}, %[[KEYS]], %[[VALUES]], %[[LAST_POSITION]] heads 4 : (tensor<1x64xf32>
// CHECK-NOT: tensor<?x96xf32>
// CHECK-NOT: tensor<?x64xf32>
// CHECK: gemma.linear {{.*}} : (tensor<1x96xf32>, tensor<512x96xbf16>) -> tensor<1x512xf32>
// CHECK-NEXT: %[[CAPPED:.*]] = gemma.softcap {{.*}} : tensor<1x512xf32>
// CHECK-NEXT: return %[[CAPPED]] : tensor<1x512xf32>

// CHECK-LABEL: func.func @extend(
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi32>, %[[POSITIONS:.*]]: tensor<?xi32>) {
// CHECK-NOT: gemma.select_last
// CHECK: gemma.kv_update @kv.0
// CHECK-NEXT: gemma.sliding_attention
// CHECK-NEXT: gemma.linear
// CHECK-NEXT: gemma.residual_norm
// CHECK-NEXT: gemma.linear
// CHECK-NEXT: gemma.add
// CHECK-NEXT: gemma.rms_norm
// CHECK-NEXT: gemma.linear
// CHECK-NEXT: gemma.slice_columns
// CHECK-NEXT: gemma.slice_columns
// CHECK-NEXT: gemma.split_heads
// CHECK-NEXT: gemma.split_heads
// CHECK-NEXT: gemma.kv_update @kv.1
// CHECK-NEXT: return
// CHECK-NEXT: }
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
  %embed = gemma.get_weight @embed : tensor<512x96xbf16>
  %norm = gemma.get_weight @norm : tensor<96xbf16>
  %wq = gemma.get_weight @wq : tensor<64x96xbf16>
  %wkv = gemma.get_weight @wkv : tensor<32x96xbf16>
  %wo = gemma.get_weight @wo : tensor<96x64xbf16>
  %mlp = gemma.get_weight @mlp : tensor<96x96xbf16>
  %x0 = gemma.embedding %ids, %embed scale 9.75 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  // Layer 0: owns @kv.0.
  %h0 = gemma.rms_norm %x0, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %q0 = gemma.linear %h0, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y0 = gemma.linear %h0, %wkv : (tensor<?x96xf32>, tensor<32x96xbf16>) -> tensor<?x32xf32>
  %k0 = gemma.slice_columns %y0 from 0 : tensor<?x32xf32> -> tensor<?x16xf32>
  %v0 = gemma.slice_columns %y0 from 16 : tensor<?x32xf32> -> tensor<?x16xf32>
  %kh0 = gemma.split_heads %k0 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %vh0 = gemma.split_heads %v0 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys0, %values0 = gemma.kv_update @kv.0, %kh0, %vh0, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %o0 = gemma.sliding_attention %q0, %keys0, %values0, %positions heads 4 window 8 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %a0 = gemma.linear %o0, %wo : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %r0 = gemma.residual_norm %x0, %a0, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %d0 = gemma.linear %r0, %mlp : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %x1 = gemma.add %r0, %d0 : tensor<?x96xf32>
  // Layer 1: owns @kv.1.
  %h1 = gemma.rms_norm %x1, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %q1 = gemma.linear %h1, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y1 = gemma.linear %h1, %wkv : (tensor<?x96xf32>, tensor<32x96xbf16>) -> tensor<?x32xf32>
  %k1 = gemma.slice_columns %y1 from 0 : tensor<?x32xf32> -> tensor<?x16xf32>
  %v1 = gemma.slice_columns %y1 from 16 : tensor<?x32xf32> -> tensor<?x16xf32>
  %kh1 = gemma.split_heads %k1 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %vh1 = gemma.split_heads %v1 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys1, %values1 = gemma.kv_update @kv.1, %kh1, %vh1, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %o1 = gemma.global_attention %q1, %keys1, %values1, %positions heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %a1 = gemma.linear %o1, %wo : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %r1 = gemma.residual_norm %x1, %a1, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %d1 = gemma.linear %r1, %mlp : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %x2 = gemma.add %r1, %d1 : tensor<?x96xf32>
  // Layer 2: reads @kv.0.
  %h2 = gemma.rms_norm %x2, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %q2 = gemma.linear %h2, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %o2 = gemma.sliding_attention %q2, %keys0, %values0, %positions heads 4 window 8 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %a2 = gemma.linear %o2, %wo : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %r2 = gemma.residual_norm %x2, %a2, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %d2 = gemma.linear %r2, %mlp : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %x3 = gemma.add %r2, %d2 : tensor<?x96xf32>
  // Layer 3: reads @kv.1.
  %h3 = gemma.rms_norm %x3, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %q3 = gemma.linear %h3, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %o3 = gemma.global_attention %q3, %keys1, %values1, %positions heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %a3 = gemma.linear %o3, %wo : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %r3 = gemma.residual_norm %x3, %a3, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %d3 = gemma.linear %r3, %mlp : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %x4 = gemma.add %r3, %d3 : tensor<?x96xf32>
  %h4 = gemma.rms_norm %x4, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %logits = gemma.linear %h4, %embed : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  %capped = gemma.softcap %logits cap 30.0 : tensor<?x512xf32>
  return %capped : tensor<?x512xf32>
}
