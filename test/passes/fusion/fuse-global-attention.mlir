// RUN: lapidary-opt %s --fuse-global-attention -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fuse-global-attention | diff %t.once -

// CHECK-LABEL: func.func @all_positions_visible
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x16xf32>, %[[KEYS:.*]]: tensor<?x1x16xf32>, %[[VALUES:.*]]: tensor<?x1x16xf32>, %[[POSITIONS:.*]]: tensor<?xi32>)
// CHECK-NEXT: %[[ROWS:.*]] = gemma.merge_heads %[[Q]]
// CHECK-NEXT: %[[O:.*]] = gemma.global_attention %[[ROWS]], %[[KEYS]], %[[VALUES]], %[[POSITIONS]] heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
// CHECK-NEXT: return %[[O]]
func.func @all_positions_visible(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 0 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @window_stays
// CHECK: gemma.mask_scores
// CHECK-NOT: gemma.global_attention
func.func @window_stays(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x64xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @mix_read_elsewhere_stays
// CHECK: gemma.mask_scores
func.func @mix_read_elsewhere_stays(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x4x16xf32>) {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %m = gemma.mask_scores %s, %positions window 0 : tensor<?x4x?xf32>, tensor<?xi32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om, %o : tensor<?x64xf32>, tensor<?x4x16xf32>
}

// CHECK-LABEL: func.func @no_mask_stays
// CHECK: gemma.head_scores
// CHECK-NEXT: gemma.softmax
func.func @no_mask_stays(%q: tensor<?x4x16xf32>, %keys: tensor<?x1x16xf32>, %values: tensor<?x1x16xf32>) -> tensor<?x64xf32> {
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %p = gemma.softmax %s : tensor<?x4x?xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %om = gemma.merge_heads %o : tensor<?x4x16xf32> -> tensor<?x64xf32>
  return %om : tensor<?x64xf32>
}
