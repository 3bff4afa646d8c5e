// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK-LABEL: @experts
func.func @experts(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<8, <f32>, "vector">, %w: !kernel.buffer<tokens x 3 x f32>, %i: !kernel.buffer<tokens x 3 x i32>, %r: !kernel.buffer<1 x 1545 x i32>, %y: !kernel.buffer<tokens x 88 x q8>, %g: !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, %h: !kernel.buffer<3 tokens x 44 x f32>, %a: !kernel.buffer<3 tokens x 22 x q8>, %d: !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">, %m: !kernel.buffer<3 tokens x 88 x f32>, %o: !kernel.buffer<tokens x 88 x f32>) {
  // CHECK: kernel.route %{{.*}}, %{{.*}} top_k 3 into %{{.*}}, %{{.*}} : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  kernel.route %l, %s top_k 3 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  // CHECK: kernel.sort_experts %{{.*}} experts 8 top_k 3 into %{{.*}} : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 1545 x i32>
  kernel.sort_experts %i experts 8 top_k 3 into %r : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 1545 x i32>
  // CHECK: kernel.expert_matmul %{{.*}}, %{{.*}}, %{{.*}} rows_per_source 3 into %{{.*}} kernels ["matvec", "matmat"] : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  kernel.expert_matmul %y, %r, %g rows_per_source 3 into %h kernels ["matvec", "matmat"] : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  // CHECK: kernel.expert_matmul %{{.*}}, %{{.*}}, %{{.*}} rows_per_source 1 into %{{.*}} : !kernel.buffer<3 tokens x 22 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 88 x f32>
  kernel.expert_matmul %a, %r, %d rows_per_source 1 into %m : !kernel.buffer<3 tokens x 22 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x88x22, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 88 x f32>
  // CHECK: kernel.combine_experts %{{.*}}, %{{.*}} top_k 3 into %{{.*}} : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
  kernel.combine_experts %m, %w top_k 3 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
  return
}
