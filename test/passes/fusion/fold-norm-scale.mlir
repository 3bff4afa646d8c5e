// RUN: lapidary-opt %s --fold-norm-scale -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fold-norm-scale | diff %t.once -

// CHECK-LABEL: func.func @factor_moves_into_epsilon
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[W:.*]]: tensor<96xbf16>)
// CHECK-NEXT: %[[Y:.*]] = gemma.rms_norm %[[X]], %[[W]] eps 1.250000e-01 : tensor<?x96xf32>, tensor<96xbf16>
// CHECK-NEXT: return %[[Y]]
func.func @factor_moves_into_epsilon(%x: tensor<?x96xf32>, %w: tensor<96xbf16>) -> tensor<?x96xf32> {
  %s = gemma.scale %x by 2.0 : tensor<?x96xf32>
  %y = gemma.rms_norm %s, %w eps 0.5 : tensor<?x96xf32>, tensor<96xbf16>
  return %y : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @norm_without_weight
// CHECK-NEXT: gemma.rms_norm %{{.*}} eps 2.000000e+00 : tensor<?x96xf32>
func.func @norm_without_weight(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %s = gemma.scale %x by 0.5 : tensor<?x96xf32>
  %y = gemma.rms_norm %s eps 0.5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @two_factors
// CHECK-NEXT: gemma.rms_norm %{{.*}} eps 5.000000e-01 : tensor<?x96xf32>
func.func @two_factors(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %s = gemma.scale %x by 0.5 : tensor<?x96xf32>
  %t = gemma.scale %s by 2.0 : tensor<?x96xf32>
  %y = gemma.rms_norm %t eps 0.5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// The projection of per-layer embeddings: H^-0.5, then a norm of each layer's part.
// CHECK-LABEL: func.func @through_split_heads
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[W:.*]]: tensor<24xbf16>)
// CHECK-NEXT: %[[HEADS:.*]] = gemma.split_heads %[[X]] : tensor<?x96xf32> -> tensor<?x4x24xf32>
// CHECK-NEXT: gemma.rms_norm %[[HEADS]], %[[W]] eps 2.000000e+00
func.func @through_split_heads(%x: tensor<?x96xf32>, %w: tensor<24xbf16>) -> tensor<?x4x24xf32> {
  %s = gemma.scale %x by 0.5 : tensor<?x96xf32>
  %h = gemma.split_heads %s : tensor<?x96xf32> -> tensor<?x4x24xf32>
  %y = gemma.rms_norm %h, %w eps 0.5 : tensor<?x4x24xf32>, tensor<24xbf16>
  return %y : tensor<?x4x24xf32>
}

// The router: the factor comes after the norm.
// CHECK-LABEL: func.func @factor_behind_the_norm_stays
// CHECK-NEXT: gemma.rms_norm
// CHECK-NEXT: gemma.scale
func.func @factor_behind_the_norm_stays(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %n = gemma.rms_norm %x eps 0.5 : tensor<?x96xf32>
  %y = gemma.scale %n by 0.5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @product_read_elsewhere_stays
// CHECK-NEXT: gemma.scale
// CHECK-NEXT: gemma.rms_norm
func.func @product_read_elsewhere_stays(%x: tensor<?x96xf32>) -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %s = gemma.scale %x by 0.5 : tensor<?x96xf32>
  %y = gemma.rms_norm %s eps 0.5 : tensor<?x96xf32>
  return %y, %s : tensor<?x96xf32>, tensor<?x96xf32>
}

// CHECK-LABEL: func.func @negative_factor_stays
// CHECK-NEXT: gemma.scale
func.func @negative_factor_stays(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %s = gemma.scale %x by -1.0 : tensor<?x96xf32>
  %y = gemma.rms_norm %s eps 0.5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// eps / c^2 would be infinite.
// CHECK-LABEL: func.func @tiny_factor_stays
// CHECK-NEXT: gemma.scale
func.func @tiny_factor_stays(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %s = gemma.scale %x by 1.0e-30 : tensor<?x96xf32>
  %y = gemma.rms_norm %s eps 0.5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
