// RUN: lapidary-opt %s --pass-pipeline='builtin.module(func.func(fold-output-rounding))' -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --pass-pipeline='builtin.module(func.func(fold-output-rounding))' | diff %t.once -

gemma.weight @q.scale : tensor<64x1xf32> shard 0 offset 0
gemma.weight @q : tensor<64x96xi4> shard 0 offset 256 integers <offset, row_bytes = 48, group = 96, scales = @q.scale>
gemma.weight @k.scale : tensor<16x1xf32> shard 0 offset 3328
gemma.weight @k : tensor<16x96xi4> shard 0 offset 3392 integers <offset, row_bytes = 48, group = 96, scales = @k.scale>

// CHECK-LABEL: func.func @one
// CHECK: %[[Y:.*]] = gemma.linear %arg0, %{{.*}} storage <w4> input_step 2.500000e-02 output_steps [1.562500e-02] output_ends [64]
// CHECK-NEXT: return %[[Y]]
func.func @one(%x: !gemma.q8<?x96, group = 0>) -> tensor<?x64xf32> {
  %w = gemma.get_weight @q : tensor<64x96xi4>
  %y = gemma.linear %x, %w storage <w4> input_step 2.5e-02 : (!gemma.q8<?x96, group = 0>, tensor<64x96xi4>) -> tensor<?x64xf32>
  %r = gemma.static_round %y step 1.5625e-02 : tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

// Each part of a stack has its own step, or none; a selected row may stand in between.
// CHECK-LABEL: func.func @stack
// CHECK: %[[Y:.*]] = gemma.linear {{.*}} output_steps [1.562500e-02, 0.000000e+00] output_ends [64, 80]
// CHECK-NOT: gemma.static_round
func.func @stack(%x: !gemma.q8<?x96, group = 0>) -> (tensor<1x64xf32>, tensor<?x16xf32>) {
  %q = gemma.get_weight @q : tensor<64x96xi4>
  %k = gemma.get_weight @k : tensor<16x96xi4>
  %w = gemma.concat_rows %q, %k : (tensor<64x96xi4>, tensor<16x96xi4>) -> tensor<80x96xi4>
  %y = gemma.linear %x, %w storage <w4> input_step 2.5e-02 : (!gemma.q8<?x96, group = 0>, tensor<80x96xi4>) -> tensor<?x80xf32>
  %l = gemma.select_last %y : tensor<?x80xf32> -> tensor<1x80xf32>
  %a = gemma.slice_columns %l from 0 : tensor<1x80xf32> -> tensor<1x64xf32>
  %r = gemma.static_round %a step 1.5625e-02 : tensor<1x64xf32>
  %b = gemma.slice_columns %y from 64 : tensor<?x80xf32> -> tensor<?x16xf32>
  return %r, %b : tensor<1x64xf32>, tensor<?x16xf32>
}

// A reader of the unrounded values keeps the rounding apart.
// CHECK-LABEL: func.func @read_twice
// CHECK: gemma.linear {{.*}} input_step 2.500000e-02 :
// CHECK: gemma.static_round
func.func @read_twice(%x: !gemma.q8<?x96, group = 0>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = gemma.get_weight @q : tensor<64x96xi4>
  %y = gemma.linear %x, %w storage <w4> input_step 2.5e-02 : (!gemma.q8<?x96, group = 0>, tensor<64x96xi4>) -> tensor<?x64xf32>
  %r = gemma.static_round %y step 1.5625e-02 : tensor<?x64xf32>
  return %y, %r : tensor<?x64xf32>, tensor<?x64xf32>
}
