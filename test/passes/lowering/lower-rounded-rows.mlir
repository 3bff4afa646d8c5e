// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=cuda-sm_90 chunk=32" --select-kernels=target=cuda-sm_90 | FileCheck %s --check-prefix=GPU
// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=x86_64-linux chunk=32" | FileCheck %s --check-prefix=CPU
// REQUIRES: targets

// On a GPU an op is a launch, so what makes the rows of a product rounds them; on a CPU rounding is an op of its own.
gemma.weight @src : tensor<96x96xbf16> shard 0 offset 0
gemma.weight @n.src : tensor<96xbf16> shard 0 offset 20000
kernel.packed_weight @m sources [@src] : !kernel.packed<96x96, <w8, group = 32>, "tiles16"> offset 0
kernel.packed_weight @n sources [@n.src] : !kernel.packed<96, <f32>, "vector"> offset 16384

// GPU-LABEL: func.func @score()
// CPU-LABEL: func.func @score()
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = kernel.weight @m : !kernel.packed<96x96, <w8, group = 32>, "tiles16">
  %x = gemma.embedding %ids, %w scale 1.0 storage <w8, group = 32> : (tensor<?xi32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  %n = kernel.weight @n : !kernel.packed<96, <f32>, "vector">
  // GPU: kernel.rms_norm %[[X:.*]], %{{.*}} heads 1 eps {{.*}} into %[[Q0:.*]] kernels ["f32-rms_norm_q8-1x256-cuda"]
  // CPU: kernel.rms_norm %[[X:.*]], %{{.*}} heads 1 eps {{.*}} into %[[H:.*]] :
  // CPU: kernel.quantize %[[H]] into
  %h = gemma.rms_norm %x, %n eps 1.0e-6 : tensor<?x96xf32>, !kernel.packed<96, <f32>, "vector">
  %q0 = gemma.quantize_activation %h : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  // GPU-NEXT: %[[A:.*]] = kernel.alloc
  // GPU-NEXT: kernel.matmul %[[Q0]]
  %a = gemma.linear %q0, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  // The sum, its norm and its rounding; the sum is read again.
  // GPU: kernel.residual_norm_rounded %[[X]], %[[A]], %{{.*}} eps {{.*}} then %{{.*}} eps {{.*}} into %[[X]], %[[Q1:.*]] kernels ["f32-residual_norm_q8-1x256-cuda"]
  // CPU: kernel.residual_norm %[[X]]
  // CPU: kernel.rms_norm
  // CPU: kernel.quantize
  %x1 = gemma.residual_norm %x, %a, %n eps 1.0e-6 : tensor<?x96xf32>, !kernel.packed<96, <f32>, "vector">
  %n1 = kernel.weight @n : !kernel.packed<96, <f32>, "vector">
  %h1 = gemma.rms_norm %x1, %n1 eps 2.0e-6 : tensor<?x96xf32>, !kernel.packed<96, <f32>, "vector">
  %q1 = gemma.quantize_activation %h1 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  // GPU-NOT: kernel.rms_norm
  // GPU: kernel.matmul %[[Q1]]
  %g = gemma.linear %q1, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  // GPU: kernel.gelu_mul %{{.*}}, %{{.*}} into %[[Q2:.*]] kernels ["f32-gelu_mul_q8-1x128-cuda"]
  // GPU: kernel.matmul %[[Q2]]
  // CPU: kernel.gelu_mul
  // CPU: kernel.quantize
  %u = gemma.gelu_mul %g, %a : tensor<?x96xf32>
  %q2 = gemma.quantize_activation %u : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %d = gemma.linear %q2, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  // The sum itself, rounded.
  // GPU: kernel.residual_norm_rounded %[[X]], %{{.*}}, %{{.*}} eps {{.*}} into %[[X]], %[[Q3:.*]] kernels
  // GPU: kernel.matmul %[[Q3]]
  %x2 = gemma.residual_norm %x1, %d, %n eps 1.0e-6 : tensor<?x96xf32>, !kernel.packed<96, <f32>, "vector">
  %q3 = gemma.quantize_activation %x2 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  // GPU-NOT: kernel.quantize
  %l = gemma.linear %q3, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  return %l : tensor<?x96xf32>
}
