// RUN: lapidary-opt %s --lower-gemma-to-kernel --verify-diagnostics --split-input-file
// REQUIRES: targets

// expected-error@+1 {{has no geometry; run plan-kv-cache first}}
gemma.kv_cache @kv.0 heads 1 dim 16 window 8

// -----

gemma.weight @w : tensor<64x96xf32> shard 0 offset 0
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = gemma.get_weight @w : tensor<64x96xf32>
  // expected-error@+1 {{operand 1 is a weight that is not packed; run pack-weights first}}
  %x = gemma.embedding %ids, %w scale 1.0 : (tensor<?xi32>, tensor<64x96xf32>) -> tensor<?x96xf32>
  return %x : tensor<?x96xf32>
}

// -----

gemma.weight @w : tensor<64x96xf32> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <f32>, "tiles16"> offset 0
func.func @unfused(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = kernel.weight @p : !kernel.packed<64x96, <f32>, "tiles16">
  %x = gemma.embedding %ids, %w scale 1.0 : (tensor<?xi32>, !kernel.packed<64x96, <f32>, "tiles16">) -> tensor<?x96xf32>
  // expected-error@+1 {{has no kernel; run the fuse phase first}}
  %y = gemma.gelu %x : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

gemma.weight @w : tensor<64x96xf32> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <f32>, "tiles16"> offset 0
func.func @misaligned(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = kernel.weight @p : !kernel.packed<64x96, <f32>, "tiles16">
  %x = gemma.embedding %ids, %w scale 1.0 : (tensor<?xi32>, !kernel.packed<64x96, <f32>, "tiles16">) -> tensor<?x96xf32>
  // expected-error@+1 {{takes columns from 8, which share a group of 32 with other values; expected a multiple of 32}}
  %y = gemma.slice_columns %x from 8 : tensor<?x96xf32> -> tensor<?x16xf32>
  %z = gemma.rms_norm %y eps 1.0e-6 : tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

gemma.weight @w : tensor<64x96xf32> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <f32>, "tiles16"> offset 0
func.func @two_results(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> (tensor<?x96xf32>, tensor<?xi32>) {
  %w = kernel.weight @p : !kernel.packed<64x96, <f32>, "tiles16">
  %x = gemma.embedding %ids, %w scale 1.0 : (tensor<?xi32>, !kernel.packed<64x96, <f32>, "tiles16">) -> tensor<?x96xf32>
  // expected-error@+1 {{returns a value that no op can write to the logits buffer}}
  return %x, %ids : tensor<?x96xf32>, tensor<?xi32>
}

// -----

// expected-error@+1 {{has no body of one block}}
func.func private @external(tensor<?xi32>, tensor<?xi32>)
