// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=cuda-sm_90 chunk=32" --select-kernels=target=cuda-sm_90 | FileCheck %s --check-prefix=GPU
// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=x86_64-linux chunk=32" | FileCheck %s --check-prefix=CPU
// REQUIRES: targets

// On a GPU attention rounds its result for the product behind it, where its blocks see whole groups: heads of 32
// columns, not of 16, unless a step is known. On a CPU rounding is an op of its own.
gemma.kv_cache @kv.0 heads 1 dim 32 window 8 geometry #kernel.cache<slots = 48, element = "bf16", key = 0, value = 3072>
gemma.kv_cache @kv.1 heads 2 dim 16 window 0 geometry #kernel.cache<slots = 48, element = "f32", key = 6144, value = 9216>
gemma.weight @src : tensor<96x96xbf16> shard 0 offset 0
kernel.packed_weight @m sources [@src] : !kernel.packed<96x96, <w8, group = 32>, "tiles16"> offset 0
kernel.packed_weight @r sources [@src] : !kernel.packed<96x96, <w8>, "tiles16"> offset 16384

// GPU-LABEL: func.func @score()
// CPU-LABEL: func.func @score()
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x96xf32> {
  %w = kernel.weight @m : !kernel.packed<96x96, <w8, group = 32>, "tiles16">
  %x = gemma.embedding %ids, %w scale 1.0 storage <w8, group = 32> : (tensor<?xi32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>
  %k = gemma.slice_columns %x from 0 : tensor<?x96xf32> -> tensor<?x32xf32>
  %kh = gemma.split_heads %k : tensor<?x32xf32> -> tensor<?x1x32xf32>
  %keys, %values = gemma.kv_update @kv.0, %kh, %kh, %positions : tensor<?x1x32xf32>, tensor<?xi32>
  // GPU: kernel.attention @kv.0, %{{.*}} heads 3 into %[[Q0:.*]] kernels ["bf16-attention_slice-64x8-cuda", "f32-attention_merge_q8-1x512-cuda", "bf16-flash_256_q8-32x256-cuda"]
  // GPU-NEXT: %[[A:.*]] = kernel.alloc
  // GPU-NEXT: kernel.matmul %[[Q0]]
  // CPU: kernel.attention @kv.0, %{{.*}} heads 3 into %[[O:.*]] :
  // CPU: kernel.quantize %[[O]] into
  %o = gemma.sliding_attention %x, %keys, %values, %positions heads 3 window 8 : (tensor<?x96xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x96xf32>
  %q0 = gemma.quantize_activation %o : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %a = gemma.linear %q0, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>

  %k1 = gemma.slice_columns %a from 0 : tensor<?x96xf32> -> tensor<?x32xf32>
  %kh1 = gemma.split_heads %k1 : tensor<?x32xf32> -> tensor<?x2x16xf32>
  %keys1, %values1 = gemma.kv_update @kv.1, %kh1, %kh1, %positions : tensor<?x2x16xf32>, tensor<?xi32>
  // GPU: kernel.attention @kv.1, %{{.*}} heads 6 into %[[O1:.*]] kernels ["f32-attention_slice-64x8-cuda", "f32-attention_merge-1x512-cuda", "f32-flash_256-16x256-cuda"]
  // GPU: kernel.quantize %[[O1]] into
  // CPU: kernel.attention @kv.1
  // CPU: kernel.quantize
  %o1 = gemma.global_attention %a, %keys1, %values1, %positions heads 6 : (tensor<?x96xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x96xf32>
  %q1 = gemma.quantize_activation %o1 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %b = gemma.linear %q1, %w storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, !kernel.packed<96x96, <w8, group = 32>, "tiles16">) -> tensor<?x96xf32>

  // GPU: kernel.attention @kv.1, %{{.*}} heads 6 step 5.000000e-01 into %[[Q2:.*]] kernels ["f32-attention_slice-64x8-cuda", "f32-attention_merge_i8-1x512-cuda", "f32-flash_256_i8-16x256-cuda"]
  // GPU-NOT: kernel.quantize
  // GPU: kernel.matmul %[[Q2]]
  // CPU: kernel.attention @kv.1, %{{.*}} heads 6 into %[[O2:.*]] :
  // CPU: kernel.quantize %[[O2]] step 5.000000e-01 into
  %o2 = gemma.global_attention %b, %keys1, %values1, %positions heads 6 : (tensor<?x96xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x96xf32>
  %q2 = gemma.quantize_activation %o2 step 0.5 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
  %r = kernel.weight @r : !kernel.packed<96x96, <w8>, "tiles16">
  %l = gemma.linear %q2, %r storage <w8> input_step 0.5 : (!gemma.q8<?x96, group = 0>, !kernel.packed<96x96, <w8>, "tiles16">) -> tensor<?x96xf32>
  return %l : tensor<?x96xf32>
}
