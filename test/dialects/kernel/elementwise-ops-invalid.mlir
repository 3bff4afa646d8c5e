// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @gelu_mul_gate(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the gate is 96, expected 64}}
  kernel.gelu_mul %x, %o into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @gelu_mul_up(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of up is 96, expected 64}}
  kernel.gelu_mul %o, %x into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @add_lhs(%x: !kernel.buffer<1 x 96 x f32>, %o: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{row count of lhs is 1 fixed, expected 1 per token}}
  kernel.add %x, %o scale 1.0 into %o : !kernel.buffer<1 x 96 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @add_rhs(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of rhs is 96, expected 64}}
  kernel.add %o, %x scale 1.0 into %o : !kernel.buffer<tokens x 64 x f32>, !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @scale_input(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the input is 96, expected 64}}
  kernel.scale %x by 1.0 into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @softcap_cap(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{cap is 0.000000, expected more than 0}}
  kernel.softcap %x cap 0.0 into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @softcap_input(%x: !kernel.buffer<tokens x 96 x f32>, %o: !kernel.buffer<tokens x 64 x f32>) {
  // expected-error@+1 {{column count of the input is 96, expected 64}}
  kernel.softcap %x cap 1.0 into %o : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 64 x f32>
  return
}

// -----

func.func @select_last_out(%x: !kernel.buffer<tokens x 96 x f32>) {
  // expected-error@+1 {{out has type '!kernel.buffer<tokens x 96 x f32>', expected '!kernel.buffer<1 x 96 x f32>'}}
  kernel.select_last %x into %x : !kernel.buffer<tokens x 96 x f32>, !kernel.buffer<tokens x 96 x f32>
  return
}

// -----

func.func @wrong_element(%x: !kernel.buffer<tokens x 96 x q8>) {
  // expected-error@+1 {{operand #0 must be f32 buffer}}
  kernel.softcap %x cap 1.0 into %x : !kernel.buffer<tokens x 96 x q8>, !kernel.buffer<tokens x 96 x q8>
  return
}
