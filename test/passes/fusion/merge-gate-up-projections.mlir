// RUN: lapidary-opt %s --merge-gate-up-projections -o %t.once
// RUN: FileCheck %s < %t.once
// RUN: lapidary-opt %t.once --merge-gate-up-projections | diff %t.once -

gemma.weight @wg : tensor<192x96xbf16> shard 0 offset 0
gemma.weight @wu : tensor<192x96xbf16> shard 0 offset 36864

// CHECK-LABEL: func.func @pair
// CHECK-SAME: (%[[F:.*]]: tensor<?x96xf32>)
// CHECK-DAG: %[[WG:.*]] = gemma.get_weight @wg
// CHECK-DAG: %[[WU:.*]] = gemma.get_weight @wu
// CHECK: %[[W:.*]] = gemma.concat_rows %[[WG]], %[[WU]] : (tensor<192x96xbf16>, tensor<192x96xbf16>) -> tensor<384x96xbf16>
// CHECK-NEXT: %[[Y:.*]] = gemma.linear %[[F]], %[[W]] : (tensor<?x96xf32>, tensor<384x96xbf16>) -> tensor<?x384xf32>
// CHECK-NEXT: %[[G:.*]] = gemma.slice_columns %[[Y]] from 0 : tensor<?x384xf32> -> tensor<?x192xf32>
// CHECK-NEXT: %[[U:.*]] = gemma.slice_columns %[[Y]] from 192 : tensor<?x384xf32> -> tensor<?x192xf32>
// CHECK-NEXT: gemma.gelu_mul %[[G]], %[[U]]
// CHECK-NEXT: return
func.func @pair(%f: tensor<?x96xf32>) -> tensor<?x192xf32> {
  %wu = gemma.get_weight @wu : tensor<192x96xbf16>
  %u = gemma.linear %f, %wu : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %wg = gemma.get_weight @wg : tensor<192x96xbf16>
  %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
  return %a : tensor<?x192xf32>
}

// Per-layer embeddings: the gate's partner is no product.
// CHECK-LABEL: func.func @lone_gate_stays
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @lone_gate_stays(%f: tensor<?x96xf32>, %ple: tensor<?x384xf32>) -> tensor<?x192xf32> {
  %wg = gemma.get_weight @wg : tensor<192x96xbf16>
  %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %u = gemma.slice_columns %ple from 192 : tensor<?x384xf32> -> tensor<?x192xf32>
  %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
  return %a : tensor<?x192xf32>
}

// CHECK-LABEL: func.func @inputs_differ
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @inputs_differ(%f: tensor<?x96xf32>, %h: tensor<?x96xf32>) -> tensor<?x192xf32> {
  %wg = gemma.get_weight @wg : tensor<192x96xbf16>
  %wu = gemma.get_weight @wu : tensor<192x96xbf16>
  %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %u = gemma.linear %h, %wu : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
  return %a : tensor<?x192xf32>
}

// CHECK-LABEL: func.func @up_read_elsewhere
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @up_read_elsewhere(%f: tensor<?x96xf32>) -> (tensor<?x192xf32>, tensor<?x192xf32>) {
  %wg = gemma.get_weight @wg : tensor<192x96xbf16>
  %wu = gemma.get_weight @wu : tensor<192x96xbf16>
  %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %u = gemma.linear %f, %wu : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %a = gemma.gelu_mul %g, %u : tensor<?x192xf32>
  return %a, %u : tensor<?x192xf32>, tensor<?x192xf32>
}

// CHECK-LABEL: func.func @one_product_gates_itself
// CHECK-NOT: gemma.concat_rows
// CHECK: return
func.func @one_product_gates_itself(%f: tensor<?x96xf32>) -> tensor<?x192xf32> {
  %wg = gemma.get_weight @wg : tensor<192x96xbf16>
  %g = gemma.linear %f, %wg : (tensor<?x96xf32>, tensor<192x96xbf16>) -> tensor<?x192xf32>
  %a = gemma.gelu_mul %g, %g : tensor<?x192xf32>
  return %a : tensor<?x192xf32>
}
