// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @norm
func.func @norm(%x: !kernel.buffer<tokens x 96 x f32>, %y: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 64 x f32>, %t: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<96, <f32>, "vector">, %s: !kernel.packed<1, <f32>, "vector">, %h: !kernel.packed<16, <f32>, "vector">, %f: !kernel.packed<8, <f32>, "vector">, %i: !kernel.buffer<tokens x 96 x i8>, %r: !kernel.buffer<tokens x 96 x r24>) {
  // CHECK: kernel.rms_norm %{{.*}}, %{{.*}} heads 1 eps 2.500000e-01 into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  kernel.rms_norm %x, %w heads 1 eps 2.500000e-01 into %y : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.rms_norm %{{.*}} heads 4 eps 2.500000e-01 into %{{.*}} kernels ["rms_norm"] : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.rms_norm %q heads 4 eps 2.500000e-01 into %q kernels ["rms_norm"] : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  // CHECK: kernel.residual_norm %{{.*}}, %{{.*}}, %{{.*}} eps 2.500000e-01 into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  kernel.residual_norm %x, %y, %w eps 2.500000e-01 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.residual_norm %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} eps 2.500000e-01 into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<1, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  kernel.residual_norm %x, %y, %w scale %s eps 2.500000e-01 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<1, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.residual_norm_rounded %{{.*}}, %{{.*}}, %{{.*}} eps 2.500000e-01 step 5.000000e-01 into %{{.*}}, %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x i8>
  kernel.residual_norm_rounded %x, %y, %w eps 2.500000e-01 step 5.000000e-01 into %x, %i : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x i8>
  // CHECK: kernel.residual_norm_rounded %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} eps 2.500000e-01 then %{{.*}} eps 5.000000e-01 into %{{.*}}, %{{.*}} kernels ["k"] : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<1, <f32>, "vector">, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x r24>
  kernel.residual_norm_rounded %x, %y, %w scale %s eps 2.500000e-01 then %w eps 5.000000e-01 into %x, %r kernels ["k"] : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<1, <f32>, "vector">, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x r24>
  // CHECK: kernel.rotary_table %{{.*}} into %{{.*}} : !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  kernel.rotary_table %f into %t : !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  // CHECK: kernel.norm_rotary %{{.*}}, %{{.*}}, %{{.*}} heads 4 eps 2.500000e-01 into %{{.*}} : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.norm_rotary %q, %h, %t heads 4 eps 2.500000e-01 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}
