// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @shapes
func.func @shapes(%x: tensor<?x64xf32>, %ids: tensor<?xi32>, %q: !gemma.q8<?x64, group = 32>) {
  // CHECK: %[[H:.*]] = gemma.split_heads %{{.*}} : tensor<?x64xf32> -> tensor<?x4x16xf32>
  %h = gemma.split_heads %x : tensor<?x64xf32> -> tensor<?x4x16xf32>
  // CHECK: gemma.merge_heads %[[H]] : tensor<?x4x16xf32> -> tensor<?x64xf32>
  %m = gemma.merge_heads %h : tensor<?x4x16xf32> -> tensor<?x64xf32>
  // CHECK: gemma.slice_columns %{{.*}} from 48 : tensor<?x64xf32> -> tensor<?x16xf32>
  %c = gemma.slice_columns %x from 48 : tensor<?x64xf32> -> tensor<?x16xf32>
  // CHECK: gemma.select_last %{{.*}} : tensor<?x64xf32> -> tensor<1x64xf32>
  %0 = gemma.select_last %x : tensor<?x64xf32> -> tensor<1x64xf32>
  // CHECK: gemma.select_last %[[H]] : tensor<?x4x16xf32> -> tensor<1x4x16xf32>
  %1 = gemma.select_last %h : tensor<?x4x16xf32> -> tensor<1x4x16xf32>
  // CHECK: gemma.select_last %{{.*}} : tensor<?xi32> -> tensor<1xi32>
  %2 = gemma.select_last %ids : tensor<?xi32> -> tensor<1xi32>
  // CHECK: gemma.select_last %{{.*}} : !gemma.q8<?x64, group = 32> -> !gemma.q8<1x64, group = 32>
  %3 = gemma.select_last %q : !gemma.q8<?x64, group = 32> -> !gemma.q8<1x64, group = 32>
  return
}
