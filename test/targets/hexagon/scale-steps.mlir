// RUN: lapidary-opt %s --pack-weights=target=hexagon-linux | FileCheck %s
// RUN: lapidary-opt %s --pack-weights=target=hexagon-linux+v79-device | FileCheck %s
// REQUIRES: targets

// Products read int8 scales in steps of their row, as does the embedding that shares their matrix; tables have bf16.
gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @ple : tensor<512x32xbf16> shard 0 offset 98304
// CHECK: kernel.packed_weight @w.0 sources [@embed] : !kernel.packed<512x96, <w4, group = 32, scale = i8>, "tiles16"> offset 0
// CHECK: kernel.packed_weight @w.1 sources [@ple] gathered : !kernel.packed<512x32, <w4, group = 32, scale = i8>, "rows-bf16s"> offset
func.func @tied(%ids: tensor<?xi32>, %y: !gemma.q8<? x 96, group = 32>) -> (tensor<?x512xf32>, tensor<?x96xf32>, tensor<?x32xf32>) {
  %e = gemma.get_weight @embed : tensor<512x96xbf16>
  %p = gemma.get_weight @ple : tensor<512x32xbf16>
  %x = gemma.embedding %ids, %e scale 1.0 storage <w4, group = 32, scale = i8> : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %z = gemma.embedding %ids, %p scale 1.0 storage <w4, group = 32, scale = i8> : (tensor<?xi32>, tensor<512x32xbf16>) -> tensor<?x32xf32>
  %l = gemma.linear %y, %e storage <w4, group = 32, scale = i8> : (!gemma.q8<? x 96, group = 32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %l, %x, %z : tensor<?x512xf32>, tensor<?x96xf32>, tensor<?x32xf32>
}
