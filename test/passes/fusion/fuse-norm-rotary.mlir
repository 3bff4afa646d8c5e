// RUN: lapidary-opt %s --fuse-norm-rotary -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fuse-norm-rotary | diff %t.once -
// RUN: FileCheck %s --check-prefix=COUNT < %t.once
// RUN: lapidary-opt %s --fuse-norm-rotary --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOCATION

// COUNT-COUNT-1: gemma.norm_rotary
// COUNT-NOT: gemma.norm_rotary

// CHECK-LABEL: func.func @norm_then_rotary
// CHECK-SAME: (%[[Q:.*]]: tensor<?x4x16xf32>, %[[W:.*]]: tensor<16xbf16>, %[[POSITIONS:.*]]: tensor<?xi32>)
// CHECK-NEXT: %[[FUSED:.*]] = gemma.norm_rotary %[[Q]], %[[W]], %[[POSITIONS]] eps 9.99999997E-7 theta 1.000000e+06 pairs 4 factor 2.000000e+00 :
// CHECK-NEXT: return %[[FUSED]]
// LOCATION: gemma.norm_rotary {{.*}} loc(fused["norm", "rotary"])
func.func @norm_then_rotary(%q: tensor<?x4x16xf32>, %w: tensor<16xbf16>, %positions: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %n = gemma.rms_norm %q, %w eps 1.0e-6 : tensor<?x4x16xf32>, tensor<16xbf16> loc("norm")
  %r = gemma.rotary %n, %positions theta 1.0e+06 pairs 4 factor 2.0 : tensor<?x4x16xf32>, tensor<?xi32> loc("rotary")
  return %r : tensor<?x4x16xf32>
}

// CHECK-LABEL: func.func @norm_without_weight_stays
// CHECK: gemma.rms_norm
// CHECK-NEXT: gemma.rotary
func.func @norm_without_weight_stays(%q: tensor<?x4x16xf32>, %positions: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %n = gemma.rms_norm %q eps 1.0e-6 : tensor<?x4x16xf32>
  %r = gemma.rotary %n, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  return %r : tensor<?x4x16xf32>
}

// CHECK-LABEL: func.func @norm_read_elsewhere_stays
// CHECK: gemma.rms_norm
// CHECK-NEXT: gemma.rotary
func.func @norm_read_elsewhere_stays(%q: tensor<?x4x16xf32>, %w: tensor<16xbf16>, %positions: tensor<?xi32>) -> (tensor<?x4x16xf32>, tensor<?x4x16xf32>) {
  %n = gemma.rms_norm %q, %w eps 1.0e-6 : tensor<?x4x16xf32>, tensor<16xbf16>
  %r = gemma.rotary %n, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  return %r, %n : tensor<?x4x16xf32>, tensor<?x4x16xf32>
}
