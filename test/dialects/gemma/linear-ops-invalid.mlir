// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @embedding_columns(%ids: tensor<?xi32>, %table: tensor<512x96xbf16>) {
  // expected-error@+1 {{column count of the table is 96, expected 88}}
  %x = gemma.embedding %ids, %table scale 1.0 : (tensor<?xi32>, tensor<512x96xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @embedding_rows(%ids: tensor<1xi32>, %table: tensor<512x96xbf16>) {
  // expected-error@+1 {{row count of the result is ?, expected 1}}
  %x = gemma.embedding %ids, %table scale 1.0 : (tensor<1xi32>, tensor<512x96xbf16>) -> tensor<?x96xf32>
  return
}

// -----

func.func @embedding_of_a_vector(%ids: tensor<?xi32>, %table: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{rank of the table is 1, expected 2}}
  %x = gemma.embedding %ids, %table scale 1.0 : (tensor<?xi32>, !kernel.packed<96, <f32>, "vector">) -> tensor<?x96xf32>
  return
}

// -----

func.func @integer_storage_without_q8(%x: tensor<?x96xf32>, %w: tensor<64x96xbf16>) {
  // expected-error@+1 {{storage is w4, expected a !gemma.q8 input for it, found 'tensor<?x96xf32>'}}
  %y = gemma.linear %x, %w storage <w4, group = 32> : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return
}

// -----

func.func @q8_without_integer_storage(%x: !gemma.q8<?x96, group = 32>, %w: tensor<64x96xbf16>) {
  // expected-error@+1 {{input is !gemma.q8, expected storage w8, w4 or w2 for it}}
  %y = gemma.linear %x, %w : (!gemma.q8<?x96, group = 32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return
}

// -----

func.func @linear_columns(%x: tensor<?x88xf32>, %w: tensor<64x96xbf16>) {
  // expected-error@+1 {{column count of the weight is 96, expected 88}}
  %y = gemma.linear %x, %w : (tensor<?x88xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return
}

// -----

func.func @linear_outputs(%x: tensor<?x96xf32>, %w: tensor<64x96xbf16>) {
  // expected-error@+1 {{row count of the weight is 64, expected 32}}
  %y = gemma.linear %x, %w : (tensor<?x96xf32>, tensor<64x96xbf16>) -> tensor<?x32xf32>
  return
}

// -----

func.func @linear_rows(%x: tensor<1x96xf32>, %w: tensor<64x96xbf16>) {
  // expected-error@+1 {{row count of the result is ?, expected 1}}
  %y = gemma.linear %x, %w : (tensor<1x96xf32>, tensor<64x96xbf16>) -> tensor<?x64xf32>
  return
}

// -----

func.func @quantize_columns(%x: tensor<?x96xf32>) {
  // expected-error@+1 {{column count of the result is 64, expected 96}}
  %q = gemma.quantize_activation %x : tensor<?x96xf32> -> !gemma.q8<?x64, group = 32>
  return
}
