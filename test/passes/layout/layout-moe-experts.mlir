// RUN: lapidary-opt %s --layout-moe-experts=target=x86_64-linux | FileCheck %s
// RUN: lapidary-opt %s --layout-moe-experts --layout-moe-experts | FileCheck %s
// REQUIRES: targets

gemma.weight @gate_up : tensor<8x44x88xbf16> shard 0 offset 0
gemma.weight @down : tensor<8x88x22xbf16> shard 0 offset 61952
// CHECK: kernel.packed_weight @w.0 sources [@gate_up] : !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated"> offset 0
// CHECK: kernel.packed_weight @w.1 sources [@down] : !kernel.packed<8x88x22, <w4, group = 32>, "tiles16"> offset 0
// CHECK-NOT: kernel.packed_weight

// Both functions use the same two symbols.
// CHECK-LABEL: func.func @score
func.func @score(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>) -> tensor<?x88xf32> {
  %g = gemma.get_weight @gate_up : tensor<8x44x88xbf16>
  %d = gemma.get_weight @down : tensor<8x88x22xbf16>
  // CHECK: %[[GATE_UP:.*]] = kernel.weight @w.0
  // CHECK: %[[DOWN:.*]] = kernel.weight @w.1
  // CHECK: gemma.experts %{{.*}}, %{{.*}}, %{{.*}}, %[[GATE_UP]], %[[DOWN]] storage <w4, group = 32>
  // CHECK-NOT: gemma.get_weight
  %m = gemma.experts %y, %w, %e, %g, %d storage <w4, group = 32> : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return %m : tensor<?x88xf32>
}

// CHECK-LABEL: func.func @step
func.func @step(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>) -> tensor<?x88xf32> {
  %g = gemma.get_weight @gate_up : tensor<8x44x88xbf16>
  %d = gemma.get_weight @down : tensor<8x88x22xbf16>
  // CHECK: kernel.weight @w.0
  // CHECK: kernel.weight @w.1
  %m = gemma.experts %y, %w, %e, %g, %d storage <w4, group = 32> : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return %m : tensor<?x88xf32>
}
