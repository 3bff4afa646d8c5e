// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=x86_64-linux chunk=10" | FileCheck %s
// REQUIRES: targets

gemma.weight @gate_up : tensor<8x44x88xbf16> shard 0 offset 0
gemma.weight @down : tensor<8x88x22xbf16> shard 0 offset 61952
gemma.weight @scale : tensor<8xbf16> shard 0 offset 92928
gemma.weight @router : tensor<8x88xbf16> shard 0 offset 92944
gemma.weight @embed : tensor<512x88xbf16> shard 0 offset 94352
kernel.packed_weight @g sources [@gate_up] : !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated"> offset 0
kernel.packed_weight @d sources [@down] : !kernel.packed<8x88x22, <w4, group = 32>, "tiles16"> offset 131072
kernel.packed_weight @s sources [@scale] : !kernel.packed<8, <f32>, "vector"> offset 196608
kernel.packed_weight @r sources [@router] : !kernel.packed<8x88, <bf16>, "tiles16"> offset 200704
kernel.packed_weight @e sources [@embed] : !kernel.packed<512x88, <bf16>, "tiles16"> offset 262144

// CHECK-LABEL: func.func @score() {
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
  %g = kernel.weight @g : !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated">
  %d = kernel.weight @d : !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">
  %s = kernel.weight @s : !kernel.packed<8, <f32>, "vector">
  %r = kernel.weight @r : !kernel.packed<8x88, <bf16>, "tiles16">
  %e = kernel.weight @e : !kernel.packed<512x88, <bf16>, "tiles16">
  // CHECK: kernel.embed %{{.*}} into %[[X:.*]] :
  %x = gemma.embedding %ids, %e scale 1.0 : (tensor<?xi32>, !kernel.packed<512x88, <bf16>, "tiles16">) -> tensor<?x88xf32>
  %l = gemma.linear %x, %r : (tensor<?x88xf32>, !kernel.packed<8x88, <bf16>, "tiles16">) -> tensor<?x8xf32>
  // CHECK: kernel.route %{{.*}}, %{{.*}} top_k 3 into %[[W:.*]], %[[I:.*]] : {{.*}}!kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  %w, %i = gemma.route %l, %s top_k 3 : (tensor<?x8xf32>, !kernel.packed<8, <f32>, "vector">) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  // 8 + 1 first rows and 10 tokens of 3 rows
  // CHECK: %[[O:.*]] = kernel.alloc : !kernel.buffer<1 x 39 x i32>
  // CHECK: kernel.sort_experts %[[I]] experts 8 top_k 3 into %[[O]]
  // CHECK: kernel.quantize %[[X]] into %[[XQ:.*]] : {{.*}}!kernel.buffer<tokens x 88 x q8>
  // Both halves of 22 columns are padded to 32.
  // CHECK: %[[B:.*]] = kernel.alloc : !kernel.buffer<3 tokens x 64 x f32>
  // CHECK: kernel.expert_matmul %[[XQ]], %[[O]], %{{.*}} rows_per_source 3 into %[[B]]
  // CHECK: %[[GATE:.*]] = kernel.columns %[[B]] from 0 : !kernel.buffer<3 tokens x 64 x f32> -> !kernel.buffer<3 tokens x 22 x f32>
  // CHECK: %[[UP:.*]] = kernel.columns %[[B]] from 32
  // CHECK: kernel.gelu_mul %[[GATE]], %[[UP]] into %[[GATE]]
  // CHECK: kernel.quantize %[[GATE]] into %[[HQ:.*]] : {{.*}}!kernel.buffer<3 tokens x 22 x q8>
  // CHECK: kernel.expert_matmul %[[HQ]], %[[O]], %{{.*}} rows_per_source 1 into %[[M:.*]] :
  // CHECK: kernel.combine_experts %[[M]], %[[W]] top_k 3 into %[[Y:.*]] :
  %y = gemma.experts %x, %w, %i, %g, %d storage <w4, group = 32> : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated">, !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">) -> tensor<?x88xf32>
  // A second block of the same route uses the same order.
  // CHECK-NOT: kernel.sort_experts
  // CHECK: kernel.quantize %[[Y]]
  %z = gemma.experts %y, %w, %i, %g, %d storage <w4, group = 32> : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16-gated">, !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">) -> tensor<?x88xf32>
  %c = gemma.linear %z, %e : (tensor<?x88xf32>, !kernel.packed<512x88, <bf16>, "tiles16">) -> tensor<?x512xf32>
  return %c : tensor<?x512xf32>
}
