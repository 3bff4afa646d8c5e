// RUN: lapidary-opt %s --fusion-pipeline -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fusion-pipeline | diff %t.once -
//
// The whole fuse phase on a model of two layers as the importer writes it: per-layer embeddings, a sliding layer with
// values of its own, a global layer whose values are its raw keys, a tied output head.

// CHECK-LABEL: func.func @score(
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi32>, %[[POSITIONS:.*]]: tensor<?xi32>) -> tensor<?x512xf32>
// Nothing unfused is left; the one sum of heads, of per-layer embeddings, has no fused form.
// CHECK-NOT: gemma.{{head_scores|mask_scores|softmax|head_mix|gelu |mul |rotary|scale_by_weight}}
// CHECK: %[[TABLE:.*]] = gemma.get_weight @embed_tokens.weight
// CHECK-NEXT: %[[X0:.*]] = gemma.embedding %[[IDS]], %[[TABLE]] scale
// The factor in front of the norm of projected embeddings went into its epsilon.
// CHECK: gemma.linear %[[X0]], {{.*}} -> tensor<?x64xf32>
// CHECK-NOT: gemma.scale
// CHECK: gemma.rms_norm {{.*}} eps 6.400000e-05 : tensor<?x2x32xf32>
// CHECK: gemma.scale
// CHECK: %[[PLE:.*]] = gemma.merge_heads
// CHECK: gemma.concat_rows {{.*}} : (tensor<64x96xbf16>, tensor<16x96xbf16>, tensor<16x96xbf16>) -> tensor<96x96xbf16>
// CHECK-NEXT: %[[QKV:.*]] = gemma.linear
// CHECK-NEXT: gemma.slice_columns %[[QKV]] from 0 : tensor<?x96xf32> -> tensor<?x64xf32>
// CHECK-NEXT: gemma.slice_columns %[[QKV]] from 64 : tensor<?x96xf32> -> tensor<?x16xf32>
// CHECK-NEXT: gemma.slice_columns %[[QKV]] from 80 : tensor<?x96xf32> -> tensor<?x16xf32>
// CHECK-COUNT-2: gemma.norm_rotary {{.*}}, %[[POSITIONS]] eps
// CHECK: gemma.kv_update @kv.0
// CHECK: gemma.sliding_attention {{.*}}, %[[POSITIONS]] heads 4 window 8
// CHECK: gemma.residual_norm %[[X0]]
// CHECK: gemma.concat_rows {{.*}} -> tensor<384x96xbf16>
// CHECK: gemma.gelu_mul
// CHECK: gemma.residual_norm
// CHECK: %[[PART:.*]] = gemma.slice_columns %[[PLE]] from 0 : tensor<?x64xf32> -> tensor<?x32xf32>
// CHECK-NEXT: gemma.gelu_mul {{.*}}, %[[PART]]
// CHECK: gemma.residual_norm {{.*}} scale %{{.*}} eps
// Layer 1: two projections, both attention inputs of K from one view.
// CHECK: gemma.concat_rows {{.*}} : (tensor<64x96xbf16>, tensor<16x96xbf16>) -> tensor<80x96xbf16>
// CHECK: %[[K:.*]] = gemma.slice_columns {{.*}} from 64
// CHECK: %[[KH:.*]] = gemma.split_heads %[[K]]
// CHECK: %[[KR:.*]] = gemma.norm_rotary %[[KH]]
// CHECK: %[[VN:.*]] = gemma.rms_norm %[[KH]] eps
// CHECK: gemma.kv_update @kv.1, %[[KR]], %[[VN]]
// CHECK: gemma.global_attention {{.*}}, %[[POSITIONS]] heads 4
// CHECK: gemma.linear %{{.*}}, %[[TABLE]]
// CHECK: gemma.softcap
// CHECK-NEXT: return

// @step: behind the K/V of layer 1 everything has one row.
// CHECK-LABEL: func.func @step(
// CHECK: gemma.sliding_attention {{.*}} -> tensor<?x64xf32>
// CHECK: %{{.*}}, %{{.*}} = gemma.kv_update @kv.1
// CHECK-NOT: {{gemma.linear|gemma.residual_norm|gemma.gelu_mul}}{{.*}} tensor<?x
// CHECK: gemma.global_attention {{.*}} -> tensor<1x64xf32>
// CHECK-NOT: {{gemma.linear|gemma.residual_norm|gemma.gelu_mul}}{{.*}} tensor<?x
// CHECK: return {{.*}} : tensor<1x512xf32>

