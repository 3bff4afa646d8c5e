// RUN: lapidary-opt %s --layout-moe-experts --verify-diagnostics --split-input-file
// REQUIRES: targets

gemma.weight @down : tensor<8x88x22xbf16> shard 0 offset 61952
func.func @score(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>, %g: tensor<8x44x88xbf16>) -> tensor<?x88xf32> {
  %d = gemma.get_weight @down : tensor<8x88x22xbf16>
  // expected-error@+1 {{operand 3 is not a gemma.get_weight: only tensors of the checkpoint can be packed}}
  %m = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return %m : tensor<?x88xf32>
}
