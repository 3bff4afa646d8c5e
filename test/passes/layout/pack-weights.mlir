// RUN: lapidary-opt %s --pack-weights=target=x86_64-linux --split-input-file | FileCheck %s
// RUN: lapidary-opt %s --pack-weights --pack-weights --split-input-file | FileCheck %s
// REQUIRES: targets

// A tied embedding is one matrix; a table that is only gathered is last, at 64 KiB, and not resident.
// CHECK: module attributes {kernel.resident_weight_bytes = 131072 : i64, kernel.weight_bytes = 163840 : i64}
gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @ple : tensor<512x32xbf16> shard 0 offset 98304
gemma.weight @norm : tensor<84xbf16> shard 0 offset 131072
// CHECK: kernel.packed_weight @w.0 sources [@embed] : !kernel.packed<512x96, <bf16>, "tiles16"> offset 0
// CHECK: kernel.packed_weight @w.1 sources [@ple] gathered : !kernel.packed<512x32, <bf16>, "rows"> offset 131072
// CHECK: kernel.packed_weight @w.2 sources [@norm] : !kernel.packed<84, <f32>, "vector"> offset 98304
// CHECK-LABEL: func.func @tied
func.func @tied(%ids: tensor<?xi32>, %y: tensor<?x84xf32>) -> (tensor<?x512xf32>, tensor<?x32xf32>, tensor<?x84xf32>) {
  %e = gemma.get_weight @embed : tensor<512x96xbf16>
  %p = gemma.get_weight @ple : tensor<512x32xbf16>
  %n = gemma.get_weight @norm : tensor<84xbf16>
  // CHECK: %[[E:.*]] = kernel.weight @w.0
  // CHECK: %[[X:.*]] = gemma.embedding %{{.*}}, %[[E]]
  %x = gemma.embedding %ids, %e scale 1.0 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %z = gemma.embedding %ids, %p scale 1.0 : (tensor<?xi32>, tensor<512x32xbf16>) -> tensor<?x32xf32>
  %h = gemma.rms_norm %y, %n eps 1.0e-6 : tensor<?x84xf32>, tensor<84xbf16>
  // CHECK: gemma.linear %[[X]], %[[E]]
  // CHECK-NOT: gemma.get_weight
  %l = gemma.linear %x, %e : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %l, %z, %h : tensor<?x512xf32>, tensor<?x32xf32>, tensor<?x84xf32>
}

// -----

