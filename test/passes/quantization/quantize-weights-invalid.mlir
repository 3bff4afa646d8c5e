// RUN: split-file %s %t
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=format=w3 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=embedding-format=int8 2>&1 | FileCheck %s --check-prefix=EMBEDDING
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=wq 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=wq=q4_0 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=[=w8 2>&1 | FileCheck %s --check-prefix=GLOB
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=q_proj.weigth=w8 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=norm=w8 2>&1 | FileCheck %s --check-prefix=NO-CHOICE
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=narrow=w8 2>&1 | FileCheck %s --check-prefix=NO-CHOICE
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=router=w8 2>&1 | FileCheck %s --check-prefix=NO-CHOICE
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=*_proj.weight=w8,q_proj.weight=bf16 2>&1 | FileCheck %s --check-prefix=NO-CHOICE
// RUN: not lapidary-opt %t/model.mlir --quantize-weights=overrides=q_proj.weight=w8 2>&1 | FileCheck %s --check-prefix=TOGETHER
// RUN: lapidary-opt %t/computed.mlir --quantize-weights --verify-diagnostics

// FORMAT: error: option format: unknown weight format 'w3', expected f32, bf16, w8, w4, w8row, w4row or w2row
// EMBEDDING: error: option embedding-format: unknown weight format 'int8', expected f32, bf16, w8, w4, w8row, w4row or w2row
// FORM: error: override 'wq' is not of the form pattern=format, such as *.v_proj.weight=w8
// KIND: error: override 'wq=q4_0': unknown weight format 'q4_0', expected f32, bf16, w8, w4, w8row, w4row or w2row
// GLOB: error: override '[=w8': invalid glob pattern
// NOTHING: error: override 'q_proj.weigth=w8': pattern 'q_proj.weigth' matches no weight, the closest name is 'q_proj.weight'
// NO-CHOICE: error: override '{{.*}}' decides nothing: what it matches has no format to choose (norms, scalars, weights that the checkpoint stores as integers), stays plain (the router, matrices of fewer than 32 columns), or is matched by an earlier override
// TOGETHER: error: weights @q_proj.weight and @k_proj.weight are stored together and need one format, found w8 and w4; write an override that matches both

//--- model.mlir
gemma.weight @q_proj.weight : tensor<64x96xbf16> shard 0 offset 0
gemma.weight @k_proj.weight : tensor<16x96xbf16> shard 0 offset 12288
gemma.weight @norm : tensor<96xbf16> shard 0 offset 15360
gemma.weight @narrow : tensor<96x16xbf16> shard 0 offset 15552
gemma.weight @router : tensor<8x96xbf16> shard 0 offset 18624
gemma.weight @router_scale : tensor<8xbf16> shard 0 offset 20160

func.func @products(%x: tensor<?x96xf32>, %n: tensor<?x16xf32>) -> (tensor<?x16xf32>, tensor<?x96xf32>, tensor<?x3xf32>) {
  %wq = gemma.get_weight @q_proj.weight : tensor<64x96xbf16>
  %wk = gemma.get_weight @k_proj.weight : tensor<16x96xbf16>
  %w = gemma.concat_rows %wq, %wk : (tensor<64x96xbf16>, tensor<16x96xbf16>) -> tensor<80x96xbf16>
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<80x96xbf16>) -> tensor<?x80xf32>
  %k = gemma.slice_columns %y from 64 : tensor<?x80xf32> -> tensor<?x16xf32>
  %wn = gemma.get_weight @narrow : tensor<96x16xbf16>
  %z = gemma.linear %n, %wn : (tensor<?x16xf32>, tensor<96x16xbf16>) -> tensor<?x96xf32>
  %wr = gemma.get_weight @router : tensor<8x96xbf16>
  %r = gemma.linear %x, %wr : (tensor<?x96xf32>, tensor<8x96xbf16>) -> tensor<?x8xf32>
  %ws = gemma.get_weight @router_scale : tensor<8xbf16>
  %e, %i = gemma.route %r, %ws top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  return %k, %z, %e : tensor<?x16xf32>, tensor<?x96xf32>, tensor<?x3xf32>
}

//--- computed.mlir
func.func @computed(%x: tensor<?x96xf32>, %w: tensor<64x96xbf16>) -> tensor<?x64xf32> {
  // expected-error @+1 {{the weight is computed, expected gemma.get_weight or gemma.concat_rows}}
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
