// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @top_k(%l: tensor<?x8xf32>, %s: tensor<8xbf16>) {
  // expected-error@+1 {{top_k is 9, expected 1..8}}
  %w, %e = gemma.route %l, %s top_k 9 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x9xf32>, tensor<?x9xi32>)
  return
}

// -----

func.func @expert_scale(%l: tensor<?x8xf32>, %s: tensor<4xbf16>) {
  // expected-error@+1 {{size of the expert scale is 4, expected 8}}
  %w, %e = gemma.route %l, %s top_k 3 : (tensor<?x8xf32>, tensor<4xbf16>) -> (tensor<?x3xf32>, tensor<?x3xi32>)
  return
}

// -----

func.func @route_weights(%l: tensor<?x8xf32>, %s: tensor<8xbf16>) {
  // expected-error@+1 {{column count of the weights is 2, expected 3}}
  %w, %e = gemma.route %l, %s top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x2xf32>, tensor<?x3xi32>)
  return
}

// -----

func.func @route_indices(%l: tensor<?x8xf32>, %s: tensor<8xbf16>) {
  // expected-error@+1 {{row count of the indices is 1, expected ?}}
  %w, %e = gemma.route %l, %s top_k 3 : (tensor<?x8xf32>, tensor<8xbf16>) -> (tensor<?x3xf32>, tensor<1x3xi32>)
  return
}

// -----

func.func @experts_weights(%y: tensor<?x88xf32>, %w: tensor<1x3xf32>, %e: tensor<?x3xi32>, %g: tensor<8x44x88xbf16>, %d: tensor<8x88x22xbf16>) {
  // expected-error@+1 {{row count of the weights is 1, expected ?}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<1x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @experts_indices(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x2xi32>, %g: tensor<8x44x88xbf16>, %d: tensor<8x88x22xbf16>) {
  // expected-error@+1 {{column count of the indices is 2, expected 3}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x2xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @experts_down(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>, %g: tensor<8x44x88xbf16>, %d: tensor<8x80x22xbf16>) {
  // expected-error@+1 {{second dimension of down is 80, expected 88}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x80x22xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @experts_gate_up(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>, %g: tensor<8x22x88xbf16>, %d: tensor<8x88x22xbf16>) {
  // expected-error@+1 {{second dimension of gate_up is 22, expected 44}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x22x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @experts_number(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>, %g: tensor<4x44x88xbf16>, %d: tensor<8x88x22xbf16>) {
  // expected-error@+1 {{first dimension of gate_up is 4, expected 8}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<4x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x88xf32>
  return
}

// -----

func.func @experts_result(%y: tensor<?x88xf32>, %w: tensor<?x3xf32>, %e: tensor<?x3xi32>, %g: tensor<8x44x88xbf16>, %d: tensor<8x88x22xbf16>) {
  // expected-error@+1 {{result has type 'tensor<?x80xf32>', expected 'tensor<?x88xf32>'}}
  %0 = gemma.experts %y, %w, %e, %g, %d : (tensor<?x88xf32>, tensor<?x3xf32>, tensor<?x3xi32>, tensor<8x44x88xbf16>, tensor<8x88x22xbf16>) -> tensor<?x80xf32>
  return
}
