// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: !kernel.buffer<tokens x 96 x f32>, %y: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>, %l: !kernel.buffer<1 x 96 x f32>, %p: !kernel.buffer<1 x 96 x q8>) {
  // CHECK: kernel.gelu_mul %{{.*}}, %{{.*}} into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  kernel.gelu_mul %x, %y into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.add %{{.*}}, %{{.*}} scale 5.000000e-01 into %{{.*}} kernels ["add"] : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  kernel.add %x, %y scale 5.000000e-01 into %x kernels ["add"] : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.scale %{{.*}} by 5.000000e-01 into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  kernel.scale %x by 5.000000e-01 into %y : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.softcap %{{.*}} cap 3.000000e+01 into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  kernel.softcap %x cap 3.000000e+01 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.select_last %{{.*}} into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<1 x 96 x f32>
  kernel.select_last %x into %l : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<1 x 96 x f32>
  // CHECK: kernel.select_last %{{.*}} into %{{.*}} : !kernel.buffer<tokens x 96 x q8>, !kernel.buffer<1 x 96 x q8>
  kernel.select_last %q into %p : !kernel.buffer<tokens x 96 x q8>, !kernel.buffer<1 x 96 x q8>
  return
}
