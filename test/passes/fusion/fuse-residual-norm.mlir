// RUN: lapidary-opt %s --fuse-residual-norm -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fuse-residual-norm | diff %t.once -
// RUN: FileCheck %s --check-prefix=COUNT < %t.once

// COUNT-COUNT-5: gemma.residual_norm
// COUNT-NOT: gemma.residual_norm

// CHECK-LABEL: func.func @norm_on_the_right
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[Y:.*]]: tensor<?x96xf32>, %[[W:.*]]: tensor<96xbf16>)
// CHECK-NEXT: %[[SUM:.*]] = gemma.residual_norm %[[X]], %[[Y]], %[[W]] eps 9.99999997E-7 : tensor<?x96xf32>, tensor<96xbf16>
// CHECK-NEXT: return %[[SUM]]
func.func @norm_on_the_right(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>) -> tensor<?x96xf32> {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %x, %n : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @norm_on_the_left
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[Y:.*]]: tensor<?x96xf32>, %[[W:.*]]: tensor<96xbf16>)
// CHECK-NEXT: gemma.residual_norm %[[X]], %[[Y]], %[[W]]
func.func @norm_on_the_left(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>) -> tensor<?x96xf32> {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %n, %x : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// The dense and the routed branch of a mixture of experts: the dense one is the residual.
// CHECK-LABEL: func.func @two_norms_keep_the_left_one
// CHECK-SAME: (%[[D:.*]]: tensor<?x96xf32>, %[[M:.*]]: tensor<?x96xf32>, %[[W1:.*]]: tensor<96xbf16>, %[[W2:.*]]: tensor<96xbf16>)
// CHECK-NEXT: %[[DENSE:.*]] = gemma.rms_norm %[[D]], %[[W1]]
// CHECK-NEXT: gemma.residual_norm %[[DENSE]], %[[M]], %[[W2]]
func.func @two_norms_keep_the_left_one(%d: tensor<?x96xf32>, %m: tensor<?x96xf32>, %w1: tensor<96xbf16>, %w2: tensor<96xbf16>) -> tensor<?x96xf32> {
  %dn = gemma.rms_norm %d, %w1 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %mn = gemma.rms_norm %m, %w2 eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %dn, %mn : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @layer_scalar_is_absorbed
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[Y:.*]]: tensor<?x96xf32>, %[[W:.*]]: tensor<96xbf16>, %[[S:.*]]: tensor<1xbf16>)
// CHECK-NEXT: gemma.residual_norm %[[X]], %[[Y]], %[[W]] scale %[[S]] eps {{.*}} : tensor<?x96xf32>, tensor<96xbf16>, tensor<1xbf16>
// CHECK-NEXT: return
func.func @layer_scalar_is_absorbed(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>, %s: tensor<1xbf16>) -> tensor<?x96xf32> {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %x, %n : tensor<?x96xf32>
  %r = gemma.scale_by_weight %a, %s : tensor<?x96xf32>, tensor<1xbf16>
  return %r : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @sum_read_elsewhere_keeps_its_scalar
// CHECK-NEXT: gemma.residual_norm %{{.*}}, %{{.*}}, %{{.*}} eps
// CHECK-NEXT: gemma.scale_by_weight
func.func @sum_read_elsewhere_keeps_its_scalar(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>, %s: tensor<1xbf16>) -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %x, %n : tensor<?x96xf32>
  %r = gemma.scale_by_weight %a, %s : tensor<?x96xf32>, tensor<1xbf16>
  return %r, %a : tensor<?x96xf32>, tensor<?x96xf32>
}

// CHECK-LABEL: func.func @norm_without_weight_stays
// CHECK-NEXT: gemma.rms_norm
// CHECK-NEXT: gemma.add
func.func @norm_without_weight_stays(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %n = gemma.rms_norm %y eps 1.0e-6 : tensor<?x96xf32>
  %a = gemma.add %x, %n : tensor<?x96xf32>
  return %a : tensor<?x96xf32>
}

// CHECK-LABEL: func.func @norm_read_elsewhere_stays
// CHECK-NEXT: gemma.rms_norm
// CHECK-NEXT: gemma.add
func.func @norm_read_elsewhere_stays(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>) -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %a = gemma.add %x, %n : tensor<?x96xf32>
  return %a, %n : tensor<?x96xf32>, tensor<?x96xf32>
}

// A norm of heads covers a part of the row: residual_norm cannot say that.
// CHECK-LABEL: func.func @norm_of_heads_stays
// CHECK-NEXT: gemma.rms_norm
// CHECK-NEXT: gemma.add
func.func @norm_of_heads_stays(%x: tensor<?x4x16xf32>, %y: tensor<?x4x16xf32>, %w: tensor<16xbf16>) -> tensor<?x4x16xf32> {
  %n = gemma.rms_norm %y, %w eps 1.0e-6 : tensor<?x4x16xf32>, tensor<16xbf16>
  %a = gemma.add %x, %n : tensor<?x4x16xf32>
  return %a : tensor<?x4x16xf32>
}
