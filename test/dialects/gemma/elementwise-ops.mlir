// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<?x96xf32>, %h: tensor<?x4x16xf32>, %s: tensor<1xbf16>) {
  // CHECK: gemma.add %{{.*}}, %{{.*}} : tensor<?x96xf32>
  %0 = gemma.add %x, %x : tensor<?x96xf32>
  // CHECK: gemma.mul %{{.*}}, %{{.*}} : tensor<?x4x16xf32>
  %1 = gemma.mul %h, %h : tensor<?x4x16xf32>
  // CHECK: gemma.gelu %{{.*}} : tensor<?x96xf32>
  %2 = gemma.gelu %x : tensor<?x96xf32>
  // CHECK: gemma.gelu_mul %{{.*}}, %{{.*}} : tensor<?x96xf32>
  %3 = gemma.gelu_mul %x, %x : tensor<?x96xf32>
  // CHECK: gemma.scale %{{.*}} by 5.000000e-01 : tensor<?x4x16xf32>
  %4 = gemma.scale %h by 0.5 : tensor<?x4x16xf32>
  // CHECK: gemma.scale_by_weight %{{.*}}, %{{.*}} : tensor<?x96xf32>, tensor<1xbf16>
  %5 = gemma.scale_by_weight %x, %s : tensor<?x96xf32>, tensor<1xbf16>
  // CHECK: gemma.softcap %{{.*}} cap 3.000000e+01 : tensor<?x96xf32>
  %6 = gemma.softcap %x cap 30.0 : tensor<?x96xf32>
  return
}