// A head in another format than the token table is a matrix of its own; the table is gathered.
// CHECK: module attributes {kernel.resident_weight_bytes = 65536 : i64, kernel.weight_bytes = 131072 : i64}
gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
// CHECK: kernel.packed_weight @w.0 sources [@embed] gathered : !kernel.packed<512x96, <w8, group = 32>, "rows"> offset 65536
// CHECK: kernel.packed_weight @w.1 sources [@embed] : !kernel.packed<512x96, <w4, group = 32>, "tiles16"> offset 0
// CHECK-LABEL: func.func @tied_in_two_formats
func.func @tied_in_two_formats(%ids: tensor<?xi32>, %q: !gemma.q8<? x 96, group = 32>) -> (tensor<?x512xf32>, tensor<?x96xf32>) {
  %e = gemma.get_weight @embed : tensor<512x96xbf16>
  %x = gemma.embedding %ids, %e scale 1.0 storage <w8, group = 32> : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %l = gemma.linear %q, %e storage <w4, group = 32> : (!gemma.q8<? x 96, group = 32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %l, %x : tensor<?x512xf32>, tensor<?x96xf32>
}

// -----

// Every tensor of a stack starts at a multiple of 32 rows; the product gets wider and its slices move.
gemma.weight @g : tensor<56x96xbf16> shard 0 offset 0
gemma.weight @u : tensor<56x96xbf16> shard 0 offset 10752
// CHECK: kernel.packed_weight @w.0 sources [@g, @u] : !kernel.packed<128x96, <w4, group = 32>, "tiles16"> offset 0
// CHECK-LABEL: func.func @stack
func.func @stack(%x: !gemma.q8<? x 96, group = 32>) -> (tensor<?x56xf32>, tensor<?x56xf32>) {
  %g = gemma.get_weight @g : tensor<56x96xbf16>
  %u = gemma.get_weight @u : tensor<56x96xbf16>
  %gu = gemma.concat_rows %g, %u : (tensor<56x96xbf16>, tensor<56x96xbf16>) -> tensor<112x96xbf16>
  // CHECK: %[[Y:.*]] = gemma.linear {{.*}} -> tensor<?x128xf32>
  // CHECK: gemma.slice_columns %[[Y]] from 0 : tensor<?x128xf32> -> tensor<?x56xf32>
  // CHECK: gemma.slice_columns %[[Y]] from 64 : tensor<?x128xf32> -> tensor<?x56xf32>
  %y = gemma.linear %x, %gu storage <w4, group = 32> : (!gemma.q8<? x 96, group = 32>, tensor<112x96xbf16>) -> tensor<?x112xf32>
  %a = gemma.slice_columns %y from 0 : tensor<?x112xf32> -> tensor<?x56xf32>
  %b = gemma.slice_columns %y from 56 : tensor<?x112xf32> -> tensor<?x56xf32>
  return %a, %b : tensor<?x56xf32>, tensor<?x56xf32>
}

// -----

// The same tensor in two formats is two weights; experts start at a page.
gemma.weight @w : tensor<32x32xf32> shard 0 offset 0
gemma.weight @e : tensor<2x32x32xf32> shard 0 offset 4096
kernel.packed_weight @experts sources [@e] : !kernel.packed<2x32x32, <f32>, "tiles16"> offset 0
// CHECK: kernel.packed_weight @experts {{.*}} offset 8192
// CHECK: kernel.packed_weight @w.0 sources [@w] : !kernel.packed<32x32, <f32>, "tiles16"> offset 0
// CHECK: kernel.packed_weight @w.1 sources [@w] : !kernel.packed<32x32, <w8, group = 32>, "tiles16"> offset 4096
// CHECK-LABEL: func.func @formats
func.func @formats(%x: tensor<?x32xf32>, %q: !gemma.q8<? x 32, group = 32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %w = gemma.get_weight @w : tensor<32x32xf32>
  %a = gemma.linear %x, %w : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %b = gemma.linear %q, %w storage <w8, group = 32> : (!gemma.q8<? x 32, group = 32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  return %a, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// The last row of a stacked product is widened with it, and its slices move.
gemma.weight @q : tensor<48x96xbf16> shard 0 offset 0
gemma.weight @k : tensor<48x96xbf16> shard 0 offset 9216
// CHECK-LABEL: func.func @last_row
func.func @last_row(%x: tensor<?x96xf32>) -> tensor<1x48xf32> {
  %q = gemma.get_weight @q : tensor<48x96xbf16>
  %k = gemma.get_weight @k : tensor<48x96xbf16>
  %qk = gemma.concat_rows %q, %k : (tensor<48x96xbf16>, tensor<48x96xbf16>) -> tensor<96x96xbf16>
  // CHECK: gemma.linear {{.*}} -> tensor<?x128xf32>
  %y = gemma.linear %x, %qk : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  // CHECK: gemma.select_last {{.*}} : tensor<?x128xf32> -> tensor<1x128xf32>
  %l = gemma.select_last %y : tensor<?x96xf32> -> tensor<1x96xf32>
  // CHECK: gemma.slice_columns {{.*}} from 64 : tensor<1x128xf32> -> tensor<1x48xf32>
  %s = gemma.slice_columns %l from 48 : tensor<1x96xf32> -> tensor<1x48xf32>
  return %s : tensor<1x48xf32>
}

// -----

// int8 scales are stored in steps where products read them, and as bf16 in a table of which rows are gathered. The sizes:
// 512 rows are 32 tiles of 32 + 3 * 272 bytes; a row of the table is 3 * 18 bytes, up to 64.
// CHECK: module attributes {kernel.resident_weight_bytes = 65536 : i64, kernel.weight_bytes = 98304 : i64}
gemma.weight @head : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @table : tensor<512x96xbf16> shard 0 offset 98304
// CHECK: kernel.packed_weight @w.0 sources [@table] gathered : !kernel.packed<512x96, <w4, group = 32, scale = i8>, "rows-bf16s"> offset 65536
// CHECK: kernel.packed_weight @w.1 sources [@head] : !kernel.packed<512x96, <w4, group = 32, scale = i8>, "tiles16"> offset 0
func.func @scales_in_steps(%ids: tensor<?xi32>, %q: !gemma.q8<? x 96, group = 32>) -> (tensor<?x512xf32>, tensor<?x96xf32>) {
  %t = gemma.get_weight @table : tensor<512x96xbf16>
  %h = gemma.get_weight @head : tensor<512x96xbf16>
  %x = gemma.embedding %ids, %t scale 1.0 storage <w4, group = 32, scale = i8> : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %l = gemma.linear %q, %h storage <w4, group = 32, scale = i8> : (!gemma.q8<? x 96, group = 32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  return %l, %x : tensor<?x512xf32>, tensor<?x96xf32>
}