// @extend: ends with the last K/V; the query of layer 1 is gone.
// CHECK-LABEL: func.func @extend(
// CHECK: gemma.kv_update @kv.0
// CHECK: gemma.sliding_attention
// CHECK-COUNT-1: gemma.norm_rotary
// CHECK-NOT: gemma.norm_rotary
// CHECK: gemma.kv_update @kv.1
// CHECK-NEXT: return
// CHECK-NEXT: }

gemma.weight @embed_tokens.weight : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @embed_tokens_per_layer.weight : tensor<512x64xbf16> shard 0 offset 98304
gemma.weight @per_layer_model_projection.weight : tensor<64x96xbf16> shard 0 offset 163840
gemma.weight @per_layer_projection_norm.weight : tensor<32xbf16> shard 0 offset 176128
gemma.weight @layers.0.input_layernorm.weight : tensor<96xbf16> shard 0 offset 176192
gemma.weight @layers.0.self_attn.q_proj.weight : tensor<64x96xbf16> shard 0 offset 176384
gemma.weight @layers.0.self_attn.q_norm.weight : tensor<16xbf16> shard 0 offset 188672
gemma.weight @layers.0.self_attn.k_proj.weight : tensor<16x96xbf16> shard 0 offset 188704
gemma.weight @layers.0.self_attn.k_norm.weight : tensor<16xbf16> shard 0 offset 191776
gemma.weight @layers.0.self_attn.v_proj.weight : tensor<16x96xbf16> shard 0 offset 191808
gemma.weight @layers.0.self_attn.o_proj.weight : tensor<96x64xbf16> shard 0 offset 194880
gemma.weight @layers.0.post_attention_layernorm.weight : tensor<96xbf16> shard 0 offset 207168
gemma.weight @layers.0.pre_feedforward_layernorm.weight : tensor<96xbf16> shard 0 offset 207360
gemma.weight @layers.0.mlp.gate_proj.weight : tensor<192x96xbf16> shard 0 offset 207552
gemma.weight @layers.0.mlp.up_proj.weight : tensor<192x96xbf16> shard 0 offset 244416
gemma.weight @layers.0.mlp.down_proj.weight : tensor<96x192xbf16> shard 0 offset 281280
gemma.weight @layers.0.post_feedforward_layernorm.weight : tensor<96xbf16> shard 0 offset 318144
gemma.weight @layers.0.per_layer_input_gate.weight : tensor<32x96xbf16> shard 0 offset 318336
gemma.weight @layers.0.per_layer_projection.weight : tensor<96x32xbf16> shard 0 offset 324480
gemma.weight @layers.0.post_per_layer_input_norm.weight : tensor<96xbf16> shard 0 offset 330624
gemma.weight @layers.0.layer_scalar : tensor<1xbf16> shard 0 offset 330816
gemma.weight @layers.1.input_layernorm.weight : tensor<96xbf16> shard 0 offset 330818
gemma.weight @layers.1.self_attn.q_proj.weight : tensor<64x96xbf16> shard 0 offset 331010
gemma.weight @layers.1.self_attn.q_norm.weight : tensor<16xbf16> shard 0 offset 343298
gemma.weight @layers.1.self_attn.k_proj.weight : tensor<16x96xbf16> shard 0 offset 343330
gemma.weight @layers.1.self_attn.k_norm.weight : tensor<16xbf16> shard 0 offset 346402
gemma.weight @layers.1.self_attn.o_proj.weight : tensor<96x64xbf16> shard 0 offset 346434
gemma.weight @layers.1.post_attention_layernorm.weight : tensor<96xbf16> shard 0 offset 358722
gemma.weight @layers.1.pre_feedforward_layernorm.weight : tensor<96xbf16> shard 0 offset 358914
gemma.weight @layers.1.mlp.gate_proj.weight : tensor<192x96xbf16> shard 0 offset 359106
gemma.weight @layers.1.mlp.up_proj.weight : tensor<192x96xbf16> shard 0 offset 395970
gemma.weight @layers.1.mlp.down_proj.weight : tensor<96x192xbf16> shard 0 offset 432834
gemma.weight @layers.1.post_feedforward_layernorm.weight : tensor<96xbf16> shard 0 offset 469698
gemma.weight @layers.1.per_layer_input_gate.weight : tensor<32x96xbf16> shard 0 offset 469890
gemma.weight @layers.1.per_layer_projection.weight : tensor<96x32xbf16> shard 0 offset 476034
gemma.weight @layers.1.post_per_layer_input_norm.weight : tensor<96xbf16> shard 0 offset 482178
gemma.weight @layers.1.layer_scalar : tensor<1xbf16> shard 0 offset 482370
gemma.weight @norm.weight : tensor<96xbf16> shard 0 offset 482372
gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.1 heads 1 dim 16 window 0

