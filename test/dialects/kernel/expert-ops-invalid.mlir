// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @top_k(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<8, <f32>, "vector">, %w: !kernel.buffer<tokens x 3 x f32>, %i: !kernel.buffer<tokens x 3 x i32>) {
  // expected-error@+1 {{top_k is 9, expected 1..8}}
  kernel.route %l, %s top_k 9 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  return
}

// -----

func.func @expert_scale(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<4, <f32>, "vector">, %w: !kernel.buffer<tokens x 3 x f32>, %i: !kernel.buffer<tokens x 3 x i32>) {
  // expected-error@+1 {{size of the expert scale is 4, expected 8}}
  kernel.route %l, %s top_k 3 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<4, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  return
}

// -----

func.func @route_weight_rows(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<8, <f32>, "vector">, %w: !kernel.buffer<1 x 3 x f32>, %i: !kernel.buffer<tokens x 3 x i32>) {
  // expected-error@+1 {{row count of the weights is 1 fixed, expected 1 per token}}
  kernel.route %l, %s top_k 3 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<1 x 3 x f32>, !kernel.buffer<tokens x 3 x i32>
  return
}

// -----

func.func @route_weight_columns(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<8, <f32>, "vector">, %w: !kernel.buffer<tokens x 2 x f32>, %i: !kernel.buffer<tokens x 3 x i32>) {
  // expected-error@+1 {{column count of the weights is 2, expected 3}}
  kernel.route %l, %s top_k 3 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 2 x f32>, !kernel.buffer<tokens x 3 x i32>
  return
}

// -----

func.func @route_indices(%l: !kernel.buffer<tokens x 8 x f32>, %s: !kernel.packed<8, <f32>, "vector">, %w: !kernel.buffer<tokens x 3 x f32>, %i: !kernel.buffer<tokens x 2 x i32>) {
  // expected-error@+1 {{column count of the indices is 2, expected 3}}
  kernel.route %l, %s top_k 3 into %w, %i : !kernel.buffer<tokens x 8 x f32>, !kernel.packed<8, <f32>, "vector">, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 2 x i32>
  return
}

// -----

func.func @sort_top_k(%i: !kernel.buffer<tokens x 3 x i32>, %r: !kernel.buffer<1 x 1545 x i32>) {
  // expected-error@+1 {{column count of the indices is 3, expected 2}}
  kernel.sort_experts %i experts 8 top_k 2 into %r : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 1545 x i32>
  return
}

// -----

func.func @sort_order_rows(%i: !kernel.buffer<tokens x 3 x i32>, %r: !kernel.buffer<tokens x 1545 x i32>) {
  // expected-error@+1 {{order has type '!kernel.buffer<tokens x 1545 x i32>', expected one fixed row}}
  kernel.sort_experts %i experts 8 top_k 3 into %r : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<tokens x 1545 x i32>
  return
}

// -----

func.func @sort_experts(%i: !kernel.buffer<tokens x 3 x i32>, %r: !kernel.buffer<1 x 1545 x i32>) {
  // expected-error@+1 {{experts is 1544, expected 1..1543}}
  kernel.sort_experts %i experts 1544 top_k 3 into %r : !kernel.buffer<tokens x 3 x i32>, !kernel.buffer<1 x 1545 x i32>
  return
}

// -----

func.func @rows_per_source(%x: !kernel.buffer<tokens x 88 x q8>, %r: !kernel.buffer<1 x 1545 x i32>, %w: !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<3 tokens x 44 x f32>) {
  // expected-error@+1 {{rows_per_source is 0, expected at least 1}}
  kernel.expert_matmul %x, %r, %w rows_per_source 0 into %o : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  return
}

// -----

func.func @expert_storage(%x: !kernel.buffer<tokens x 88 x f32>, %r: !kernel.buffer<1 x 1545 x i32>, %w: !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<3 tokens x 44 x f32>) {
  // expected-error@+1 {{input element is f32, expected q8 or q24 for a weight stored as w4}}
  kernel.expert_matmul %x, %r, %w rows_per_source 3 into %o : !kernel.buffer<tokens x 88 x f32>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  return
}

