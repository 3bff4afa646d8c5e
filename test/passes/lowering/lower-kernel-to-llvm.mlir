// RUN: lapidary-opt %s --lower-kernel-to-llvm=target=x86_64-linux | FileCheck %s
// REQUIRES: targets

gemma.weight @w : tensor<64x96xbf16> shard 0 offset 0
kernel.packed_weight @p sources [@w] : !kernel.packed<64x96, <bf16>, "tiles16"> offset 4096

// lap_buffer: offset, columns, row_bytes, rows_per_token, fixed_rows, space, element. x is at 256 and has 96 columns in
// rows of 384 bytes, out is the logits. lap_weight: offset 4096, tiles of 96 * 16 * 2 = 3072 bytes, 64 x 96, format 1.
// Then no steps.
// CHECK-DAG: llvm.mlir.global internal constant @lap_args.step.0("\00\01\00\00\00\00\00\00`\00\00\00\80\01\00\00\00\00\00\00\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00@\00\00\00\00\01\00\00\00\00\00\00\01\00\00\00\01\00\00\00\00\00\00\00\00\10\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\0C\00\00\00\00\00\00@\00\00\00`\00\00\00\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00") {{.*}}alignment = 8 : i64
// CHECK-DAG: llvm.func @lap_op_matmul(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32)
// CHECK-DAG: llvm.func @bf16_matvec_16x1_avx2()
// CHECK-DAG: llvm.func @bf16_matmat_16x8_avx2()
// CHECK-DAG: llvm.func @lap_op_barrier(!llvm.ptr, i32, i32)
// CHECK: llvm.func @lap_program_step(%[[STEP:.*]]: !llvm.ptr, %[[LANE:.*]]: i32, %[[LANES:.*]]: i32)
func.func @step() {
  %w = kernel.weight @p : !kernel.packed<64x96, <bf16>, "tiles16">
  %x = kernel.alloc at 256 : !kernel.buffer<1 x 96 x f32>
  %l = kernel.logits : !kernel.buffer<1 x 64 x f32>
  // CHECK: %[[ARGS:.*]] = llvm.mlir.addressof @lap_args.step.0
  // CHECK: %[[MATVEC:.*]] = llvm.mlir.addressof @bf16_matvec_16x1_avx2
  // CHECK: %[[MATMAT:.*]] = llvm.mlir.addressof @bf16_matmat_16x8_avx2
  // CHECK: llvm.call @lap_op_matmul(%[[STEP]], %[[ARGS]], %[[MATVEC]], %[[MATMAT]], %[[LANE]], %[[LANES]])
  kernel.matmul %x, %w into %l kernels ["bf16-matvec-16x1-avx2", "bf16-matmat-16x8-avx2"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.call @lap_op_barrier(%[[STEP]], %[[LANE]], %[[LANES]])
  kernel.barrier
  // CHECK: llvm.return
  return
}

// Every product says whose weights come next, whatever lies between them.
// CHECK: llvm.func @lap_program_score(%[[STEP:.*]]: !llvm.ptr, %[[LANE:.*]]: i32, %[[LANES:.*]]: i32)
func.func @score() {
  %w = kernel.weight @p : !kernel.packed<64x96, <bf16>, "tiles16">
  %x = kernel.alloc at 256 : !kernel.buffer<1 x 96 x f32>
  %y = kernel.alloc at 1024 : !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.call @lap_op_matmul
  // CHECK: %[[NEXT:.*]] = llvm.mlir.addressof @lap_args.score.2
  // CHECK: llvm.call @lap_op_read_ahead(%[[STEP]], %[[NEXT]], %[[LANE]], %[[LANES]])
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-avx2", "bf16-matmat-16x8-avx2"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.call @lap_op_barrier
  kernel.barrier
  // CHECK: llvm.call @lap_op_scale
  kernel.scale %y by 2.0 into %y kernels ["scale-1x16-avx2"] : !kernel.buffer<1 x 64 x f32>, !kernel.buffer<1 x 64 x f32>
  // CHECK: llvm.call @lap_op_matmul
  // CHECK-NOT: lap_op_read_ahead
  kernel.matmul %x, %w into %y kernels ["bf16-matvec-16x1-avx2", "bf16-matmat-16x8-avx2"] : !kernel.buffer<1 x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  return
}
// CHECK: llvm.func @lap_program_extend
func.func @extend() {
  return
}
// CHECK-NOT: kernel.
// CHECK-NOT: gemma.
