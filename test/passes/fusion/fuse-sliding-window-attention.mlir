// RUN: lapidary-opt %s --fuse-sliding-window-attention -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: FileCheck %s --check-prefix=COUNT < %t.once
// RUN: lapidary-opt %t.once --fuse-sliding-window-attention | diff %t.once -
// RUN: lapidary-opt %s --fuse-sliding-window-attention --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOCATION

// COUNT-COUNT-2: gemma.sliding_attention
// COUNT-NOT: gemma.sliding_attention

// The query comes from a rotation: its heads are merged in front of the fused op.
// CHECK-LABEL: func.func @rotated_query
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x16xf32>, %[[KEYS:.*]]: tensor<?x2x16xf32>, %[[VALUES:.*]]: tensor<?x2x16xf32>, %[[POSITIONS:.*]]: tensor<?xi32>)
// CHECK-NEXT: %[[ROWS:.*]] = gemma.merge_heads %[[Q]] : tensor<?x4x16xf32> -> tensor<?x64xf32>
// CHECK-NEXT: %[[O:.*]] = gemma.sliding_attention %[[ROWS]], %[[KEYS]], %[[VALUES]], %[[POSITIONS]] heads 4 window 8 : (tensor<?x64xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
// CHECK-NEXT: return %[[O]]
// LOCATION: gemma.sliding_attention {{.*}} loc(fused["scores", "mask", "softmax", "mix", "merge"])
func.func @rotated_query(%q: tensor<?x4x16xf32>, %keys: tensor<?x2x16xf32>, %values: tensor<?x2x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x2x16xf32>) -> tensor<?x4x?xf32> loc("scores")
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32> loc("mask")
  %p = gemma.softmax %m : tensor<?x4x?xf32> loc("softmax")
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x2x16xf32>) -> tensor<?x4x16xf32> loc("mix")
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32> loc("merge")
  return %om : tensor<?x64xf32>
}

// The query is split rows: the fused op reads the rows.
// CHECK-LABEL: func.func @split_query
// CHECK-SAME: (%[[ROWS:.*]]: tensor<?x64xf32>,
// CHECK-NEXT: gemma.sliding_attention %[[ROWS]], {{.*}} heads 4 window 512
// CHECK-NEXT: return
func.func @split_query(%rows: tensor<?x64xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %q = gemma.split_heads %rows : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 512 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @global_mask_stays
// CHECK: gemma.head_scores
func.func @global_mask_stays(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 0 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @scores_read_elsewhere_stay
// CHECK: gemma.head_scores
func.func @scores_read_elsewhere_stay(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x4x?xf32>) {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om, %s : tensor<?x64xf32>, tensor<?x4x?xf32>
}

// CHECK-LABEL: func.func @weights_read_elsewhere_stay
// CHECK: gemma.head_scores
func.func @weights_read_elsewhere_stay(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x4x?xf32>) {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om, %p : tensor<?x64xf32>, tensor<?x4x?xf32>
}

// Keys and values of different shapes: the unfused form allows them, the fused op does not.
// CHECK-LABEL: func.func @values_wider_than_keys_stay
// CHECK: gemma.head_scores
func.func @values_wider_than_keys_stay(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x32xf32>, %positions: tensor<?xi32>) -> tensor<?x128xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x32xf32>) -> tensor<?x4x32xf32>
  %om = gemma.merge_heads %o : tensor<?x4x32xf32> -> tensor<?x128xf32>
  return %om : tensor<?x128xf32>
}
