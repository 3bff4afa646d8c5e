// RUN: lapidary-opt %s --fuse-gated-gelu -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --fuse-gated-gelu | diff %t.once -
// RUN: FileCheck %s --check-prefix=COUNT < %t.once

// COUNT-COUNT-3: gemma.gelu_mul
// COUNT-NOT: gemma.gelu_mul

// CHECK-LABEL: func.func @gelu_on_the_left
// CHECK-SAME: (%[[GATE:.*]]: tensor<?x64xf32>, %[[UP:.*]]: tensor<?x64xf32>)
// CHECK-NEXT: %[[FUSED:.*]] = gemma.gelu_mul %[[GATE]], %[[UP]] : tensor<?x64xf32>
// CHECK-NEXT: return %[[FUSED]]
func.func @gelu_on_the_left(%gate: tensor<?x64xf32>, %up: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %a = gemma.gelu %gate : tensor<?x64xf32>
  %y = gemma.mul %a, %up : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @gelu_on_the_right
// CHECK-SAME: (%[[GATE:.*]]: tensor<1x64xf32>, %[[UP:.*]]: tensor<1x64xf32>)
// CHECK-NEXT: gemma.gelu_mul %[[GATE]], %[[UP]] : tensor<1x64xf32>
func.func @gelu_on_the_right(%gate: tensor<1x64xf32>, %up: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %a = gemma.gelu %gate : tensor<1x64xf32>
  %y = gemma.mul %up, %a : tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}

// CHECK-LABEL: func.func @two_gelus_fuse_the_left_one
// CHECK-SAME: (%[[LEFT:.*]]: tensor<?x64xf32>, %[[RIGHT:.*]]: tensor<?x64xf32>)
// CHECK-NEXT: %[[A:.*]] = gemma.gelu %[[RIGHT]]
// CHECK-NEXT: gemma.gelu_mul %[[LEFT]], %[[A]]
func.func @two_gelus_fuse_the_left_one(%left: tensor<?x64xf32>, %right: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %a = gemma.gelu %left : tensor<?x64xf32>
  %b = gemma.gelu %right : tensor<?x64xf32>
  %y = gemma.mul %a, %b : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @gelu_read_elsewhere_stays
// CHECK: gemma.gelu
// CHECK-NEXT: gemma.mul
// CHECK-NOT: gemma.gelu_mul
func.func @gelu_read_elsewhere_stays(%gate: tensor<?x64xf32>, %up: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %a = gemma.gelu %gate : tensor<?x64xf32>
  %y = gemma.mul %a, %up : tensor<?x64xf32>
  return %y, %a : tensor<?x64xf32>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @square_of_a_gelu_stays
// CHECK: gemma.mul
func.func @square_of_a_gelu_stays(%gate: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %a = gemma.gelu %gate : tensor<?x64xf32>
  %y = gemma.mul %a, %a : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
