// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{type is 'tensor<?x96xbf16>', expected a tensor of static shape}}
gemma.weight @w : tensor<?x96xbf16> shard 0 offset 0

// -----

// expected-error@+1 {{element type is 'f16', expected f32 or bf16}}
gemma.weight @w : tensor<96xf16> shard 0 offset 0

// -----

// expected-error@+1 {{rank is 4, expected 1..3}}
gemma.weight @w : tensor<2x2x2x2xf32> shard 0 offset 0

// -----

// expected-error@+1 {{rank is 0, expected 1..3}}
gemma.weight @w : tensor<f32> shard 0 offset 0

// -----

// expected-error@+1 {{shard is -1, expected at least 0}}
gemma.weight @w : tensor<96xf32> shard -1 offset 0

// -----

// expected-error@+1 {{offset is -8, expected at least 0}}
gemma.weight @w : tensor<96xf32> shard 0 offset -8

// -----

func.func @unknown_symbol() {
  // expected-error@+1 {{found no gemma.weight named @w}}
  %w = gemma.get_weight @w : tensor<96xf32>
  return
}

// -----

gemma.kv_cache @kv heads 1 dim 16 window 8
func.func @symbol_of_another_kind() {
  // expected-error@+1 {{found no gemma.weight named @kv}}
  %w = gemma.get_weight @kv : tensor<96xf32>
  return
}

// -----

gemma.weight @w : tensor<96xbf16> shard 0 offset 0
func.func @type_differs() {
  // expected-error@+1 {{result has type 'tensor<96xf32>', expected 'tensor<96xbf16>'}}
  %w = gemma.get_weight @w : tensor<96xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error@+1 {{found no inputs, expected at least 1}}
  %w = gemma.concat_rows : () -> tensor<1x96xf32>
  return
}

// -----

func.func @concat_mixes_elements(%a: tensor<8x96xf32>) {
  // expected-error@+1 {{element type of an input is 'f32', expected 'bf16'}}
  %w = gemma.concat_rows %a : (tensor<8x96xf32>) -> tensor<8x96xbf16>
  return
}

// -----

func.func @concat_columns_differ(%a: tensor<8x88xf32>) {
  // expected-error@+1 {{column count of an input is 88, expected 96}}
  %w = gemma.concat_rows %a : (tensor<8x88xf32>) -> tensor<8x96xf32>
  return
}

// -----

func.func @concat_rows_do_not_add_up(%a: tensor<8x96xf32>) {
  // expected-error@+1 {{row count of the result is 15, expected 16}}
  %w = gemma.concat_rows %a, %a : (tensor<8x96xf32>, tensor<8x96xf32>) -> tensor<15x96xf32>
  return
}

// -----

// expected-error@+1 {{element type is 'i3', expected i2, i4 or i8 for integers}}
gemma.weight @w : tensor<64x96xi3> shard 0 offset 0 integers <offset, row_bytes = 48, group = 96, scales = @s>

// -----

// expected-error@+1 {{element type is 'i4', expected f32 or bf16}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0

// -----

// expected-error@+1 {{row_bytes is 47, expected at least 48}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0 integers <offset, row_bytes = 47, group = 96, scales = @s>

// -----

// expected-error@+1 {{group is 64, expected a divisor of the 96 columns}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0 integers <offset, row_bytes = 48, group = 64, scales = @s>

// -----

// expected-error@+1 {{encoding is twos, expected offset for 'i4'}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0 integers <twos, row_bytes = 48, group = 96, scales = @s>

// -----

// expected-error@+1 {{found no gemma.weight named @s for the scales}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0 integers <offset, row_bytes = 48, group = 96, scales = @s>

// -----

gemma.weight @s : tensor<32x1xf32> shard 0 offset 0
// expected-error@+1 {{row count of the scales is 32, expected 64}}
gemma.weight @w : tensor<64x96xi4> shard 0 offset 0 integers <offset, row_bytes = 48, group = 96, scales = @s>
