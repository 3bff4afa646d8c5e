// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @embedding
func.func @embedding(%ids: tensor<?xi32>, %table: tensor<512x96xbf16>) -> tensor<?x96xf32> {
  // CHECK: gemma.embedding %{{.*}}, %{{.*}} scale 3.925000e+01 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %x = gemma.embedding %ids, %table scale 39.25 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  // CHECK: gemma.embedding %{{.*}}, %{{.*}} scale 1.000000e+00 storage <w4, group = 32> :
  %y = gemma.embedding %ids, %table scale 1.0 storage <w4, group = 32> : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  return %x : tensor<?x96xf32>
}

// CHECK-LABEL: @linear
func.func @linear(%x: tensor<?x96xf32>, %last: tensor<1x96xf32>, %w: tensor<64x96xbf16>) -> tensor<?x64xf32> {
  // CHECK: gemma.linear %{{.*}}, %{{.*}} : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  // CHECK: gemma.linear %{{.*}}, %{{.*}} storage <bf16> : (tensor<1x96xf32>, tensor<64x96xbf16>) -> tensor<1x64xf32>
  %z = gemma.linear %last, %w storage <bf16> : (tensor<1x96xf32>, tensor<64x96xbf16>) -> tensor<1x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: @quantized_linear
func.func @quantized_linear(%x: tensor<?x96xf32>, %w: tensor<64x96xbf16>, %p: !kernel.packed<64x96, <w8, group = 32>, "tiles16">) {
  // CHECK: %[[Q:.*]] = gemma.quantize_activation %{{.*}} : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<? x 96, group = 32>
  // CHECK: gemma.linear %[[Q]], %{{.*}} storage <w8> : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %y = gemma.linear %q, %w storage <w8> : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  // CHECK: gemma.linear %[[Q]], %{{.*}} storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<64x96, <w8, group = 32>, "tiles16">)
  %z = gemma.linear %q, %p storage <w8, group = 32>
     : (!gemma.q8<?x96, group = 32>, !kernel.packed<64x96, <w8, group = 32>, "tiles16">) -> tensor<?x64xf32>
  return
}
