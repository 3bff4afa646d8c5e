// RUN: lapidary-opt %s --lower-gemma-to-kernel="target=x86_64-linux chunk=32" --split-input-file | FileCheck %s
// REQUIRES: targets

// Norms overwrite their input where nothing reads it later; heads and slices are views; the table of angles is made once.
gemma.kv_cache @kv.0 heads 1 dim 32 window 8 geometry #kernel.cache<slots = 48, element = "f32", key = 0, value = 6144>
kernel.packed_weight @qkv sources [@qkv.src] : !kernel.packed<192x96, <f32>, "tiles16"> offset 0
kernel.packed_weight @n sources [@n.src] : !kernel.packed<32, <f32>, "vector"> offset 73728
kernel.packed_weight @o sources [@o.src] : !kernel.packed<512x128, <f32>, "tiles16"> offset 131072
gemma.weight @o.src : tensor<512x128xf32> shard 0 offset 131072
// CHECK: kernel.kv_cache @kv.0 heads 1 dim 32 window 8 geometry <slots = 48, element = "f32", key = 0, value = 6144>
// CHECK: kernel.packed_weight @w.0 values [1.000000e+00, 5.623413e-01, 0.000000e+00, {{.*}}] : !kernel.packed<16, <f32>, "vector"> offset
gemma.weight @qkv.src : tensor<192x96xf32> shard 0 offset 0
gemma.weight @n.src : tensor<32xf32> shard 0 offset 73728
// CHECK-LABEL: func.func @score() {
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
  %w = kernel.weight @qkv : !kernel.packed<192x96, <f32>, "tiles16">
  %n = kernel.weight @n : !kernel.packed<32, <f32>, "vector">
  %e = kernel.weight @qkv : !kernel.packed<192x96, <f32>, "tiles16">
  // CHECK: %[[X:.*]] = kernel.alloc : !kernel.buffer<tokens x 96 x f32>
  // CHECK: kernel.embed %{{.*}} scale 1.000000e+00 into %[[X]]
  %x = gemma.embedding %ids, %e scale 1.0 : (tensor<?xi32>, !kernel.packed<192x96, <f32>, "tiles16">) -> tensor<?x96xf32>
  // CHECK: %[[Y:.*]] = kernel.alloc : !kernel.buffer<tokens x 192 x f32>
  // CHECK: kernel.matmul %[[X]], %{{.*}} into %[[Y]]
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, !kernel.packed<192x96, <f32>, "tiles16">) -> tensor<?x192xf32>
  // CHECK: %[[Q:.*]] = kernel.columns %[[Y]] from 0 : !kernel.buffer<tokens x 192 x f32> -> !kernel.buffer<tokens x 128 x f32>
  // CHECK: %[[K:.*]] = kernel.columns %[[Y]] from 128
  %q = gemma.slice_columns %y from 0 : tensor<?x192xf32> -> tensor<?x128xf32>
  %k = gemma.slice_columns %y from 128 : tensor<?x192xf32> -> tensor<?x32xf32>
  %qh = gemma.split_heads %q : tensor<?x128xf32> -> tensor<?x4x32xf32>
  %kh = gemma.split_heads %k : tensor<?x32xf32> -> tensor<?x1x32xf32>
  // CHECK: %[[T:.*]] = kernel.alloc : !kernel.buffer<tokens x 32 x f32>
  // CHECK: kernel.rotary_table %{{.*}} into %[[T]]
  // CHECK: kernel.norm_rotary %[[Q]], %{{.*}}, %[[T]] heads 4 eps {{.*}} into %[[Q]]
  // CHECK-NOT: kernel.rotary_table
  %qr = gemma.norm_rotary %qh, %n, %positions eps 1.0e-6 theta 1.0e+04 pairs 2 factor 1.0 : tensor<?x4x32xf32>, !kernel.packed<32, <f32>, "vector">, tensor<?xi32>
  // The raw K is read again for V, so K gets a buffer of its own, and V, the last reader, does not.
  // CHECK: %[[KR:.*]] = kernel.alloc
  // CHECK: kernel.norm_rotary %[[K]], %{{.*}}, %[[T]] heads 1 eps {{.*}} into %[[KR]]
  %kr = gemma.norm_rotary %kh, %n, %positions eps 1.0e-6 theta 1.0e+04 pairs 2 factor 1.0 : tensor<?x1x32xf32>, !kernel.packed<32, <f32>, "vector">, tensor<?xi32>
  // CHECK: kernel.rms_norm %[[K]] heads 1 eps {{.*}} into %[[K]]
  %vr = gemma.rms_norm %kh eps 1.0e-6 : tensor<?x1x32xf32>
  // CHECK: kernel.kv_append @kv.0, %[[KR]], %[[K]]
  %keys, %values = gemma.kv_update @kv.0, %kr, %vr, %positions : tensor<?x1x32xf32>, tensor<?xi32>
  %qm = gemma.merge_heads %qr : tensor<?x4x32xf32> -> tensor<?x128xf32>
  // CHECK: kernel.attention @kv.0, %[[Q]] heads 4 into
  %o = gemma.sliding_attention %qm, %keys, %values, %positions heads 4 window 8 : (tensor<?x128xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x128xf32>
  // CHECK: kernel.logits : !kernel.buffer<tokens x 512 x f32>
  // CHECK: return{{$}}
  %wo = kernel.weight @o : !kernel.packed<512x128, <f32>, "tiles16">
  %l = gemma.linear %o, %wo : (tensor<?x128xf32>, !kernel.packed<512x128, <f32>, "tiles16">) -> tensor<?x512xf32>
  return %l : tensor<?x512xf32>
}

