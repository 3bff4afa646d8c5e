// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{found neither sources nor values, expected one of them}}
kernel.packed_weight @w : !kernel.packed<2, <f32>, "vector"> offset 0

// -----

// expected-error@+1 {{found both sources and values, expected one of them}}
kernel.packed_weight @w sources [@a] values [1.0] : !kernel.packed<1, <f32>, "vector"> offset 0

// -----

// expected-error@+1 {{found no sources, expected at least 1}}
kernel.packed_weight @w sources [] : !kernel.packed<1, <f32>, "vector"> offset 0

// -----

// expected-error@+1 {{size of a weight made of values is 3, expected 2}}
kernel.packed_weight @w values [1.0, 2.0] : !kernel.packed<3, <f32>, "vector"> offset 0

// -----

// expected-error@+1 {{rank of a weight made of values is 2, expected 1}}
kernel.packed_weight @w values [1.0, 2.0] : !kernel.packed<1x2, <w4, group = 32>, "tiles16"> offset 0

// -----

// expected-error@+1 {{offset is -64, expected at least 0}}
kernel.packed_weight @w sources [@a] : !kernel.packed<3, <f32>, "vector"> offset -64

// -----

func.func @unknown_symbol() {
  // expected-error@+1 {{found no kernel.packed_weight named @w}}
  %0 = kernel.weight @w : !kernel.packed<3, <f32>, "vector">
  return
}

// -----

kernel.packed_weight @w sources [@a] : !kernel.packed<3, <f32>, "vector"> offset 0
func.func @type_differs() {
  // expected-error@+1 {{result has type '!kernel.packed<4, <f32>, "vector">', expected '!kernel.packed<3, <f32>, "vector">'}}
  %0 = kernel.weight @w : !kernel.packed<4, <f32>, "vector">
  return
}

// -----

func.func @columns_rows(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{row count of the result is 1 fixed, expected 1 per token}}
  %0 = kernel.columns %x from 0 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<1 x 16 x f32>
  return
}

// -----

func.func @columns_too_wide(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{column count of the result is 97, expected 1..96}}
  %0 = kernel.columns %x from 0 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 97 x f32>
  return
}

// -----

func.func @columns_past_the_end(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{offset is 96, expected 0..80}}
  %0 = kernel.columns %x from 96 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

func.func @columns_unaligned(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{offset is 8, expected a multiple of 16}}
  %0 = kernel.columns %x from 8 : !kernel.buffer<tokens x 96 x f32> -> !kernel.buffer<tokens x 16 x f32>
  return
}
