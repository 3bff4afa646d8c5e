// RUN: lapidary-opt %s --split-input-file --use-checkpoint-integers --verify-diagnostics

gemma.weight @w.scale : tensor<64x2xf32> shard 0 offset 0
gemma.weight @w : tensor<64x96xi4> shard 0 offset 512 integers <offset, row_bytes = 48, group = 48, scales = @w.scale>
func.func @odd_group(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %w = gemma.get_weight @w : tensor<64x96xi4>
  // expected-error @+1 {{reads integers with a scale for 48 columns, expected a multiple of 32}}
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xi4>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

gemma.weight @w.scale : tensor<64x3xf32> shard 0 offset 0
gemma.weight @w : tensor<64x96xi4> shard 0 offset 768 integers <offset, row_bytes = 48, group = 32, scales = @w.scale>
func.func @f32_group(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %w = gemma.get_weight @w : tensor<64x96xi4>
  // expected-error @+1 {{reads integers with an f32 scale for 32 columns, expected one per row}}
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xi4>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