// -----

// The last product writes the logits, and the softcap stays there. One row of ids is the last token.
gemma.weight @src : tensor<512x96xbf16> shard 0 offset 0
kernel.packed_weight @e sources [@src] : !kernel.packed<512x96, <w8, group = 32>, "tiles16"> offset 0
// CHECK-LABEL: func.func @step() {
func.func @step(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<1x512xf32> {
  %e = kernel.weight @e : !kernel.packed<512x96, <w8, group = 32>, "tiles16">
  %last = gemma.select_last %ids : tensor<?xi32> -> tensor<1xi32>
  // CHECK: kernel.embed %{{.*}} into %[[X:.*]] : {{.*}}!kernel.buffer<1 x 96 x f32>
  %x = gemma.embedding %last, %e scale 1.0 storage <w8, group = 32> : (tensor<1xi32>, !kernel.packed<512x96, <w8, group = 32>, "tiles16">) -> tensor<1x96xf32>
  // add and scale are one kernel, in place
  // CHECK-NOT: kernel.scale
  // CHECK: kernel.add %[[X]], %[[B:.*]] scale 5.000000e-01 into %[[B]]
  %b = gemma.embedding %last, %e scale 2.0 storage <w8, group = 32> : (tensor<1xi32>, !kernel.packed<512x96, <w8, group = 32>, "tiles16">) -> tensor<1x96xf32>
  %sum = gemma.add %x, %b : tensor<1x96xf32>
  %half = gemma.scale %sum by 0.5 : tensor<1x96xf32>
  // CHECK: kernel.add %[[B]], %[[X]] scale 1.000000e+00 into %[[B]]
  %sum2 = gemma.add %half, %x : tensor<1x96xf32>
  // CHECK: kernel.quantize %[[B]] into %[[Q:.*]] : {{.*}}, !kernel.buffer<1 x 96 x q8>
  %q = gemma.quantize_activation %sum2 : tensor<1x96xf32> -> !gemma.q8<1 x 96, group = 32>
  // CHECK: %[[L:.*]] = kernel.logits : !kernel.buffer<1 x 512 x f32>
  // CHECK: kernel.matmul %[[Q]], %{{.*}} into %[[L]]
  %l = gemma.linear %q, %e storage <w8, group = 32> : (!gemma.q8<1 x 96, group = 32>, !kernel.packed<512x96, <w8, group = 32>, "tiles16">) -> tensor<1x512xf32>
  // CHECK: kernel.softcap %[[L]] cap 3.000000e+01 into %[[L]]
  %c = gemma.softcap %l cap 30.0 : tensor<1x512xf32>
  return %c : tensor<1x512xf32>
}

// -----

// A gate is overwritten, so that its padding stays zero where the other factor is a slice of 16 columns.
gemma.weight @src : tensor<16x96xf32> shard 0 offset 0
gemma.weight @t : tensor<512x48xf32> shard 0 offset 6144
kernel.packed_weight @g sources [@src] : !kernel.packed<16x96, <f32>, "tiles16"> offset 0
kernel.packed_weight @p sources [@t] gathered : !kernel.packed<512x48, <f32>, "rows"> offset 65536
kernel.packed_weight @h sources [@t] : !kernel.packed<512x16, <f32>, "tiles16"> offset 65536
// CHECK-LABEL: func.func @score() {
func.func @score(%ids: tensor<?xi32>, %positions: tensor<?xi32>) -> tensor<?x512xf32> {
  %g = kernel.weight @g : !kernel.packed<16x96, <f32>, "tiles16">
  %p = kernel.weight @p : !kernel.packed<512x48, <f32>, "rows">
  %h = kernel.weight @h : !kernel.packed<512x16, <f32>, "tiles16">
  %x = gemma.embedding %ids, %p scale 1.0 : (tensor<?xi32>, !kernel.packed<512x48, <f32>, "rows">) -> tensor<?x48xf32>
  %y = gemma.embedding %ids, %g scale 1.0 : (tensor<?xi32>, !kernel.packed<16x96, <f32>, "tiles16">) -> tensor<?x96xf32>
  // CHECK: kernel.matmul %{{.*}} into %[[GATE:.*]] :
  %gate = gemma.linear %y, %g : (tensor<?x96xf32>, !kernel.packed<16x96, <f32>, "tiles16">) -> tensor<?x16xf32>
  // CHECK: %[[UP:.*]] = kernel.columns %{{.*}} from 32
  %up = gemma.slice_columns %x from 32 : tensor<?x48xf32> -> tensor<?x16xf32>
  // CHECK: kernel.gelu_mul %[[GATE]], %[[UP]] into %[[GATE]]
  %m = gemma.gelu_mul %gate, %up : tensor<?x16xf32>
  // CHECK: kernel.logits : !kernel.buffer<tokens x 512 x f32>
  %l = gemma.linear %m, %h : (tensor<?x16xf32>, !kernel.packed<512x16, <f32>, "tiles16">) -> tensor<?x512xf32>
  return %l : tensor<?x512xf32>
}
