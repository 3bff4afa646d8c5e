// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @heads_do_not_divide(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{heads is 5, expected a divisor of the 96 columns of the input}}
  kernel.rms_norm %x heads 5 eps 1.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @no_heads(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{heads is 0, expected a divisor of the 96 columns of the input}}
  kernel.rms_norm %x heads 0 eps 1.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @eps(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{eps is 0.000000, expected more than 0}}
  kernel.rms_norm %x heads 1 eps 0.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @norm_out(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of out is 64, expected 96}}
  kernel.rms_norm %x heads 1 eps 1.0 into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @norm_weight(%x: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<64, <f32>, "vector">) {
  // expected-error@+1 {{size of the weight is 64, expected 16}}
  kernel.rms_norm %x, %w heads 4 eps 1.0 into %x : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @residual_eps(%x: !kernel.buffer<tokens x 96 x f32>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{eps is -1.000000, expected more than 0}}
  kernel.residual_norm %x, %x, %w eps -1.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @residual_rows(%x: !kernel.buffer<tokens x 96 x f32>, %r: !kernel.buffer<1 x 96 x f32>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{row count of the residual is 1 fixed, expected 1 per token}}
  kernel.residual_norm %r, %x, %w eps 1.0 into %x : !kernel.buffer<1 x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @residual_out(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{column count of out is 64, expected 96}}
  kernel.residual_norm %x, %x, %w eps 1.0 into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @residual_weight(%x: !kernel.buffer<tokens x 96 x f32>, %w: !kernel.packed<64, <f32>, "vector">) {
  // expected-error@+1 {{size of the weight is 64, expected 96}}
  kernel.residual_norm %x, %x, %w eps 1.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @residual_scale(%x: !kernel.buffer<tokens x 96 x f32>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{size of the scale is 96, expected 1}}
  kernel.residual_norm %x, %x, %w scale %w eps 1.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @norm_heads_rounded(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>) {
  // expected-error@+1 {{heads is 2, expected 1 for an output of q8}}
  kernel.rms_norm %x heads 2 eps 1.0 into %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  return
}

// -----

func.func @rounded_step(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{buffer element is q8, expected no step for it}}
  kernel.residual_norm_rounded %x, %x, %w eps 1.0 step 0.5 into %x, %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  return
}

// -----

func.func @rounded_columns(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 64 x q8>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{column count of the rounded output is 64, expected 96}}
  kernel.residual_norm_rounded %x, %x, %w eps 1.0 into %x, %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x q8>
  return
}

// -----

func.func @rounded_weight(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<96, <f32>, "vector">, %n: !kernel.packed<64, <f32>, "vector">) {
  // expected-error@+1 {{size of the second weight is 64, expected 96}}
  kernel.residual_norm_rounded %x, %x, %w eps 1.0 then %n eps 1.0 into %x, %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<64, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  return
}

// -----

func.func @rounded_eps(%x: !kernel.buffer<tokens x 96 x f32>, %q: !kernel.buffer<tokens x 96 x q8>, %w: !kernel.packed<96, <f32>, "vector">) {
  // expected-error@+1 {{second eps is 0.000000, expected more than 0}}
  kernel.residual_norm_rounded %x, %x, %w eps 1.0 then %w eps 0.0 into %x, %q : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.packed<96, <f32>, "vector">, !kernel.packed<96, <f32>, "vector">, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x q8>
  return
}

// -----

func.func @table_odd(%f: !kernel.packed<8, <f32>, "vector">, %t: !kernel.buffer<tokens x 15 x f32>) {
  // expected-error@+1 {{column count of out is 15, expected an even number}}
  kernel.rotary_table %f into %t : !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 15 x f32>
  return
}

// -----

func.func @table_frequencies(%f: !kernel.packed<4, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{size of the frequencies is 4, expected 8}}
  kernel.rotary_table %f into %t : !kernel.packed<4, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

func.func @rotary_heads(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{heads is 3, expected a divisor of the 64 columns of the input}}
  kernel.norm_rotary %q, %w, %t heads 3 eps 1.0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @rotary_eps(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{eps is 0.000000, expected more than 0}}
  kernel.norm_rotary %q, %w, %t heads 4 eps 0.0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @rotary_weight(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<8, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{size of the weight is 8, expected 16}}
  kernel.norm_rotary %q, %w, %t heads 4 eps 1.0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @rotary_table_rows(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<1 x 16 x f32>) {
  // expected-error@+1 {{row count of the table is 1 fixed, expected 1 per token}}
  kernel.norm_rotary %q, %w, %t heads 4 eps 1.0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<1 x 16 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @rotary_table_columns(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 32 x f32>) {
  // expected-error@+1 {{column count of the table is 32, expected 16}}
  kernel.norm_rotary %q, %w, %t heads 4 eps 1.0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 32 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @rotary_out(%q: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>, %o: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{column count of out is 96, expected 64}}
  kernel.norm_rotary %q, %w, %t heads 4 eps 1.0 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}