func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
  %embed = gemma.get_weight @embed_tokens.weight : tensor<512x96xbf16>
  %x0 = gemma.embedding %ids, %embed scale 9.8125 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  // Per-layer embeddings.
  %ptable = gemma.get_weight @embed_tokens_per_layer.weight : tensor<512x64xbf16>
  %pe = gemma.embedding %ids, %ptable scale 5.65625 : (tensor<?xi32>, tensor<512x64xbf16>) -> tensor<?x64xf32>
  %peh = gemma.split_heads %pe : tensor<?x64xf32> -> tensor<?x2x32xf32>
  %wpmp = gemma.get_weight @per_layer_model_projection.weight : tensor<64x96xbf16>
  %pj = gemma.linear %x0, %wpmp : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %pjs = gemma.scale %pj by 0.125 : tensor<?x64xf32>
  %pjh = gemma.split_heads %pjs : tensor<?x64xf32> -> tensor<?x2x32xf32>
  %pjw = gemma.get_weight @per_layer_projection_norm.weight : tensor<32xbf16>
  %pjn = gemma.rms_norm %pjh, %pjw eps 1.0e-6 : tensor<?x2x32xf32>, tensor<32xbf16>
  %pls = gemma.add %peh, %pjn : tensor<?x2x32xf32>
  %plsc = gemma.scale %pls by 0.70710677 : tensor<?x2x32xf32>
  %ple = gemma.merge_heads %plsc : tensor<?x2x32xf32> -> tensor<?x64xf32>
  // Layer 0: sliding.
  %in0 = gemma.get_weight @layers.0.input_layernorm.weight : tensor<96xbf16>
  %h0 = gemma.rms_norm %x0, %in0 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %wq0 = gemma.get_weight @layers.0.self_attn.q_proj.weight : tensor<64x96xbf16>
  %q0 = gemma.linear %h0, %wq0 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %qh0 = gemma.split_heads %q0 : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %qnw0 = gemma.get_weight @layers.0.self_attn.q_norm.weight : tensor<16xbf16>
  %qn0 = gemma.rms_norm %qh0, %qnw0 eps 1.0e-6 : tensor<?x4x16xf32>, tensor<16xbf16>
  %qr0 = gemma.rotary %qn0, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  %wk0 = gemma.get_weight @layers.0.self_attn.k_proj.weight : tensor<16x96xbf16>
  %k0 = gemma.linear %h0, %wk0 : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh0 = gemma.split_heads %k0 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %knw0 = gemma.get_weight @layers.0.self_attn.k_norm.weight : tensor<16xbf16>
  %kn0 = gemma.rms_norm %kh0, %knw0 eps 1.0e-6 : tensor<?x1x16xf32>, tensor<16xbf16>
  %kr0 = gemma.rotary %kn0, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x1x16xf32>, tensor<?xi32>
  %wv0 = gemma.get_weight @layers.0.self_attn.v_proj.weight : tensor<16x96xbf16>
  %v0 = gemma.linear %h0, %wv0 : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh0 = gemma.split_heads %v0 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %vn0 = gemma.rms_norm %vh0 eps 1.0e-6 : tensor<?x1x16xf32>
  %keys0, %values0 = gemma.kv_update @kv.0, %kr0, %vn0, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %s0 = gemma.head_scores %qr0, %keys0 : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m0 = gemma.mask_scores %s0, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %p0 = gemma.softmax %m0 : tensor<?x4x?xf32>
  %o0 = gemma.head_mix %p0, %values0 : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om0 = gemma.merge_heads %o0 : tensor<?x4x16xf32> -> tensor<?x64xf32>
  %wo0 = gemma.get_weight @layers.0.self_attn.o_proj.weight : tensor<96x64xbf16>
  %a0 = gemma.linear %om0, %wo0 : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %paw0 = gemma.get_weight @layers.0.post_attention_layernorm.weight : tensor<96xbf16>
  %an0 = gemma.rms_norm %a0, %paw0 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %y0 = gemma.add %x0, %an0 : tensor<?x96xf32>
  %pfw0 = gemma.get_weight @layers.0.pre_feedforward_layernorm.weight : tensor<96xbf16>
  %f0 = gemma.rms_norm %y0, %pfw0 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %wg0 = gemma.get_weight @layers.0.mlp.gate_proj.weight : tensor<192x96xbf16>
  %g0 = gemma.linear %f0, %wg0 : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %ga0 = gemma.gelu %g0 : tensor<?x192xf32>
  %wu0 = gemma.get_weight @layers.0.mlp.up_proj.weight : tensor<192x96xbf16>
  %u0 = gemma.linear %f0, %wu0 : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %gu0 = gemma.mul %ga0, %u0 : tensor<?x192xf32>
  %wd0 = gemma.get_weight @layers.0.mlp.down_proj.weight : tensor<96x192xbf16>
  %d0 = gemma.linear %gu0, %wd0 : (tensor<?x192xf32>, tensor<96x192xbf16>) -> tensor<?x96xf32>
  %pofw0 = gemma.get_weight @layers.0.post_feedforward_layernorm.weight : tensor<96xbf16>
  %dn0 = gemma.rms_norm %d0, %pofw0 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %z0 = gemma.add %y0, %dn0 : tensor<?x96xf32>
  %wpg0 = gemma.get_weight @layers.0.per_layer_input_gate.weight : tensor<32x96xbf16>
  %pg0 = gemma.linear %z0, %wpg0 : (tensor<?x96xf32>, tensor<32x96xbf16>) -> tensor<?x32xf32>
  %pa0 = gemma.gelu %pg0 : tensor<?x32xf32>
  %pl0 = gemma.slice_columns %ple from 0 : tensor<?x64xf32> -> tensor<?x32xf32>
  %pm0 = gemma.mul %pa0, %pl0 : tensor<?x32xf32>
  %wpp0 = gemma.get_weight @layers.0.per_layer_projection.weight : tensor<96x32xbf16>
  %pp0 = gemma.linear %pm0, %wpp0 : (tensor<?x32xf32>, tensor<96x32xbf16>) -> tensor<?x96xf32>
  %ppw0 = gemma.get_weight @layers.0.post_per_layer_input_norm.weight : tensor<96xbf16>
  %pn0 = gemma.rms_norm %pp0, %ppw0 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %v20 = gemma.add %z0, %pn0 : tensor<?x96xf32>
  %ls0 = gemma.get_weight @layers.0.layer_scalar : tensor<1xbf16>
  %x1 = gemma.scale_by_weight %v20, %ls0 : tensor<?x96xf32>, tensor<1xbf16>
  // Layer 1: global, values are the raw keys.
  %in1 = gemma.get_weight @layers.1.input_layernorm.weight : tensor<96xbf16>
  %h1 = gemma.rms_norm %x1, %in1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %wq1 = gemma.get_weight @layers.1.self_attn.q_proj.weight : tensor<64x96xbf16>
  %q1 = gemma.linear %h1, %wq1 : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %qh1 = gemma.split_heads %q1 : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %qnw1 = gemma.get_weight @layers.1.self_attn.q_norm.weight : tensor<16xbf16>
  %qn1 = gemma.rms_norm %qh1, %qnw1 eps 1.0e-6 : tensor<?x4x16xf32>, tensor<16xbf16>
  %qr1 = gemma.rotary %qn1, %positions theta 1.0e+06 pairs 2 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  %wk1 = gemma.get_weight @layers.1.self_attn.k_proj.weight : tensor<16x96xbf16>
  %k1 = gemma.linear %h1, %wk1 : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh1 = gemma.split_heads %k1 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %knw1 = gemma.get_weight @layers.1.self_attn.k_norm.weight : tensor<16xbf16>
  %kn1 = gemma.rms_norm %kh1, %knw1 eps 1.0e-6 : tensor<?x1x16xf32>, tensor<16xbf16>
  %kr1 = gemma.rotary %kn1, %positions theta 1.0e+06 pairs 2 factor 1.0 : tensor<?x1x16xf32>, tensor<?xi32>
  %vh1 = gemma.split_heads %k1 : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %vn1 = gemma.rms_norm %vh1 eps 1.0e-6 : tensor<?x1x16xf32>
  %keys1, %values1 = gemma.kv_update @kv.1, %kr1, %vn1, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %s1 = gemma.head_scores %qr1, %keys1 : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m1 = gemma.mask_scores %s1, %positions window 0 : tensor<?x4x?xf32>, tensor<?xi32>
  %p1 = gemma.softmax %m1 : tensor<?x4x?xf32>
  %o1 = gemma.head_mix %p1, %values1 : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om1 = gemma.merge_heads %o1 : tensor<?x4x16xf32> -> tensor<?x64xf32>
  %wo1 = gemma.get_weight @layers.1.self_attn.o_proj.weight : tensor<96x64xbf16>
  %a1 = gemma.linear %om1, %wo1 : (tensor<?x64xf32>, tensor<96x64xbf16>) -> tensor<?x96xf32>
  %paw1 = gemma.get_weight @layers.1.post_attention_layernorm.weight : tensor<96xbf16>
  %an1 = gemma.rms_norm %a1, %paw1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %y1 = gemma.add %x1, %an1 : tensor<?x96xf32>
  %pfw1 = gemma.get_weight @layers.1.pre_feedforward_layernorm.weight : tensor<96xbf16>
  %f1 = gemma.rms_norm %y1, %pfw1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %wg1 = gemma.get_weight @layers.1.mlp.gate_proj.weight : tensor<192x96xbf16>
  %g1 = gemma.linear %f1, %wg1 : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %ga1 = gemma.gelu %g1 : tensor<?x192xf32>
  %wu1 = gemma.get_weight @layers.1.mlp.up_proj.weight : tensor<192x96xbf16>
  %u1 = gemma.linear %f1, %wu1 : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %gu1 = gemma.mul %ga1, %u1 : tensor<?x192xf32>
  %wd1 = gemma.get_weight @layers.1.mlp.down_proj.weight : tensor<96x192xbf16>
  %d1 = gemma.linear %gu1, %wd1 : (tensor<?x192xf32>, tensor<96x192xbf16>) -> tensor<?x96xf32>
  %pofw1 = gemma.get_weight @layers.1.post_feedforward_layernorm.weight : tensor<96xbf16>
  %dn1 = gemma.rms_norm %d1, %pofw1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %z1 = gemma.add %y1, %dn1 : tensor<?x96xf32>
  %wpg1 = gemma.get_weight @layers.1.per_layer_input_gate.weight : tensor<32x96xbf16>
  %pg1 = gemma.linear %z1, %wpg1 : (tensor<?x96xf32>, tensor<32x96xbf16>) -> tensor<?x32xf32>
  %pa1 = gemma.gelu %pg1 : tensor<?x32xf32>
  %pl1 = gemma.slice_columns %ple from 32 : tensor<?x64xf32> -> tensor<?x32xf32>
  %pm1 = gemma.mul %pa1, %pl1 : tensor<?x32xf32>
  %wpp1 = gemma.get_weight @layers.1.per_layer_projection.weight : tensor<96x32xbf16>
  %pp1 = gemma.linear %pm1, %wpp1 : (tensor<?x32xf32>, tensor<96x32xbf16>) -> tensor<?x96xf32>
  %ppw1 = gemma.get_weight @layers.1.post_per_layer_input_norm.weight : tensor<96xbf16>
  %pn1 = gemma.rms_norm %pp1, %ppw1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %v21 = gemma.add %z1, %pn1 : tensor<?x96xf32>
  %ls1 = gemma.get_weight @layers.1.layer_scalar : tensor<1xbf16>
  %x2 = gemma.scale_by_weight %v21, %ls1 : tensor<?x96xf32>, tensor<1xbf16>
  // The output head is the token table.
  %nw = gemma.get_weight @norm.weight : tensor<96xbf16>
  %hn = gemma.rms_norm %x2, %nw eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %table = gemma.get_weight @embed_tokens.weight : tensor<512x96xbf16>
  %lg = gemma.linear %hn, %table : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  %cap = gemma.softcap %lg cap 30.0 : tensor<?x512xf32>
  return %cap : tensor<?x512xf32>
}
