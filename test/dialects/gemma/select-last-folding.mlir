// RUN: lapidary-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @one_row_already
// CHECK-SAME: (%[[X:.*]]: tensor<1x64xf32>)
func.func @one_row_already(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = gemma.select_last %x : tensor<1x64xf32> -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}

// CHECK-LABEL: @all_rows
func.func @all_rows(%x: tensor<?x64xf32>) -> tensor<1x64xf32> {
  // CHECK: gemma.select_last
  %0 = gemma.select_last %x : tensor<?x64xf32> -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}
