// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK: kernel.kv_cache @kv.0 heads 1 dim 16 window 8 geometry <slots = 528, element = "bf16", key = 0, value = 16896>
kernel.kv_cache @kv.0 heads 1 dim 16 window 8 geometry <slots = 528, element = "bf16", key = 0, value = 16896>

// CHECK-LABEL: @attention
func.func @attention(%k: !kernel.buffer<tokens x 16 x f32>, %v: !kernel.buffer<tokens x 16 x f32>, %q: !kernel.buffer<tokens x 64 x f32>, %o: !kernel.buffer<tokens x 64 x f32>, %i: !kernel.buffer<tokens x 64 x i8>, %g: !kernel.buffer<tokens x 64 x q8>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // CHECK: kernel.kv_append @kv.0, %{{.*}}, %{{.*}} : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  kernel.kv_append @kv.0, %k, %v : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  // CHECK: kernel.kv_append @kv.0, %{{.*}}, %{{.*}} kernels ["kv_append"] : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  kernel.kv_append @kv.0, %k, %v kernels ["kv_append"] : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  // CHECK: kernel.kv_norm_append @kv.0, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} eps 2.500000e-01 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  kernel.kv_norm_append @kv.0, %k, %v, %w, %t eps 2.500000e-01 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  // CHECK: kernel.kv_norm_append @kv.0, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} eps 2.500000e-01 query %{{.*}}, %{{.*}} heads 4 into %{{.*}} kernels ["k"] : {{.*}}, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  kernel.kv_norm_append @kv.0, %k, %v, %w, %t eps 2.500000e-01 query %q, %w heads 4 into %q kernels ["k"] : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  // CHECK: kernel.attention @kv.0, %{{.*}} heads 4 into %{{.*}} kernels ["slice", "merge"] : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.attention @kv.0, %q heads 4 into %o kernels ["slice", "merge"] : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  // CHECK: kernel.attention @kv.0, %{{.*}} heads 4 step 5.000000e-01 into %{{.*}} : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x i8>
  kernel.attention @kv.0, %q heads 4 step 5.000000e-01 into %i : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x i8>
  // CHECK: kernel.attention @kv.0, %{{.*}} heads 4 into %{{.*}} : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x q8>
  kernel.attention @kv.0, %q heads 4 into %g : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x q8>
  return
}
