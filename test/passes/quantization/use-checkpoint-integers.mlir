// RUN: lapidary-opt %s --use-checkpoint-integers -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --use-checkpoint-integers | diff %t.once -
//
// The policy leaves alone what the checkpoint has decided, whatever the program's format.
// RUN: lapidary-opt %t.once --quantize-weights=format=w8 | FileCheck %s --check-prefix=POLICY

gemma.weight @q.scale : tensor<64x1xf32> shard 0 offset 0
gemma.weight @q : tensor<64x96xi4> shard 0 offset 256 integers <offset, row_bytes = 48, group = 96, scales = @q.scale>
gemma.weight @k.scale : tensor<16x1xf32> shard 0 offset 3328
gemma.weight @k : tensor<16x96xi4> shard 0 offset 3392 integers <offset, row_bytes = 48, group = 96, scales = @k.scale>
gemma.weight @up.scale : tensor<64x1xf32> shard 0 offset 4160
gemma.weight @up : tensor<64x96xi2> shard 0 offset 4416 integers <offset, row_bytes = 24, group = 96, scales = @up.scale>
gemma.weight @gate.scale : tensor<32x1xf32> shard 0 offset 5952
gemma.weight @gate : tensor<32x96xi8> shard 0 offset 6080 integers <twos, row_bytes = 96, group = 96, scales = @gate.scale>
gemma.weight @group.scale : tensor<64x3xbf16> shard 0 offset 9152
gemma.weight @group : tensor<64x96xi4> shard 0 offset 9536 integers <offset, row_bytes = 48, group = 32, scales = @group.scale>
gemma.weight @large.scale : tensor<64x2xbf16> shard 0 offset 12608
gemma.weight @large : tensor<64x128xi8> shard 0 offset 12864 integers <offset, row_bytes = 128, group = 64, scales = @large.scale>
gemma.weight @rows.scale : tensor<512x2xf32> shard 0 offset 21056
gemma.weight @rows : tensor<512x128xi4> shard 0 offset 25152 integers <offset, row_bytes = 64, group = 64, scales = @rows.scale>
gemma.weight @plain.weight : tensor<64x96xbf16> shard 0 offset 57920

// Products of one rounded value share its integers; each names the step, and stacked weights are one product.
// CHECK-LABEL: func.func @static
// CHECK-NOT: gemma.static_round
// CHECK: %[[Q:.*]] = gemma.quantize_activation %arg0 step 2.500000e-02 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0>
// CHECK: gemma.linear %[[Q]], %{{.*}} storage <w4> input_step 2.500000e-02 : (!gemma.q8<?x96, group = 0>, tensor<80x96xi4>)
// CHECK: gemma.linear %[[Q]], %{{.*}} storage <w2> input_step 2.500000e-02 : (!gemma.q8<?x96, group = 0>, tensor<64x96xi2>)
// POLICY-LABEL: func.func @static
// POLICY: gemma.linear %{{.*}} storage <w4> input_step
// POLICY: gemma.linear %{{.*}} storage <w2> input_step
func.func @static(%x: tensor<?x96xf32>) -> (tensor<?x80xf32>, tensor<?x64xf32>) {
  %r = gemma.static_round %x step 2.5e-02 : tensor<?x96xf32>
  %q = gemma.get_weight @q : tensor<64x96xi4>
  %k = gemma.get_weight @k : tensor<16x96xi4>
  %qk = gemma.concat_rows %q, %k : (tensor<64x96xi4>, tensor<16x96xi4>) -> tensor<80x96xi4>
  %y = gemma.linear %r, %qk : (tensor<?x96xf32>, tensor<80x96xi4>) -> tensor<?x80xf32>
  %up = gemma.get_weight @up : tensor<64x96xi2>
  %z = gemma.linear %r, %up : (tensor<?x96xf32>, tensor<64x96xi2>) -> tensor<?x64xf32>
  return %y, %z : tensor<?x80xf32>, tensor<?x64xf32>
}

// Without a static range the input keeps 24 bits, in the groups of the weight or one scale per row; a larger group
// repeats its scale.
// CHECK-LABEL: func.func @wide
// CHECK: %[[R:.*]] = gemma.quantize_activation %arg0 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 0, planes = 3>
// CHECK: gemma.linear %[[R]], %{{.*}} storage <w8> : (!gemma.q8<?x96, group = 0, planes = 3>, tensor<32x96xi8>)
// CHECK: %[[G:.*]] = gemma.quantize_activation %arg0 : tensor<?x96xf32> -> !gemma.q8<?x96, group = 32, planes = 3>
// CHECK: gemma.linear %[[G]], %{{.*}} storage <w4, group = 32> : (!gemma.q8<?x96, group = 32, planes = 3>
// CHECK: gemma.linear %{{.*}}, %{{.*}} storage <w8, group = 32> : (!gemma.q8<?x128, group = 32, planes = 3>
func.func @wide(%x: tensor<?x96xf32>, %h: tensor<?x128xf32>) -> (tensor<?x32xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %gate = gemma.get_weight @gate : tensor<32x96xi8>
  %a = gemma.linear %x, %gate : (tensor<?x96xf32>, tensor<32x96xi8>) -> tensor<?x32xf32>
  %group = gemma.get_weight @group : tensor<64x96xi4>
  %b = gemma.linear %x, %group : (tensor<?x96xf32>, tensor<64x96xi4>) -> tensor<?x64xf32>
  %wide = gemma.get_weight @large : tensor<64x128xi8>
  %c = gemma.linear %h, %wide : (tensor<?x128xf32>, tensor<64x128xi8>) -> tensor<?x64xf32>
  return %a, %b, %c : tensor<?x32xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @table
// CHECK: gemma.embedding %arg0, %{{.*}} scale 1.125000e+01 storage <w4, group = 64, scale = f32>
// POLICY-LABEL: func.func @table
// POLICY: gemma.embedding {{.*}} storage <w4, group = 64, scale = f32>
func.func @table(%ids: tensor<?xi32>) -> tensor<?x128xf32> {
  %table = gemma.get_weight @rows : tensor<512x128xi4>
  %e = gemma.embedding %ids, %table scale 11.25 : (tensor<?xi32>, tensor<512x128xi4>) -> tensor<?x128xf32>
  return %e : tensor<?x128xf32>
}

// Plain weights are the policy's business.
// CHECK-LABEL: func.func @plain
// CHECK-NOT: storage
// POLICY-LABEL: func.func @plain
// POLICY: storage <w8, group = 32>
func.func @plain(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %w = gemma.get_weight @plain.weight : tensor<64x96xbf16>
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
