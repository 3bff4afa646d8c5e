// RUN: lapidary-opt %s --lower-kernel-to-llvm=target=cuda-sm_80 | FileCheck %s --implicit-check-not=lap_op_
// REQUIRES: targets

// One lane enqueues everything on a GPU, in order: there are no barriers, and no lanes that could read ahead at them.

gemma.weight @w : tensor<64x96xbf16> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <bf16>, "tiles16"> offset 4096

// CHECK: llvm.func @lap_program_score(%[[STEP:.*]]: !llvm.ptr, %[[LANE:.*]]: i32, %[[LANES:.*]]: i32)
func.func @score() {
  %w = kernel.weight @p : !kernel.packed<64x96, <bf16>, "tiles16">
  %x = kernel.alloc at 256 : !kernel.buffer<1 x 96 x f32>
  %y = kernel.alloc at 1024 : !kernel.buffer<1 x 64 x f32>
  // CHECK-COUNT-2: llvm.call @lap_gpu_matmul(%[[STEP]], {{.*}}, %[[LANE]], %[[LANES]])
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-cuda", "bf16-matmat-64x64-cuda"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  kernel.barrier
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-cuda", "bf16-matmat-64x64-cuda"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.return
  return
}
