// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @mixture
func.func @mixture(%y: tensor<?x88xf32>, %logits: tensor<?x8xf32>, %scale: tensor<8xbf16>, %gate_up: tensor<8x44x88xbf16>,
                   %down: tensor<8x88x22xbf16>) {
  // CHECK: %[[W:.*]], %[[E:.*]] = gemma.route %{{.*}}, %{{.*}} top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  %w, %e = gemma.route %logits, %scale top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  // CHECK: gemma.experts %{{.*}}, %[[W]], %[[E]], %{{.*}}, %{{.*}} : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  %0 = gemma.experts %y, %w, %e, %gate_up, %down
     : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  // CHECK: gemma.experts {{.*}} storage <w4, group = 32> :
  %1 = gemma.experts %y, %w, %e, %gate_up, %down storage <w4, group = 32>
     : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return
}
