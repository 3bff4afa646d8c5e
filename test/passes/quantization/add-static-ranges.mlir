// RUN: lapidary-opt %s --quantize-weights="format=w4row overrides=grouped=w8" --add-static-ranges="ranges=q_proj=0.025:0.01,k_proj=0:0.02,v_proj=0:0,o_proj=0:0.5,kept=1:1,grouped=1:1,absent=1:1 caches=kv.0=0.03:0.04,kv.1=1:1,kv.2=0:1" -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: lapidary-opt %t.mlir --quantize-weights=format=bf16 | FileCheck %s --check-prefix=PLAIN
// RUN: not lapidary-opt %s --add-static-ranges="ranges=q_proj=0.025" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not lapidary-opt %s --add-static-ranges="ranges=q_proj=1:-1" 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not lapidary-opt %s --add-static-ranges="caches=kv.0=a:b" 2>&1 | FileCheck %s --check-prefix=CACHE
//
// Stacked weights share the input's step, that of the first, and have an output step each. Weights without an entry, of
// group formats and with the checkpoint's own integers stay as they are, as do caches that have steps.

gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.1 heads 1 dim 16 window 8 key_step 2.5e-01 value_step 5.0e-01
gemma.kv_cache @kv.2 heads 1 dim 16 window 8
// CHECK: gemma.kv_cache @kv.0 heads 1 dim 16 window 8 key_step 3.000000e-02 value_step 4.000000e-02
// CHECK: gemma.kv_cache @kv.1 heads 1 dim 16 window 8 key_step 2.500000e-01 value_step 5.000000e-01
// CHECK: gemma.kv_cache @kv.2 heads 1 dim 16 window 8{{$}}

gemma.weight @q_proj : tensor<64x96xbf16> shard 0 offset 0
gemma.weight @k_proj : tensor<32x96xbf16> shard 0 offset 12288
gemma.weight @v_proj : tensor<32x96xbf16> shard 0 offset 18432
gemma.weight @o_proj : tensor<96x96xbf16> shard 0 offset 24576
gemma.weight @other : tensor<32x96xbf16> shard 0 offset 43008

// CHECK-LABEL: func.func @products
// CHECK-SAME: %[[X:.*]]: tensor<?x96xf32>
// CHECK: %[[WIDE:.*]] = gemma.quantize_activation %[[X]] : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0, planes = 3>
// CHECK-NEXT: %[[Q:.*]] = gemma.quantize_activation %[[X]] step 2.500000e-02 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
// CHECK: gemma.linear %[[Q]], {{.*}} storage <w4> input_step 2.500000e-02 output_steps [1.000000e-02, 2.000000e-02, 0.000000e+00] output_ends [64, 96, 128]
// CHECK: gemma.linear %[[WIDE]], {{.*}} storage <w4> output_steps [5.000000e-01] output_ends [96] :
// CHECK: gemma.linear %[[WIDE]], {{.*}} storage <w4> : (
// PLAIN-LABEL: func.func @products
// PLAIN-NOT: gemma.quantize_activation
// PLAIN: gemma.linear %{{.*}}, {{.*}} storage <bf16> : (tensor<?x96xf32>
// PLAIN-NOT: gemma.quantize_activation
func.func @products(%x: tensor<?x96xf32>) -> (tensor<?x128xf32>, tensor<?x96xf32>, tensor<?x1x32xf32>) {
  %wq = gemma.get_weight @q_proj : tensor<64x96xbf16>
  %wk = gemma.get_weight @k_proj : tensor<32x96xbf16>
  %wv = gemma.get_weight @v_proj : tensor<32x96xbf16>
  %w = gemma.concat_rows %wq, %wk, %wv : (tensor<64x96xbf16>, tensor<32x96xbf16>, tensor<32x96xbf16>) -> tensor<128x96xbf16>
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<128x96xbf16>) -> tensor<?x128xf32>
  %h = gemma.split_heads %y : tensor<?x128xf32> -> tensor<?x4x32xf32>
  %m = gemma.merge_heads %h : tensor<?x4x32xf32> -> tensor<?x128xf32>
  %wo = gemma.get_weight @o_proj : tensor<96x96xbf16>
  %z = gemma.linear %x, %wo : (tensor<?x96xf32>, tensor<96x96xbf16>) -> tensor<?x96xf32>
  %zh = gemma.split_heads %z : tensor<?x96xf32> -> tensor<?x3x32xf32>
  %zm = gemma.merge_heads %zh : tensor<?x3x32xf32> -> tensor<?x96xf32>
  %wt = gemma.get_weight @other : tensor<32x96xbf16>
  %t = gemma.linear %x, %wt : (tensor<?x96xf32>, tensor<32x96xbf16>) -> tensor<?x32xf32>
  %th = gemma.split_heads %t : tensor<?x32xf32> -> tensor<?x1x32xf32>
  return %m, %zm, %th : tensor<?x128xf32>, tensor<?x96xf32>, tensor<?x1x32xf32>
}

gemma.weight @grouped : tensor<64x96xbf16> shard 0 offset 49152
gemma.weight @scales : tensor<64x1xf32> shard 0 offset 61440
gemma.weight @kept : tensor<64x96xi4> shard 0 offset 61696 integers <offset, row_bytes = 48, group = 96, scales = @scales>

// PLAIN-LABEL: func.func @left_alone
// CHECK-LABEL: func.func @left_alone
// CHECK: gemma.linear {{.*}} storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>
// CHECK: gemma.linear {{.*}} storage <w4> : (!gemma.q8<?x96, group = 0, planes = 3>
func.func @left_alone(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %wg = gemma.get_weight @grouped : tensor<64x96xbf16>
  %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32>
  %y = gemma.linear %q, %wg storage <w8, group = 32> : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  %wk = gemma.get_weight @kept : tensor<64x96xi4>
  %wide = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0, planes = 3>
  %z = gemma.linear %wide, %wk storage <w4> : (!gemma.q8<?x96, group = 0, planes = 3>, tensor<64x96xi4>) -> tensor<?x64xf32>
  %s = gemma.add %y, %z : tensor<?x64xf32>
  return %s : tensor<?x64xf32>
}

// FORM: error: option ranges: 'q_proj=0.025' is not of the form name=step:step
// NEGATIVE: error: option ranges: 'q_proj=1:-1' is not of the form name=step:step
// CACHE: error: option caches: 'kv.0=a:b' is not of the form name=step:step
