// RUN: lapidary-opt %s --plan-memory=chunk=4 | FileCheck %s

// Rows are 64 floats, 256 bytes; 4 tokens are 1024 bytes.
// CHECK: kernel.arena_bytes = 3072 : i64

// %a is dead behind the second barrier, so %c takes its place; %b reaches over it.
// CHECK-LABEL: func.func @reuse
func.func @reuse() {
  // CHECK: kernel.alloc at 0
  // CHECK: kernel.alloc at 1024
  // CHECK: kernel.alloc at 0
  %a = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %b = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %c = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  kernel.scale %a by 1.0 into %a : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.barrier
  kernel.scale %a by 1.0 into %b : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.barrier
  kernel.scale %b by 1.0 into %c : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.barrier
  return
}

// Without a barrier between them, a lane may still read %a when another writes %c.
// CHECK-LABEL: func.func @lanes_run_ahead
func.func @lanes_run_ahead() {
  // CHECK: kernel.alloc at 0
  // CHECK: kernel.alloc at 1024
  // CHECK: kernel.alloc at 2048
  %a = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %b = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %c = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  kernel.scale %a by 1.0 into %b : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.scale %c by 1.0 into %c : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.barrier
  return
}

// A view keeps its buffer alive.
// CHECK-LABEL: func.func @views
func.func @views() {
  // CHECK: kernel.alloc at 0
  // CHECK: kernel.alloc at 1024
  %a = kernel.alloc : !kernel.buffer<tokens x 64 x f32>
  %b = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  %v = kernel.columns %a from 32 : !kernel.buffer<tokens x 64 x f32> -> !kernel.buffer<tokens x 32 x f32>
  kernel.scale %a by 1.0 into %a : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.barrier
  kernel.scale %b by 1.0 into %b : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.barrier
  kernel.scale %v by 1.0 into %v : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  return
}
