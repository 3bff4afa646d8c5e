// RUN: lapidary-opt %s --quantize-weights=format=w4 -o %t.w4
// RUN: FileCheck %s --check-prefixes=CHECK,W4 < %t.w4
// RUN: lapidary-opt %t.w4 --quantize-weights=format=w4 | diff %t.w4 -
// RUN: lapidary-opt %s --quantize-weights=format=w8 | FileCheck %s --check-prefixes=CHECK,W8
// RUN: lapidary-opt %s --quantize-weights=format=bf16 -o %t.bf16
// RUN: FileCheck %s --check-prefixes=PLAIN,BF16 < %t.bf16
// RUN: lapidary-opt %s --quantize-weights=format=f32 | FileCheck %s --check-prefixes=PLAIN,F32
// RUN: lapidary-opt %s --quantize-weights="format=w4 embedding-format=bf16" | FileCheck %s --check-prefix=EMBEDDING
// RUN: lapidary-opt %s --quantize-weights="format=w4 overrides=lm_head.weight=w4" | FileCheck %s --check-prefix=HEAD
// RUN: lapidary-opt %s --quantize-weights="format=w4 overrides=embed=w4" | FileCheck %s --check-prefix=BOTH
// RUN: lapidary-opt %s --quantize-weights="format=w4 overrides=embed=w4,*=w8" | FileCheck %s --check-prefix=BOTH
// RUN: not lapidary-opt %s --quantize-weights="overrides=*=w4,lm_head.weight=w8" 2>&1 | FileCheck %s --check-prefix=LATE
// RUN: lapidary-opt %s --quantize-weights="format=w4 overrides=embed=w4,lm_head.weight=w8" | FileCheck %s --check-prefix=TABLE
//
// A later run decides from scratch, whatever an earlier one wrote.
// RUN: lapidary-opt %t.w4 --quantize-weights=format=bf16 | diff %t.bf16 -

gemma.weight @embed : tensor<512x96xbf16> shard 0 offset 0
gemma.weight @per_layer : tensor<512x64xbf16> shard 0 offset 98304
gemma.weight @wq : tensor<64x96xbf16> shard 0 offset 163840
gemma.weight @wk : tensor<16x96xbf16> shard 0 offset 176128
gemma.weight @wg : tensor<96x96xbf16> shard 0 offset 179200
gemma.weight @narrow : tensor<96x16xbf16> shard 0 offset 197632
gemma.weight @router : tensor<8x96xbf16> shard 0 offset 200704
gemma.weight @router_scale : tensor<8xbf16> shard 0 offset 202240
gemma.weight @gate_up : tensor<8x64x96xbf16> shard 0 offset 202256
gemma.weight @down : tensor<8x96x32xbf16> shard 0 offset 300560
gemma.weight @narrow_down : tensor<8x96x22xbf16> shard 0 offset 349712
gemma.weight @narrow_gate_up : tensor<8x44x96xbf16> shard 0 offset 383504

// The token table is also the output head: 8 bits in a 4-bit program, the same in both places unless an override is for
// lm_head.weight alone: a pattern that matches both names, first or last, is not.
// LATE: error: override 'lm_head.weight=w8' decides nothing: {{.*}} matched by an earlier override
// CHECK-LABEL: func.func @tied_table
// W4: gemma.embedding {{.*}} storage <w8, group = 32>
// W8: gemma.embedding {{.*}} storage <w8, group = 32>
// CHECK: %[[Q:.*]] = gemma.quantize_activation %{{.*}} : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
// CHECK: gemma.linear %[[Q]], %{{.*}} storage <w8, group = 32>
// PLAIN-LABEL: func.func @tied_table
// PLAIN-NOT: gemma.quantize_activation
// BF16: gemma.embedding {{.*}} storage <bf16>
// BF16: gemma.linear {{.*}} storage <bf16> : (tensor<?x96xf32>
// F32: gemma.embedding {{.*}} storage <f32>
// F32: gemma.linear {{.*}} storage <f32> : (tensor<?x96xf32>
// EMBEDDING-LABEL: func.func @tied_table
// EMBEDDING: gemma.embedding {{.*}} storage <bf16>
// EMBEDDING-NOT: gemma.quantize_activation
// EMBEDDING: gemma.linear {{.*}} storage <bf16>
// HEAD-LABEL: func.func @tied_table
// HEAD: gemma.embedding {{.*}} storage <w8, group = 32>
// HEAD: gemma.linear {{.*}} storage <w4, group = 32, scale = i8>
// BOTH-LABEL: func.func @tied_table
// BOTH: gemma.embedding {{.*}} storage <w4, group = 32, scale = i8>
// BOTH: gemma.linear {{.*}} storage <w4, group = 32, scale = i8>
// TABLE-LABEL: func.func @tied_table
// TABLE: gemma.embedding {{.*}} storage <w4, group = 32, scale = i8>
// TABLE: gemma.linear {{.*}} storage <w8, group = 32>
func.func @tied_table(%ids: tensor<?xi32>) -> tensor<?x512xf32> {
  %embed = gemma.get_weight @embed : tensor<512x96xbf16>
  %x = gemma.embedding %ids, %embed scale 9.75 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  %n = gemma.rms_norm %x eps 1.0e-6 : tensor<?x96xf32>
  %l = gemma.linear %n, %embed : (tensor<?x96xf32>, tensor<512x96xbf16>) -> tensor<?x512xf32>
  %c = gemma.softcap %l cap 30.0 : tensor<?x512xf32>
  return %c : tensor<?x512xf32>
}

