// RUN: lapidary-opt %s --merge-qkv-projections -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --merge-qkv-projections | diff %t.once -

gemma.weight @wq : tensor<64x96xbf16> shard 0 offset 0
gemma.weight @wk : tensor<16x96xbf16> shard 0 offset 12288
gemma.weight @wv : tensor<16x96xbf16> shard 0 offset 15360
gemma.weight @wk32 : tensor<16x96xf32> shard 0 offset 18432
gemma.kv_cache @kv.0 heads 1 dim 16 window 8

// Declared as v, q, k; stacked as q, k, v.
// CHECK-LABEL: func.func @three_projections
// CHECK-SAME: (%[[H:[^:]*]]: tensor<?x96xf32>
// CHECK-DAG: %[[WQ:.*]] = gemma.get_weight @wq
// CHECK-DAG: %[[WK:.*]] = gemma.get_weight @wk
// CHECK-DAG: %[[WV:.*]] = gemma.get_weight @wv
// CHECK: %[[W:.*]] = gemma.concat_rows %[[WQ]], %[[WK]], %[[WV]] : (tensor<64x96xbf16>, tensor<16x96xbf16>, tensor<16x96xbf16>) -> tensor<96x96xbf16>
// CHECK-NEXT: %[[Y:.*]] = gemma.linear %[[H]], %[[W]] : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
// CHECK-NEXT: %[[Q:.*]] = gemma.slice_columns %[[Y]] from 0 : tensor<?x96xf32> -> tensor<?x64xf32>
// CHECK-NEXT: %[[K:.*]] = gemma.slice_columns %[[Y]] from 64 : tensor<?x96xf32> -> tensor<?x16xf32>
// CHECK-NEXT: %[[V:.*]] = gemma.slice_columns %[[Y]] from 80 : tensor<?x96xf32> -> tensor<?x16xf32>
// CHECK-NOT: gemma.linear
// CHECK: gemma.split_heads %[[V]]
// CHECK: gemma.split_heads %[[Q]]
// CHECK: gemma.split_heads %[[K]]
func.func @three_projections(%h: tensor<?x96xf32>, %positions: tensor<?xi32>, %wn: tensor<16xbf16>) -> tensor<?x64xf32> {
  %wv = gemma.get_weight @wv : tensor<16x96xbf16>
  %v = gemma.linear %h, %wv : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh = gemma.split_heads %v : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %vn = gemma.rms_norm %vh eps 1.0e-6 : tensor<?x1x16xf32>
  %wq = gemma.get_weight @wq : tensor<64x96xbf16>
  %q = gemma.linear %h, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %qh = gemma.split_heads %q : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %qr = gemma.norm_rotary %qh, %wn, %positions eps 1.0e-6 theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %kr = gemma.norm_rotary %kh, %wn, %positions eps 1.0e-6 theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x1x16xf32>, tensor<16xbf16>, tensor<?xi32>
  %keys, %values = gemma.kv_update @kv.0, %kr, %vn, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %qm = gemma.merge_heads %qr : tensor<?x4x16xf32> -> tensor<?x64xf32>
  %o = gemma.sliding_attention %qm, %keys, %values, %positions heads 4 window 8 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return %o : tensor<?x64xf32>
}

// Values are the raw keys: two products become one, the slice of K has two readers. Works on unfused attention too.
// CHECK-LABEL: func.func @values_from_keys
// CHECK: gemma.concat_rows %{{.*}}, %{{.*}} : (tensor<64x96xbf16>, tensor<16x96xbf16>) -> tensor<80x96xbf16>
// CHECK-NEXT: %[[Y:.*]] = gemma.linear %{{.*}} -> tensor<?x80xf32>
// CHECK-NEXT: gemma.slice_columns %[[Y]] from 0
// CHECK-NEXT: gemma.slice_columns %[[Y]] from 64
// CHECK-NOT: gemma.linear
// CHECK: return
func.func @values_from_keys(%h: tensor<?x96xf32>, %positions: tensor<?xi32>, %wn: tensor<16xbf16>) -> tensor<?x4x?xf32> {
  %wq = gemma.get_weight @wq : tensor<64x96xbf16>
  %q = gemma.linear %h, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %qh = gemma.split_heads %q : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %kn = gemma.rms_norm %kh, %wn eps 1.0e-6 : tensor<?x1x16xf32>, tensor<16xbf16>
  %kr = gemma.rotary %kn, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x1x16xf32>, tensor<?xi32>
  %vn = gemma.rms_norm %kh eps 1.0e-6 : tensor<?x1x16xf32>
  %keys, %values = gemma.kv_update @kv.0, %kr, %vn, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %s = gemma.head_scores %qh, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  return %s : tensor<?x4x?xf32>
}

// A layer that shares K/V.
// CHECK-LABEL: func.func @lone_query_stays
// CHECK: %[[W:.*]] = gemma.get_weight @wq
// CHECK-NEXT: gemma.linear %{{.*}}, %[[W]]
// CHECK-NOT: gemma.slice_columns
func.func @lone_query_stays(%h: tensor<?x96xf32>, %keys: tensor<?x1x16xf32>) -> tensor<?x4x?xf32> {
  %wq = gemma.get_weight @wq : tensor<64x96xbf16>
  %q = gemma.linear %h, %wq : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %qh = gemma.split_heads %q : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %s = gemma.head_scores %qh, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  return %s : tensor<?x4x?xf32>
}

// CHECK-LABEL: func.func @inputs_differ
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @inputs_differ(%h: tensor<?x96xf32>, %g: tensor<?x96xf32>, %positions: tensor<?xi32>) {
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %wv = gemma.get_weight @wv : tensor<16x96xbf16>
  %v = gemma.linear %g, %wv : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh = gemma.split_heads %v : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys, %values = gemma.kv_update @kv.0, %kh, %vh, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// CHECK-LABEL: func.func @element_types_differ
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @element_types_differ(%h: tensor<?x96xf32>, %positions: tensor<?xi32>) {
  %wk = gemma.get_weight @wk32 : tensor<16x96xf32>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xf32>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %wv = gemma.get_weight @wv : tensor<16x96xbf16>
  %v = gemma.linear %h, %wv : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh = gemma.split_heads %v : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys, %values = gemma.kv_update @kv.0, %kh, %vh, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// CHECK-LABEL: func.func @shared_weight
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @shared_weight(%h: tensor<?x96xf32>, %positions: tensor<?xi32>) {
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %again = gemma.get_weight @wk : tensor<16x96xbf16>
  %v = gemma.linear %h, %again : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh = gemma.split_heads %v : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys, %values = gemma.kv_update @kv.0, %kh, %vh, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// CHECK-LABEL: func.func @projection_read_elsewhere
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @projection_read_elsewhere(%h: tensor<?x96xf32>, %positions: tensor<?xi32>) -> tensor<?x16xf32> {
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %k = gemma.linear %h, %wk : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %kh = gemma.split_heads %k : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %wv = gemma.get_weight @wv : tensor<16x96xbf16>
  %v = gemma.linear %h, %wv : (tensor<?x96xf32>, tensor<16x96xbf16>) -> tensor<?x16xf32>
  %vh = gemma.split_heads %v : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %keys, %values = gemma.kv_update @kv.0, %kh, %vh, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  return %v : tensor<?x16xf32>
}
