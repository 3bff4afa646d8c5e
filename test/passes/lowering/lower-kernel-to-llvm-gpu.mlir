// RUN: lapidary-opt %s --lower-kernel-to-llvm=target=cuda-sm_80 | FileCheck %s --implicit-check-not=lap_op_
// REQUIRES: targets

// One lane enqueues everything on a GPU, in order: there are no barriers, and no lanes that could read ahead at them.

gemma.weight @w : tensor<64x96xbf16> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <bf16>, "tiles16"> offset 4096
gemma.weight @n.src : tensor<64xf32> shard 0 offset 20000
kernel.packed_weight @n sources [@n.src] : !kernel.packed<64, <f32>, "vector"> offset 16384
kernel.kv_cache @kv heads 1 dim 64 window 0 geometry <slots = 16, element = "bf16", key = 0, value = 2048>

// CHECK: llvm.func @lap_program_score(%[[STEP:.*]]: !llvm.ptr, %[[LANE:.*]]: i32, %[[LANES:.*]]: i32)
func.func @score() {
  %w = kernel.weight @p : !kernel.packed<64x96, <bf16>, "tiles16">
  %x = kernel.alloc at 256 : !kernel.buffer<1 x 96 x f32>
  %y = kernel.alloc at 1024 : !kernel.buffer<1 x 64 x f32>
  // CHECK-COUNT-2: llvm.call @lap_gpu_matmul(%[[STEP]], {{.*}}, %[[LANE]], %[[LANES]])
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-cuda", "bf16-matmat-64x64-cuda"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  kernel.barrier
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-cuda", "bf16-matmat-64x64-cuda"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  %v = kernel.weight @n : !kernel.packed<64, <f32>, "vector">
  // CHECK: llvm.call @lap_gpu_kv_norm_append(%[[STEP]], {{.*}}, %[[LANE]], %[[LANES]])
  kernel.kv_norm_append @kv, %y, %y, %v, %y eps 1.0 kernels ["bf16-kv_norm_append-1x256-cuda"] : !kernel.buffer<1 x 64 x f32>, !kernel.buffer<1 x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.return
  return
}
