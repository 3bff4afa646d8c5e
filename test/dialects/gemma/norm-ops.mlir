// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @rms_norm
func.func @rms_norm(%x: tensor<?x96xf32>, %v: tensor<?x1x16xf32>, %w: tensor<96xbf16>) {
  // CHECK: gemma.rms_norm %{{.*}}, %{{.*}} eps 9.99999997E-7 : tensor<?x96xf32>, tensor<96xbf16>
  %0 = gemma.rms_norm %x, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  // CHECK: gemma.rms_norm %{{.*}} eps 9.99999997E-7 : tensor<?x1x16xf32>
  %1 = gemma.rms_norm %v eps 1.0e-6 : tensor<?x1x16xf32>
  return
}

// CHECK-LABEL: @residual_norm
func.func @residual_norm(%x: tensor<?x96xf32>, %y: tensor<?x96xf32>, %w: tensor<96xbf16>, %s: tensor<1xbf16>) {
  // CHECK: gemma.residual_norm %{{.*}}, %{{.*}}, %{{.*}} eps 2.500000e-01 : tensor<?x96xf32>, tensor<96xbf16>
  %0 = gemma.residual_norm %x, %y, %w eps 0.25 : tensor<?x96xf32>, tensor<96xbf16>
  // CHECK: gemma.residual_norm %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} eps {{.*}} : tensor<?x96xf32>, tensor<96xbf16>, tensor<1xbf16>
  %1 = gemma.residual_norm %x, %y, %w scale %s eps 0.25 : tensor<?x96xf32>, tensor<96xbf16>, tensor<1xbf16>
  return
}

// CHECK-LABEL: @rotary
func.func @rotary(%q: tensor<?x4x16xf32>, %positions: tensor<?xi32>, %w: tensor<16xbf16>) {
  // CHECK: gemma.rotary %{{.*}}, %{{.*}} theta 1.000000e+04 pairs 8 factor 1.000000e+00 : tensor<?x4x16xf32>, tensor<?xi32>
  %0 = gemma.rotary %q, %positions theta 1.0e+04 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  // CHECK: gemma.norm_rotary %{{.*}}, %{{.*}}, %{{.*}} eps {{.*}} theta 1.000000e+06 pairs 2 factor 8.000000e+00 : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
  %1 = gemma.norm_rotary %q, %w, %positions eps 1.0e-6 theta 1.0e+06 pairs 2 factor 8.0 : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
  return
}
