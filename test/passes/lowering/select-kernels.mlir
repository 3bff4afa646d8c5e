// RUN: lapidary-opt %s --select-kernels=target=x86_64-linux+x86-64-v3 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: lapidary-opt %s --select-kernels=target=x86_64-linux+znver4 | FileCheck %s --check-prefixes=CHECK,VNNI
// REQUIRES: targets

gemma.weight @w : tensor<64x96xf32> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <w4, group = 32>, "tiles16"> offset 0
kernel.kv_cache @kv.0 heads 1 dim 64 window 0 geometry <slots = 16, element = "bf16", key = 0, value = 2048>
func.func @step() {
  %w = kernel.weight @p : !kernel.packed<64x96, <w4, group = 32>, "tiles16">
  %x = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
  %q = kernel.alloc : !kernel.buffer<tokens x 96 x q8>
  %y = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %l = kernel.alloc : !kernel.buffer<1 x 64 x f32>
  // AVX2: kernel.quantize {{.*}} kernels ["f32-quantize-1x32-avx2", "f32-quantize-1x32-avx2"]
  kernel.quantize %x into %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  // AVX2: kernel.matmul {{.*}} kernels ["w4g32_bf16s-matvec-16x1-avx2", "w4g32_bf16s-matmat-16x8-avx2"]
  // VNNI: kernel.matmul {{.*}} kernels ["w4g32_bf16s-matvec-16x1-vnni", "w4g32_bf16s-matmat-16x8-vnni"]
  kernel.matmul %q, %w into %y : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // The element of the cache decides.
  // AVX2: kernel.kv_append {{.*}} kernels ["bf16-kv_append-1x16-avx2"]
  kernel.kv_append @kv.0, %y, %y : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  // AVX2: kernel.attention {{.*}} kernels ["bf16-attention_slice-8x16-avx2", "f32-attention_merge-8x16-avx2"]
  kernel.attention @kv.0, %y heads 1 into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  // Copying a row needs no kernel.
  // CHECK: kernel.select_last %{{.*}} into %{{.*}} : !kernel.buffer
  kernel.select_last %y into %l : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<1 x 64 x f32>
  return
}
