// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @embed_columns(%t: !kernel.packed<512x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<tokens x 88 x f32>) {
  // expected-error@+1 {{column count of the table is 96, expected 88}}
  kernel.embed %t scale 1.0 into %o : !kernel.packed<512x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 88 x f32>
  return
}

// -----

func.func @embed_rows(%t: !kernel.packed<512x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<8 tokens x 96 x f32>) {
  // expected-error@+1 {{row count of out is 8, expected 1 per token or 1 fixed}}
  kernel.embed %t scale 1.0 into %o : !kernel.packed<512x96, <w4, group = 32>, "tiles16">, !kernel.buffer<8 tokens x 96 x f32>
  return
}

// -----

func.func @quantize_rows(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<1 x 96 x q8>) {
  // expected-error@+1 {{row count of out is 1 fixed, expected 1 per token}}
  kernel.quantize %x into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<1 x 96 x q8>
  return
}

// -----

func.func @quantize_columns(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x q8>) {
  // expected-error@+1 {{column count of out is 64, expected 96}}
  kernel.quantize %x into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x q8>
  return
}

// -----

func.func @matmul_needs_q8(%x: !kernel.buffer<tokens x 96 x f32>, %w: !kernel.packed<64x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{input element is f32, expected q8 or q24 for a weight stored as w4}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @matmul_needs_f32(%x: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<64x96, <bf16>, "tiles16">, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{input element is q8, expected f32 for a weight stored as bf16}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <bf16>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @matmul_outputs(%x: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<64x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<tokens x 32 x f32>) {
  // expected-error@+1 {{row count of the weight is 64, expected 32}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 32 x f32>
  return
}

// -----

func.func @matmul_inputs(%x: !kernel.buffer<tokens x 88 x q8>, %w: !kernel.packed<64x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the weight is 96, expected 88}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 88 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @matmul_rows(%x: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<64x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<1 x 64 x f32>) {
  // expected-error@+1 {{row count of out is 1 fixed, expected 1 per token}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<1 x 64 x f32>
  return
}

// -----

func.func @matmul_by_experts(%x: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<8x64x96, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{rank of the weight is 3, expected 2}}
  kernel.matmul %x, %w into %o : !kernel.buffer<tokens x 96 x q8>, !kernel.packed<8x64x96, <w4, group = 32>, "tiles16">, !kernel.buffer<tokens x 64 x f32>
  return
}