// Per-layer embeddings are a table too, in the program's format.
// CHECK-LABEL: func.func @per_layer_table
// W4: gemma.embedding {{.*}} storage <w4, group = 32>
// W8: gemma.embedding {{.*}} storage <w8, group = 32>
// EMBEDDING-LABEL: func.func @per_layer_table
// EMBEDDING: gemma.embedding {{.*}} storage <w4, group = 32>
func.func @per_layer_table(%ids: tensor<?xi32>) -> tensor<?x2x32xf32> {
  %table = gemma.get_weight @per_layer : tensor<512x64xbf16>
  %e = gemma.embedding %ids, %table scale 8.0 : (tensor<?xi32>, tensor<512x64xbf16>) -> tensor<?x64xf32>
  %h = gemma.split_heads %e : tensor<?x64xf32> -> tensor<?x2x32xf32>
  return %h : tensor<?x2x32xf32>
}

// Two products of one value share its quantized form; stacked weights have one format; one row stays one row.
// CHECK-LABEL: func.func @products
// CHECK-SAME: (%[[X:.*]]: tensor<?x96xf32>, %[[LAST:.*]]: tensor<1x96xf32>)
// CHECK: %[[Q:.*]] = gemma.quantize_activation %[[X]] : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
// W4-NEXT: gemma.linear %[[Q]], %{{.*}} storage <w4, group = 32, scale = i8> : (!gemma.q8<?x96, group = 32>, tensor<80x96xbf16>) -> tensor<?x80xf32>
// W8-NEXT: gemma.linear %[[Q]], %{{.*}} storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, tensor<80x96xbf16>) -> tensor<?x80xf32>
// CHECK-NOT: gemma.quantize_activation %[[X]]
// CHECK: gemma.linear %[[Q]]
// CHECK: %[[Q1:.*]] = gemma.quantize_activation %[[LAST]] : tensor<1x96xf32> -> !gemma.q8<1x96, group = 32>
// CHECK-NEXT: gemma.linear %[[Q1]]
func.func @products(%x: tensor<?x96xf32>, %last: tensor<1x96xf32>) -> (tensor<?x80xf32>, tensor<?x96xf32>, tensor<1x96xf32>) {
  %wq = gemma.get_weight @wq : tensor<64x96xbf16>
  %wk = gemma.get_weight @wk : tensor<16x96xbf16>
  %w = gemma.concat_rows %wq, %wk : (tensor<64x96xbf16>, tensor<16x96xbf16>) -> tensor<80x96xbf16>
  %a = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<80x96xbf16>) -> tensor<?x80xf32>
  %wg = gemma.get_weight @wg : tensor<96x96xbf16>
  %b = gemma.linear %x, %wg : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %c = gemma.linear %last, %wg : (tensor<1x96xf32>, tensor<96x96xbf16>) -> tensor<1x96xf32>
  %bs = gemma.scale %b by 2.0 : tensor<?x96xf32>
  %as = gemma.scale %a by 2.0 : tensor<?x80xf32>
  %cs = gemma.scale %c by 2.0 : tensor<1x96xf32>
  return %as, %bs, %cs : tensor<?x80xf32>, tensor<?x96xf32>, tensor<1x96xf32>
}

// Fewer columns than one scale covers: plain, as in the checkpoint.
// CHECK-LABEL: func.func @narrow_matrix
// CHECK-NOT: gemma.quantize_activation
// CHECK: gemma.linear {{.*}} storage <bf16> : (tensor<?x16xf32>
// PLAIN-LABEL: func.func @narrow_matrix
// F32: gemma.linear {{.*}} storage <f32>
func.func @narrow_matrix(%x: tensor<?x16xf32>) -> tensor<?x96xf32> {
  %w = gemma.get_weight @narrow : tensor<96x16xbf16>
  %y = gemma.linear %x, %w : (tensor<?x16xf32>, tensor<96x16xbf16>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// The router stays plain; experts have no quantized input of their own and, when narrow, stay plain together.
// CHECK-LABEL: func.func @experts
// CHECK-NOT: gemma.quantize_activation
// CHECK: gemma.linear {{.*}} storage <bf16>
// CHECK-NEXT: gemma.get_weight @router_scale
// CHECK-NEXT: gemma.route
// W4: gemma.experts {{.*}} storage <w4, group = 32, scale = i8> : (tensor<?x96xf32>
// W8: gemma.experts {{.*}} storage <w8, group = 32> : (tensor<?x96xf32>
// CHECK: gemma.experts {{.*}} storage <bf16> : (tensor<?x96xf32>
// PLAIN-LABEL: func.func @experts
// F32: gemma.linear {{.*}} storage <f32>
// F32-COUNT-2: gemma.experts {{.*}} storage <f32>
func.func @experts(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %wr = gemma.get_weight @router : tensor<8x96xbf16>
  %r = gemma.linear %x, %wr : (tensor<?x96xf32>, tensor<8x96xbf16>) -> tensor<?x8xf32>
  %ws = gemma.get_weight @router_scale : tensor<8xbf16>
  %w, %i = gemma.route %r, %ws top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  %gu = gemma.get_weight @gate_up : tensor<8x64x96xbf16>
  %d = gemma.get_weight @down : tensor<8x96x32xbf16>
  %m = gemma.experts %x, %w, %i, %gu, %d : (tensor<?x96xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x64x96xbf16>, tensor<8x96x32xbf16>) -> tensor<?x96xf32>
  %ngu = gemma.get_weight @narrow_gate_up : tensor<8x44x96xbf16>
  %nd = gemma.get_weight @narrow_down : tensor<8x96x22xbf16>
  %n = gemma.experts %m, %w, %i, %ngu, %nd : (tensor<?x96xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x96xbf16>, tensor<8x96x22xbf16>) -> tensor<?x96xf32>
  return %n : tensor<?x96xf32>
}
