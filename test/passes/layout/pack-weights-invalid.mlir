// RUN: lapidary-opt %s --pack-weights --verify-diagnostics --split-input-file
// REQUIRES: targets

func.func @argument(%x: tensor<?x96xf32>, %w: tensor<64x96xbf16>) -> tensor<?x64xf32> {
  // expected-error@+1 {{operand 1 is not made of gemma.get_weight: only tensors of the checkpoint can be packed}}
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

gemma.weight @g : tensor<56x96xbf16> shard 0 offset 0
func.func @whole(%x: tensor<?x96xf32>) -> tensor<?x112xf32> {
  %g = gemma.get_weight @g : tensor<56x96xbf16>
  %gg = gemma.concat_rows %g, %g : (tensor<56x96xbf16>, tensor<56x96xbf16>) -> tensor<112x96xbf16>
  %y = gemma.linear %x, %gg : (tensor<?x96xf32>, tensor<112x96xbf16>) -> tensor<?x112xf32>
  // expected-error@+1 {{reads the product of stacked weights as a whole, expected gemma.slice_columns}}
  %z = gemma.scale %y by 2.0 : tensor<?x112xf32>
  return %z : tensor<?x112xf32>
}

// -----

gemma.weight @g : tensor<56x96xbf16> shard 0 offset 0
func.func @table(%ids: tensor<?xi32>) -> tensor<?x96xf32> {
  %g = gemma.get_weight @g : tensor<56x96xbf16>
  %gg = gemma.concat_rows %g, %g : (tensor<56x96xbf16>, tensor<56x96xbf16>) -> tensor<112x96xbf16>
  // expected-error@+1 {{reads stacked weights; only a product can}}
  %x = gemma.embedding %ids, %gg scale 1.0 : (tensor<?xi32>, tensor<112x96xbf16>) -> tensor<?x96xf32>
  return %x : tensor<?x96xf32>
}
