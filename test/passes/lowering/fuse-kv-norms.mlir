// RUN: lapidary-opt %s --fuse-kv-norms=target=cuda-sm_90 --select-kernels=target=cuda-sm_90 --split-input-file | FileCheck %s --check-prefix=GPU
// RUN: lapidary-opt %s --fuse-kv-norms=target=x86_64-linux --split-input-file | FileCheck %s --check-prefix=CPU
// REQUIRES: targets

// CPU-NOT: kernel.kv_norm_append

// The three parts of one product, normed in place.
kernel.kv_cache @kv heads 1 dim 32 window 8 geometry <slots = 48, element = "bf16", key = 0, value = 6144>
kernel.packed_weight @k sources [@k.src] : !kernel.packed<32, <f32>, "vector"> offset 0
kernel.packed_weight @q sources [@q.src] : !kernel.packed<32, <f32>, "vector"> offset 128
gemma.weight @k.src : tensor<32xf32> shard 0 offset 0
gemma.weight @q.src : tensor<32xf32> shard 0 offset 128
// GPU-LABEL: func.func @parts
func.func @parts() {
  %x = kernel.alloc : !kernel.buffer<tokens x 192 x f32>
  %t = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %o = kernel.alloc : !kernel.buffer<tokens x 128 x f32>
  // GPU: %[[Q:.*]] = kernel.columns %{{.*}} from 0
  // GPU: %[[K:.*]] = kernel.columns %{{.*}} from 128
  // GPU: %[[V:.*]] = kernel.columns %{{.*}} from 160
  %q = kernel.columns %x from 0 : !kernel.buffer<tokens x 192 x f32> -> !kernel.buffer<tokens x 128 x f32>
  %k = kernel.columns %x from 128 : !kernel.buffer<tokens x 192 x f32> -> !kernel.buffer<tokens x 32 x f32>
  %v = kernel.columns %x from 160 : !kernel.buffer<tokens x 192 x f32> -> !kernel.buffer<tokens x 32 x f32>
  // GPU: %[[QW:.*]] = kernel.weight @q
  %qw = kernel.weight @q : !kernel.packed<32, <f32>, "vector">
  kernel.norm_rotary %q, %qw, %t heads 4 eps 1.0e-6 into %q : !kernel.buffer<tokens x 128 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 128 x f32>
  // GPU: %[[KW:.*]] = kernel.weight @k
  %kw = kernel.weight @k : !kernel.packed<32, <f32>, "vector">
  kernel.norm_rotary %k, %kw, %t heads 1 eps 1.0e-6 into %k : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %v heads 1 eps 1.0e-6 into %v : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  // GPU-NEXT: kernel.kv_norm_append @kv, %[[K]], %[[V]], %[[KW]], %{{.*}} eps {{.*}} query %[[Q]], %[[QW]] heads 4 into %[[Q]] kernels ["bf16-kv_norm_append-1x256-cuda"]
  // GPU-NEXT: kernel.attention @kv, %[[Q]]
  kernel.kv_append @kv, %k, %v : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.attention @kv, %q heads 4 into %o : !kernel.buffer<tokens x 128 x f32>, !kernel.buffer<tokens x 128 x f32>
  return
}

// -----

// One projection is K and V: normed keys have a buffer of their own, which goes. The query is one row: not here.
kernel.kv_cache @kv heads 1 dim 32 window 0 geometry <slots = 48, element = "f32", key = 0, value = 6144>
kernel.packed_weight @k sources [@k.src] : !kernel.packed<32, <f32>, "vector"> offset 0
gemma.weight @k.src : tensor<32xf32> shard 0 offset 0
// GPU-LABEL: func.func @shared
func.func @shared() {
  // GPU-COUNT-5: kernel.alloc
  // GPU-NOT: kernel.alloc
  %x = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %q = kernel.alloc : !kernel.buffer<1 x 128 x f32>
  %kr = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %t = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %t1 = kernel.alloc : !kernel.buffer<1 x 32 x f32>
  %o = kernel.alloc : !kernel.buffer<1 x 128 x f32>
  %w = kernel.weight @k : !kernel.packed<32, <f32>, "vector">
  // GPU: kernel.norm_rotary %[[Q:.*]], %[[W:.*]], %{{.*}} heads 4
  // GPU-NEXT: kernel.kv_norm_append @kv, %[[X:.*]], %[[X]], %[[W]], %{{.*}} eps 9.99999997E-7 kernels ["f32-kv_norm_append-1x256-cuda"]
  kernel.norm_rotary %q, %w, %t1 heads 4 eps 1.0e-6 into %q : !kernel.buffer<1 x 128 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<1 x 32 x f32>, !kernel.buffer<1 x 128 x f32>
  kernel.norm_rotary %x, %w, %t heads 1 eps 1.0e-6 into %kr : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %x heads 1 eps 1.0e-6 into %x : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.kv_append @kv, %kr, %x : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.attention @kv, %q heads 4 into %o : !kernel.buffer<1 x 128 x f32>, !kernel.buffer<1 x 128 x f32>
  return
}

// -----

// Left alone: normed keys that are read again, another eps, a weight of V, and raw keys that are overwritten.
kernel.kv_cache @kv heads 1 dim 32 window 0 geometry <slots = 48, element = "f32", key = 0, value = 6144>
kernel.packed_weight @k sources [@k.src] : !kernel.packed<32, <f32>, "vector"> offset 0
gemma.weight @k.src : tensor<32xf32> shard 0 offset 0
// GPU-LABEL: func.func @alone
// GPU-NOT: kernel.kv_norm_append
// GPU: return
func.func @alone() {
  %k = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %v = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %o = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %t = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %w = kernel.weight @k : !kernel.packed<32, <f32>, "vector">
  kernel.norm_rotary %k, %w, %t heads 1 eps 1.0e-6 into %k : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %v heads 1 eps 1.0e-6 into %v : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.kv_append @kv, %k, %v : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.attention @kv, %k heads 1 into %o : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  %k1 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %v1 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  kernel.norm_rotary %k1, %w, %t heads 1 eps 1.0e-6 into %k1 : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %v1 heads 1 eps 2.0e-6 into %v1 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.kv_append @kv, %k1, %v1 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  %k2 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %v2 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  kernel.norm_rotary %k2, %w, %t heads 1 eps 1.0e-6 into %k2 : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %v2, %w heads 1 eps 1.0e-6 into %v2 : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>
  kernel.kv_append @kv, %k2, %v2 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  %k3 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %r3 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %v3 = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  kernel.norm_rotary %k3, %w, %t heads 1 eps 1.0e-6 into %r3 : !kernel.buffer<tokens x 32 x f32>, !kernel.packed<32, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.scale %k3 by 2.0 into %k3 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.rms_norm %v3 heads 1 eps 1.0e-6 into %v3 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.kv_append @kv, %r3, %v3 : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  return
}
