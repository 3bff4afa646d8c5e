// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK: gemma.weight @model.norm.weight : tensor<96xbf16> shard 0 offset 1024
gemma.weight @model.norm.weight : tensor<96xbf16> shard 0 offset 1024
// CHECK: gemma.weight @experts : tensor<8x44x88xf32> shard 3 offset 0
gemma.weight @experts : tensor<8x44x88xf32> shard 3 offset 0

// CHECK-LABEL: @get_weight
func.func @get_weight() -> tensor<96xbf16> {
  // CHECK: gemma.get_weight @model.norm.weight : tensor<96xbf16>
  %w = gemma.get_weight @model.norm.weight : tensor<96xbf16>
  return %w : tensor<96xbf16>
}

// CHECK-LABEL: @concat_rows
// CHECK-SAME: (%[[Q:.*]]: tensor<64x96xbf16>, %[[K:.*]]: tensor<16x96xbf16>)
func.func @concat_rows(%q: tensor<64x96xbf16>, %k: tensor<16x96xbf16>) -> tensor<96x96xbf16> {
  // CHECK: gemma.concat_rows %[[Q]], %[[K]], %[[K]] : (tensor<64x96xbf16>, tensor<16x96xbf16>, tensor<16x96xbf16>) -> tensor<96x96xbf16>
  %qkv = gemma.concat_rows %q, %k, %k : (tensor<64x96xbf16>, tensor<16x96xbf16>, tensor<16x96xbf16>) -> tensor<96x96xbf16>
  return %qkv : tensor<96x96xbf16>
}
