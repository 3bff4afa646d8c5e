// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{heads is 0, expected at least 1}}
kernel.kv_cache @kv heads 0 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>

// -----

// expected-error@+1 {{dim is 0, expected at least 1}}
kernel.kv_cache @kv heads 1 dim 0 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>

// -----

// expected-error@+1 {{window is -1, expected at least 0}}
kernel.kv_cache @kv heads 1 dim 16 window -1 geometry <slots = 16, element = "f32", key = 0, value = 0>

// -----

// expected-error@+1 {{slots is 16, expected at least 17}}
kernel.kv_cache @kv heads 1 dim 16 window 17 geometry <slots = 16, element = "f32", key = 0, value = 0>

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @append_value(%k: !kernel.buffer<tokens x 16 x f32>, %v: !kernel.buffer<tokens x 32 x f32>) {
  // expected-error@+1 {{column count of the value is 32, expected 16}}
  kernel.kv_append @kv, %k, %v : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 32 x f32>
  return
}

// -----

func.func @append_unknown(%k: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{found no kernel.kv_cache named @kv}}
  kernel.kv_append @kv, %k, %k : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 2 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @append_key(%k: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{column count of the key is 16, expected 32}}
  kernel.kv_append @kv, %k, %k : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

func.func @attention_unknown(%q: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{found no kernel.kv_cache named @kv}}
  kernel.attention @kv, %q heads 4 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @attention_no_heads(%q: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{heads is 0, expected at least 1}}
  kernel.attention @kv, %q heads 0 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @attention_out(%q: !kernel.buffer<tokens x 64 x f32>, %o: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{column count of out is 96, expected 64}}
  kernel.attention @kv, %q heads 4 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 3 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @attention_groups(%q: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{query head count is 4, expected a multiple of the 3 K/V heads}}
  kernel.attention @kv, %q heads 4 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @attention_query(%q: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the query is 64, expected 128}}
  kernel.attention @kv, %q heads 8 into %q : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @attention_step(%q: !kernel.buffer<tokens x 64 x f32>, %o: !kernel.buffer<tokens x 64 x i8>) {
  // expected-error@+1 {{buffer element is i8, expected a step for it}}
  kernel.attention @kv, %q heads 4 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x i8>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_value(%k: !kernel.buffer<tokens x 16 x f32>, %v: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">) {
  // expected-error@+1 {{column count of the value is 64, expected 16}}
  kernel.kv_norm_append @kv, %k, %v, %w, %k eps 1.0 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_eps(%k: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<16, <f32>, "vector">) {
  // expected-error@+1 {{eps is 0.000000, expected more than 0}}
  kernel.kv_norm_append @kv, %k, %k, %w, %k eps 0.0 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 2 dim 32 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_table(%k: !kernel.buffer<tokens x 64 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %t: !kernel.buffer<tokens x 16 x f32>) {
  // expected-error@+1 {{column count of the table is 16, expected 32}}
  kernel.kv_norm_append @kv, %k, %k, %w, %t eps 1.0 : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_weight(%k: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<8, <f32>, "vector">) {
  // expected-error@+1 {{size of the weight is 8, expected 16}}
  kernel.kv_norm_append @kv, %k, %k, %w, %k eps 1.0 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_query(%k: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %q: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the query is 64, expected 48}}
  kernel.kv_norm_append @kv, %k, %k, %w, %k eps 1.0 query %q, %w heads 3 into %q : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

kernel.kv_cache @kv heads 1 dim 16 window 8 geometry <slots = 16, element = "f32", key = 0, value = 0>
func.func @normed_query_rows(%k: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<16, <f32>, "vector">, %q: !kernel.buffer<1 x 64 x f32>) {
  // expected-error@+1 {{row count of the query}}
  kernel.kv_norm_append @kv, %k, %k, %w, %k eps 1.0 query %q, %w heads 4 into %q : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<1 x 64 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<1 x 64 x f32>
  return
}

// -----

func.func @normed_unknown(%k: !kernel.buffer<tokens x 16 x f32>, %w: !kernel.packed<16, <f32>, "vector">) {
  // expected-error@+1 {{found no kernel.kv_cache named @kv}}
  kernel.kv_norm_append @kv, %k, %k, %w, %k eps 1.0 : !kernel.buffer<tokens x 16 x f32>, !kernel.buffer<tokens x 16 x f32>, !kernel.packed<16, <f32>, "vector">, !kernel.buffer<tokens x 16 x f32>
  return
}
