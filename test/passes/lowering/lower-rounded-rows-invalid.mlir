// RUN: lapidary-opt %s --lower-gemma-to-kernel=target=cuda-sm_90 --verify-diagnostics
// REQUIRES: targets

// The norm that a residual sum would take along has a weight that is not packed: it is left alone, and refused by itself.
gemma.weight @src : tensor<96x96xbf16> shard 0 offset 0
gemma.weight @n.src : tensor<96xbf16> shard 0 offset 20000
kernel.packed_weight @m sources [@src] : !kernel.packed<96x96, <w8, group = 32>, "tiles16"> offset 0
kernel.packed_weight @n sources [@n.src] : !kernel.packed<96, <f32>, "vector"> offset 16384
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = kernel.weight @m : !kernel.packed<96x96, <w8, group = 32>, "tiles16">
  %n = kernel.weight @n : !kernel.packed<96, <f32>, "vector">
  %plain = gemma.get_weight @n.src : tensor<96xbf16>
  %x = gemma.embedding %ids, %w scale 1.0 storage <w8, group = 32> : (tensor<?xi32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  %x1 = gemma.residual_norm %x, %x, %n eps 1.0e-6 : tensor<?x96xf32>, !kernel.packed<96, <f32>, "vector">
  // expected-error@+1 {{operand 1 is a weight that is not packed; run pack-weights first}}
  %h1 = gemma.rms_norm %x1, %plain eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>
  %q1 = gemma.quantize_activation %h1 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %l = gemma.linear %q1, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  return %l : tensor<?x96xf32>
}
