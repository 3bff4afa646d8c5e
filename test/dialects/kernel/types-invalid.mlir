// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{expected the rows: 'tokens', 'N tokens' or 'N'}}
func.func private @f(!kernel.buffer<rows x 96 x f32>)

// -----

// expected-error@+1 {{found 2 column counts, expected one}}
func.func private @f(!kernel.buffer<tokens x 4 x 16 x f32>)

// -----

// expected-error@+1 {{found 0 rows, expected at least 1}}
func.func private @f(!kernel.buffer<0 x 96 x f32>)

// -----

// expected-error@+1 {{found 0 columns, expected at least 1}}
func.func private @f(!kernel.buffer<tokens x 0 x f32>)

// -----

// expected-error@+1 {{unknown buffer element 'f16', expected f32, i32, q8, q24, i8 or r24}}
func.func private @f(!kernel.buffer<tokens x 96 x f16>)

// -----

// expected-error@+1 {{found 4 dimensions, expected 1 (vector), 2 (matrix) or 3 (experts)}}
func.func private @f(!kernel.packed<1x2x3x4, <f32>, "tiles16">)

// -----

// expected-error@+1 {{found a dimension of 0, expected at least 1}}
func.func private @f(!kernel.packed<0x96, <f32>, "tiles16">)

// -----

// expected-error@+1 {{the layout has no name, expected "tiles16", "rows", "vector" or a target's own}}
func.func private @f(!kernel.packed<64x96, <f32>, "">)

// -----

// expected-error@+1 {{found 0 slots, expected at least 1}}
func.func private @f() attributes {geometry = #kernel.cache<slots = 0, element = "f32", key = 0, value = 0>}

// -----

// expected-error@+1 {{unknown cache element 'f16', expected f32, bf16 or i8}}
func.func private @f() attributes {geometry = #kernel.cache<slots = 16, element = "f16", key = 0, value = 0>}