// -----

func.func @expert_weight(%x: !kernel.buffer<tokens x 88 x q8>, %r: !kernel.buffer<1 x 1545 x i32>, %w: !kernel.packed<8x22x88, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<3 tokens x 44 x f32>) {
  // expected-error@+1 {{second dimension of the weight is 22, expected 44}}
  kernel.expert_matmul %x, %r, %w rows_per_source 3 into %o : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x22x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  return
}

// -----

func.func @expert_matrix(%x: !kernel.buffer<tokens x 88 x q8>, %r: !kernel.buffer<1 x 1545 x i32>, %w: !kernel.packed<44x88, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<3 tokens x 44 x f32>) {
  // expected-error@+1 {{rank of the weight is 2, expected 3}}
  kernel.expert_matmul %x, %r, %w rows_per_source 3 into %o : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<3 tokens x 44 x f32>
  return
}

// -----

func.func @expert_rows(%x: !kernel.buffer<tokens x 88 x q8>, %r: !kernel.buffer<1 x 1545 x i32>, %w: !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, %o: !kernel.buffer<2 tokens x 44 x f32>) {
  // expected-error@+1 {{row count of out is 2 per token, expected 3 per token}}
  kernel.expert_matmul %x, %r, %w rows_per_source 3 into %o : !kernel.buffer<tokens x 88 x q8>, !kernel.buffer<1 x 1545 x i32>, !kernel.packed<8x44x88, <w4, group = 32>, "tiles16">, !kernel.buffer<2 tokens x 44 x f32>
  return
}

// -----

func.func @combine_top_k(%m: !kernel.buffer<3 tokens x 88 x f32>, %w: !kernel.buffer<tokens x 3 x f32>, %o: !kernel.buffer<tokens x 88 x f32>) {
  // expected-error@+1 {{top_k is 0, expected at least 1}}
  kernel.combine_experts %m, %w top_k 0 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
  return
}

// -----

func.func @combine_rows(%m: !kernel.buffer<3 tokens x 88 x f32>, %w: !kernel.buffer<tokens x 3 x f32>, %o: !kernel.buffer<tokens x 88 x f32>) {
  // expected-error@+1 {{row count of the input is 3 per token, expected 2 per token}}
  kernel.combine_experts %m, %w top_k 2 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
  return
}

// -----

func.func @combine_columns(%m: !kernel.buffer<3 tokens x 88 x f32>, %w: !kernel.buffer<tokens x 3 x f32>, %o: !kernel.buffer<tokens x 80 x f32>) {
  // expected-error@+1 {{column count of the input is 88, expected 80}}
  kernel.combine_experts %m, %w top_k 3 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 3 x f32>, !kernel.buffer<tokens x 80 x f32>
  return
}

// -----

func.func @combine_weight_rows(%m: !kernel.buffer<3 tokens x 88 x f32>, %w: !kernel.buffer<1 x 3 x f32>, %o: !kernel.buffer<tokens x 88 x f32>) {
  // expected-error@+1 {{row count of the weights is 1 fixed, expected 1 per token}}
  kernel.combine_experts %m, %w top_k 3 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<1 x 3 x f32>, !kernel.buffer<tokens x 88 x f32>
  return
}

// -----

func.func @combine_weights(%m: !kernel.buffer<3 tokens x 88 x f32>, %w: !kernel.buffer<tokens x 2 x f32>, %o: !kernel.buffer<tokens x 88 x f32>) {
  // expected-error@+1 {{column count of the weights is 2, expected 3}}
  kernel.combine_experts %m, %w top_k 3 into %o : !kernel.buffer<3 tokens x 88 x f32>, !kernel.buffer<tokens x 2 x f32>, !kernel.buffer<tokens x 88 x f32>
  return
}
