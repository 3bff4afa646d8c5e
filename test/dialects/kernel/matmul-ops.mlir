// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @matmul
func.func @matmul(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>, %o: !kernel.buffer<tokens x 64 x f32>, %l: !kernel.buffer<1 x 96 x f32>, %t: !kernel.packed<512x96, <bf16>, "rows">, %w: !kernel.packed<64x96, <w4, group = 32>, "tiles16">, %f: !kernel.packed<64x96, <bf16>, "tiles16">) {
  // CHECK: kernel.embed %{{.*}} scale 3.925000e+01 into %{{.*}} : !kernel.packed<512x96, <bf16>, "rows">, !kernel.buffer<tokens x 96 x f32>
  kernel.embed %t scale 3.925000e+01 into %x : !kernel.packed<512x96, <bf16>, "rows">, !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.embed %{{.*}} scale 1.000000e+00 into %{{.*}} kernels ["gather"] : !kernel.packed<512x96, <bf16>, "rows">, !kernel.buffer<1 x 96 x f32>
  kernel.embed %t scale 1.000000e+00 into %l kernels ["gather"] : !kernel.packed<512x96, <bf16>, "rows">, !kernel.buffer<1 x 96 x f32>
  // CHECK: kernel.quantize %{{.*}} into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  kernel.quantize %x into %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} kernels ["matvec", "matmat"] : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  kernel.matmul %q, %w into %o kernels ["matvec", "matmat"] : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  kernel.matmul %x, %f into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  return
}
