// RUN: lapidary-opt %s --prune-dead-positions | FileCheck %s
//
// Every layer owns its K/V: only the last layer, behind its keys and values, runs on one row.

gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @norm : tensor<96xbf16> shard 0 offset 98304
gemma.weight @wq : tensor<64x96xbf16> shard 0 offset 98496
gemma.weight @wkv : tensor<32x96xbf16> shard 0 offset 110784
gemma.weight @wo : tensor<96x64xbf16> shard 0 offset 116928
gemma.weight @mlp : tensor<96x96xbf16> shard 0 offset 129216
gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.1 heads 1 dim 16 window 0

// CHECK-LABEL: func.func @step(
// CHECK: gemma.kv_update @kv.0
// CHECK-NEXT: gemma.sliding_attention {{.*}} -> tensor<?x64xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<?x96xf32>
// CHECK-NEXT: gemma.residual_norm {{.*}} : tensor<?x96xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<?x96xf32>
// CHECK-NEXT: gemma.add {{.*}} : tensor<?x96xf32>
// CHECK-NEXT: gemma.select_last
// CHECK-NEXT: gemma.rms_norm {{.*}} : tensor<?x96xf32>
// CHECK-NEXT: gemma.select_last
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<1x64xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<?x32xf32>
// CHECK: gemma.kv_update @kv.1
// CHECK-NEXT: gemma.global_attention {{.*}} -> tensor<1x64xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<1x96xf32>
// CHECK-NEXT: gemma.residual_norm {{.*}} : tensor<1x96xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<1x96xf32>
// CHECK-NEXT: gemma.add {{.*}} : tensor<1x96xf32>
// CHECK-NEXT: gemma.rms_norm {{.*}} : tensor<1x96xf32>
// CHECK-NEXT: gemma.linear {{.*}} -> tensor<1x512xf32>
// CHECK-NEXT: gemma.softcap {{.*}} : tensor<1x512xf32>

// CHECK-LABEL: func.func @extend(
// CHECK: gemma.kv_update @kv.0
// CHECK: gemma.sliding_attention
// CHECK: gemma.kv_update @kv.1
// CHECK-NEXT: return
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
  %h2 = gemma.rms_norm %x2, %norm eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %logits = gemma.linear %h2, %embed : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  %capped = gemma.softcap %logits cap 30.0 : tensor<?x512xf32>
  return %capped : tensor<?x512xf32>
}
