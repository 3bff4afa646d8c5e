// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK: kernel.packed_weight @w.0 sources [@q_proj, @k_proj] : !kernel.packed<80x96, <w4, group = 32>, "tiles16"> offset 4096
kernel.packed_weight @w.0 sources [@q_proj, @k_proj] : !kernel.packed<80x96, <w4, group = 32>, "tiles16"> offset 4096
// CHECK: kernel.packed_weight @w.1 values [1.000000e+00, 5.000000e-01] : !kernel.packed<2, <f32>, "vector"> offset 0
kernel.packed_weight @w.1 values [1.000000e+00, 5.000000e-01] : !kernel.packed<2, <f32>, "vector"> offset 0
// CHECK: kernel.packed_weight @w.2 sources [@table] gathered : !kernel.packed<512x160, <bf16>, "rows"> offset 8192
kernel.packed_weight @w.2 sources [@table] gathered : !kernel.packed<512x160, <bf16>, "rows"> offset 8192
// CHECK: kernel.packed_weight @w.3 sources [@experts] : !kernel.packed<128x1408x2816, <w8>, "tiles16"> offset 12288
kernel.packed_weight @w.3 sources [@experts] : !kernel.packed<128x1408x2816, <w8>, "tiles16"> offset 12288

// CHECK-LABEL: @memory
func.func @memory() {
  // CHECK: %{{.*}} = kernel.weight @w.0 : !kernel.packed<80x96, <w4, group = 32>, "tiles16">
  %w = kernel.weight @w.0 : !kernel.packed<80x96, <w4, group = 32>, "tiles16">
  // CHECK: %{{.*}} = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
  %a = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
  // CHECK: %{{.*}} = kernel.alloc at 64 : !kernel.buffer<8 tokens x 704 x i32>
  %b = kernel.alloc at 64 : !kernel.buffer<8 tokens x 704 x i32>
  // CHECK: %{{.*}} = kernel.alloc : !kernel.buffer<1 x 96 x q8>
  %c = kernel.alloc : !kernel.buffer<1 x 96 x q8>
  // CHECK: %{{.*}} = kernel.logits : !kernel.buffer<1 x 512 x f32>
  %l = kernel.logits : !kernel.buffer<1 x 512 x f32>
  // CHECK: %{{.*}} = kernel.columns %{{.*}} from 48 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 16 x f32>
  %v = kernel.columns %a from 48 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 16 x f32>
  // CHECK: kernel.barrier
  kernel.barrier
  return
}
