// RUN: lapidary-opt %s --split-input-file --prune-dead-positions | FileCheck %s
// RUN: lapidary-opt %s --split-input-file --prune-dead-positions --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOCATION
//
// What a selection moves above: views, products of heads, embeddings, quantized rows, ops with two results.

gemma.weight @table : tensor<512x64xbf16> shard 0 offset 0

// The selection reaches the arguments: nothing in @step sees more than one row.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[IDS:.*]]: tensor<?xi32>, %{{.*}}: tensor<?xi32>) -> tensor<1x32xf32>
// CHECK-NEXT: %[[LAST:.*]] = gemma.select_last %[[IDS]] : tensor<?xi32> -> tensor<1xi32>
// CHECK-NEXT: %[[TABLE:.*]] = gemma.get_weight @table
// CHECK-NEXT: %[[E:.*]] = gemma.embedding %[[LAST]], %[[TABLE]] scale 8.000000e+00 : (tensor<1xi32>, tensor<512x64xbf16>) -> tensor<1x64xf32>
// CHECK-NEXT: %[[H:.*]] = gemma.split_heads %[[E]] : tensor<1x64xf32> -> tensor<1x4x16xf32>
// CHECK-NEXT: %[[N:.*]] = gemma.rms_norm %[[H]] eps {{.*}} : tensor<1x4x16xf32>
// CHECK-NEXT: %[[M:.*]] = gemma.merge_heads %[[N]] : tensor<1x4x16xf32> -> tensor<1x64xf32>
// CHECK-NEXT: %[[S:.*]] = gemma.slice_columns %[[M]] from 32 : tensor<1x64xf32> -> tensor<1x32xf32>
// CHECK-NEXT: return %[[S]] : tensor<1x32xf32>
// LOCATION: func.func @step
// LOCATION: gemma.slice_columns {{.*}} loc("slice")
// CHECK-LABEL: func.func @extend(
// CHECK-NEXT: return
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x32xf32> {
  %table = gemma.get_weight @table : tensor<512x64xbf16>
  %e = gemma.embedding %ids, %table scale 8.0 : (tensor<?xi32>, tensor<512x64xbf16>) -> tensor<?x64xf32>
  %h = gemma.split_heads %e : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %n = gemma.rms_norm %h eps 1.0e-6 : tensor<?x4x16xf32>
  %m = gemma.merge_heads %n : tensor<?x4x16xf32> -> tensor<?x64xf32>
  %s = gemma.slice_columns %m from 32 : tensor<?x64xf32> -> tensor<?x32xf32> loc("slice")
  return %s : tensor<?x32xf32>
}

// -----

gemma.weight @w : tensor<64x64xbf16> shard 0 offset 0

// Quantized rows are narrowed in their own type.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>)
// CHECK-NEXT: %[[LAST:.*]] = gemma.select_last %[[X]] : tensor<?x64xf32> -> tensor<1x64xf32>
// CHECK: %[[Q:.*]] = gemma.quantize_activation %[[LAST]] : tensor<1x64xf32> -> !gemma.q8<1x64, group = 32>
// CHECK-NEXT: gemma.linear %[[Q]], {{.*}} -> tensor<1x64xf32>
func.func @score(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = gemma.get_weight @w : tensor<64x64xbf16>
  %q = gemma.quantize_activation %x : tensor<?x64xf32> -> !gemma.q8<?x64, group = 32>
  %y = gemma.linear %q, %w storage <w4, group = 32> : (!gemma.q8<?x64, group = 32>, tensor<64x64xbf16>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

gemma.weight @scale : tensor<8xbf16> shard 0 offset 0
gemma.weight @gate_up : tensor<8x128x64xbf16> shard 0 offset 16
gemma.weight @down : tensor<8x64x64xbf16> shard 0 offset 131088

// Both results of a route are selected; the router and the experts run on one row.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[R:.*]]: tensor<?x8xf32>)
// CHECK-DAG: %[[LX:.*]] = gemma.select_last %[[X]]
// CHECK-DAG: %[[LR:.*]] = gemma.select_last %[[R]]
// CHECK: %[[W:.*]], %[[I:.*]] = gemma.route %[[LR]], {{.*}} -> (tensor<1x3xf32>, tensor<1x3xi32>)
// CHECK: gemma.experts %[[LX]], %[[W]], %[[I]], {{.*}} -> tensor<1x64xf32>
func.func @score(%x: tensor<?x64xf32>, %r: tensor<?x8xf32>) -> tensor<?x64xf32> {
  %scale = gemma.get_weight @scale : tensor<8xbf16>
  %gate_up = gemma.get_weight @gate_up : tensor<8x128x64xbf16>
  %down = gemma.get_weight @down : tensor<8x64x64xbf16>
  %w, %i = gemma.route %r, %scale top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  %y = gemma.experts %x, %w, %i, %gate_up, %down : (tensor<?x64xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x128x64xbf16>, tensor<8x64x64xbf16>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

gemma.kv_cache @kv.0 heads 1 dim 16 window 0

// Unfused attention: query rows and positions are selected, keys and values never.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[Q:.*]]: tensor<?x4x16xf32>, %[[K:.*]]: tensor<?x1x16xf32>, %[[POSITIONS:.*]]: tensor<?xi32>)
// CHECK-DAG: %[[LQ:.*]] = gemma.select_last %[[Q]] : tensor<?x4x16xf32> -> tensor<1x4x16xf32>
// CHECK-DAG: %[[LP:.*]] = gemma.select_last %[[POSITIONS]] : tensor<?xi32> -> tensor<1xi32>
// CHECK: %[[KEYS:.*]], %[[VALUES:.*]] = gemma.kv_update @kv.0, %[[K]], %[[K]], %[[POSITIONS]]
// CHECK-NEXT: %[[S:.*]] = gemma.head_scores %[[LQ]], %[[KEYS]] : (tensor<1x4x16xf32>, tensor<?x1x16xf32>) -> tensor<1x4x?xf32>
// CHECK-NEXT: %[[M:.*]] = gemma.mask_scores %[[S]], %[[LP]] window 0 : tensor<1x4x?xf32>, tensor<1xi32>
// CHECK-NEXT: %[[P:.*]] = gemma.softmax %[[M]] : tensor<1x4x?xf32>
// CHECK-NEXT: gemma.head_mix %[[P]], %[[VALUES]] : (tensor<1x4x?xf32>, tensor<?x1x16xf32>) -> tensor<1x4x16xf32>
// CHECK-LABEL: func.func @extend(
// CHECK-NEXT: gemma.kv_update
// CHECK-NEXT: return
func.func @score(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %keys, %values = gemma.kv_update @kv.0, %k, %k, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 0 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}

// -----

// A module that was pruned already, by whatever means, is left alone.
// CHECK-LABEL: func.func @score(
// CHECK-NEXT: return
// CHECK-LABEL: func.func @step(
// CHECK-NEXT: gemma.scale
// CHECK-LABEL: func.func @extend(
// CHECK-NEXT: gemma.scale
func.func @score(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
func.func @step(%x: tensor<?x64xf32>) {
  %dead = gemma.scale %x by 2.0 : tensor<?x64xf32>
  return
}
func.func @extend(%x: tensor<?x64xf32>) {
  %dead = gemma.scale %x by 2.0 : tensor<?x64xf32>
  return
}
