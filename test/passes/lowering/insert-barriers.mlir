// RUN: lapidary-opt %s --insert-barriers -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --insert-barriers | diff %t.once -

kernel.kv_cache @kv.0 heads 1 dim 64 window 0 geometry <slots = 16, element = "f32", key = 0, value = 4096>
kernel.kv_cache @kv.1 heads 1 dim 64 window 0 geometry <slots = 16, element = "f32", key = 8192, value = 12288>

// Reading what was written, overwriting what was read, overwriting what was written.
// CHECK-LABEL: func.func @hazards
func.func @hazards(%x: !kernel.buffer<tokens x 64 x f32>, %y: !kernel.buffer<tokens x 64 x f32>, %z: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<64x64, <f32>, "tiles16">) {
  // CHECK-NEXT: kernel.matmul
  kernel.matmul %x, %w into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.matmul
  kernel.matmul %y, %w into %z : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.matmul
  kernel.matmul %x, %w into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.matmul
  kernel.matmul %x, %w into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  return
}

// One barrier serves all that came before; ops that share only what they read need none.
// CHECK-LABEL: func.func @independent
func.func @independent(%x: !kernel.buffer<tokens x 64 x f32>, %y: !kernel.buffer<tokens x 64 x f32>, %z: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<64x64, <f32>, "tiles16">) {
  // CHECK-NEXT: kernel.matmul
  // CHECK-NEXT: kernel.matmul
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.add
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.matmul %x, %w into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  kernel.matmul %x, %w into %z : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64x64, <f32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  kernel.add %y, %z scale 1.0 into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// Views of different columns are independent; the buffer and its views are not.
// CHECK-LABEL: func.func @views
func.func @views(%x: !kernel.buffer<tokens x 64 x f32>) {
  %a = kernel.columns %x from 0 : !kernel.buffer<tokens x 64 x f32> -> !kernel.buffer<tokens x 32 x f32>
  %b = kernel.columns %x from 32 : !kernel.buffer<tokens x 64 x f32> -> !kernel.buffer<tokens x 32 x f32>
  // CHECK: kernel.scale
  // CHECK-NEXT: kernel.scale
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.scale
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.scale %a by 1.0 into %a : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.scale %b by 2.0 into %b : !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 32 x f32>
  kernel.scale %x by 3.0 into %x : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// A cache is memory too, and each its own.
// CHECK-LABEL: func.func @caches
func.func @caches(%k: !kernel.buffer<tokens x 64 x f32>, %q: !kernel.buffer<tokens x 64 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // CHECK-NEXT: kernel.kv_append @kv.0
  // CHECK-NEXT: kernel.attention @kv.1
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.attention @kv.0
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.kv_append @kv.0, %k, %k : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.attention @kv.1, %q heads 1 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.attention @kv.0, %q heads 1 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// CHECK-LABEL: func.func @normed_caches
func.func @normed_caches(%k: !kernel.buffer<tokens x 64 x f32>, %q: !kernel.buffer<tokens x 64 x f32>, %o: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<64, <f32>, "vector">) {
  // CHECK-NEXT: kernel.kv_norm_append @kv.0
  // CHECK-NEXT: kernel.attention @kv.1
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.attention @kv.0
  kernel.kv_norm_append @kv.0, %k, %k, %w, %k eps 1.0 : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  kernel.attention @kv.1, %q heads 1 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.attention @kv.0, %q heads 1 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.kv_norm_append @kv.0, {{.*}} query
  kernel.kv_norm_append @kv.0, %k, %k, %w, %k eps 1.0 query %q, %w heads 1 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  return
}

// CHECK-LABEL: func.func @nothing_to_wait_for
func.func @nothing_to_wait_for() {
  // CHECK-NEXT: return
  return
}

// A head that is normed and rotated goes into the cache by the same lane.
// CHECK-LABEL: func.func @heads
func.func @heads(%k: !kernel.buffer<tokens x 64 x f32>, %v: !kernel.buffer<tokens x 64 x f32>, %t: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<64, <f32>, "vector">) {
  // CHECK: kernel.norm_rotary
  // CHECK-NEXT: kernel.rms_norm
  // CHECK-NEXT: kernel.kv_append
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.norm_rotary %k, %w, %t heads 1 eps 1.0e-6 into %k : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.rms_norm %v heads 1 eps 1.0e-6 into %v : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.kv_append @kv.0, %k, %v : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// Lanes get the same whole rows in norms and static roundings, so a lane reads only what it wrote. Heads are shared out
// differently, and so are rows of another number.
// CHECK-LABEL: func.func @rows
func.func @rows(%x: !kernel.buffer<tokens x 64 x f32>, %y: !kernel.buffer<tokens x 64 x f32>, %q: !kernel.buffer<tokens x 64 x i8>, %l: !kernel.buffer<1 x 64 x f32>, %w: !kernel.packed<64, <f32>, "vector">) {
  // CHECK: kernel.residual_norm
  // CHECK-NEXT: kernel.rms_norm
  // CHECK-NEXT: kernel.quantize
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.rms_norm
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.select_last
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.rms_norm
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.residual_norm %x, %y, %w eps 1.0e-6 into %x : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  kernel.rms_norm %x, %w heads 1 eps 1.0e-6 into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  kernel.quantize %y step 2.5e-02 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x i8>
  kernel.rms_norm %y heads 2 eps 1.0e-6 into %y : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  kernel.select_last %y into %l : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<1 x 64 x f32>
  kernel.rms_norm %l heads 1 eps 1.0e-6 into %l : !kernel.buffer<1 x 64 x f32>, !kernel.buffer<1 x 64 x f32>
  return
}

// Short rows are one item of elementwise ops and roundings, so these join norms.
// CHECK-LABEL: func.func @short_rows
func.func @short_rows(%x: !kernel.buffer<tokens x 4096 x f32>, %q: !kernel.buffer<tokens x 4096 x q8>, %w: !kernel.packed<4096, <f32>, "vector">) {
  // CHECK: kernel.rms_norm
  // CHECK-NEXT: kernel.scale
  // CHECK-NEXT: kernel.quantize
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.rms_norm %x, %w heads 1 eps 1.0e-6 into %x : !kernel.buffer<tokens x 4096 x f32>, !kernel.packed<4096, <f32>, "vector">, !kernel.buffer<tokens x 4096 x f32>
  kernel.scale %x by 2.0 into %x : !kernel.buffer<tokens x 4096 x f32>, !kernel.buffer<tokens x 4096 x f32>
  kernel.quantize %x into %q : !kernel.buffer<tokens x 4096 x f32>, !kernel.buffer<tokens x 4096 x q8>
  return
}

// Long rows are cut into chunks: the same for all elementwise ops, but not those of norms, however many heads these have.
// CHECK-LABEL: func.func @long_rows
func.func @long_rows(%x: !kernel.buffer<tokens x 8192 x f32>, %q: !kernel.buffer<tokens x 8192 x q24>, %r: !kernel.buffer<tokens x 8192 x r24>) {
  // CHECK: kernel.gelu_mul
  // CHECK-NEXT: kernel.quantize
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.rms_norm
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: kernel.quantize
  // CHECK-NEXT: kernel.quantize
  // CHECK-NEXT: kernel.barrier
  // CHECK-NEXT: return
  kernel.gelu_mul %x, %x into %x : !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x f32>
  kernel.quantize %x into %q : !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x q24>
  kernel.rms_norm %x heads 8 eps 1.0e-6 into %x : !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x f32>
  kernel.quantize %x into %q : !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x q24>
  kernel.quantize %x into %r : !kernel.buffer<tokens x 8192 x f32>, !kernel.buffer<tokens x 8192 x r24>
  return
}
