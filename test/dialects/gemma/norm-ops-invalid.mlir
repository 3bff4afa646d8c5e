// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @rms_norm_eps(%x: tensor<?x96xf32>) {
  // expected-error@+1 {{eps is 0.000000, expected more than 0}}
  %0 = gemma.rms_norm %x eps 0.0 : tensor<?x96xf32>
  return
}

// -----

func.func @rms_norm_weight(%x: tensor<?x4x16xf32>, %w: tensor<64xbf16>) {
  // expected-error@+1 {{size of the weight is 64, expected 16}}
  %0 = gemma.rms_norm %x, %w eps 1.0e-6 : tensor<?x4x16xf32>, tensor<64xbf16>
  return
}

// -----

func.func @residual_norm_eps(%x: tensor<?x96xf32>, %w: tensor<96xbf16>) {
  // expected-error@+1 {{eps is -1.000000, expected more than 0}}
  %0 = gemma.residual_norm %x, %x, %w eps -1.0 : tensor<?x96xf32>, tensor<96xbf16>
  return
}

// -----

func.func @residual_norm_weight(%x: tensor<?x96xf32>, %w: tensor<88xbf16>) {
  // expected-error@+1 {{size of the weight is 88, expected 96}}
  %0 = gemma.residual_norm %x, %x, %w eps 1.0e-6 : tensor<?x96xf32>, tensor<88xbf16>
  return
}

// -----

func.func @residual_norm_scale(%x: tensor<?x96xf32>, %w: tensor<96xbf16>) {
  // expected-error@+1 {{size of the scale is 96, expected 1}}
  %0 = gemma.residual_norm %x, %x, %w scale %w eps 1.0e-6 : tensor<?x96xf32>, tensor<96xbf16>, tensor<96xbf16>
  return
}

// -----

func.func @rotary_odd_head(%q: tensor<?x4x15xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{head dimension is 15, expected an even number}}
  %0 = gemma.rotary %q, %p theta 1.0e+04 pairs 7 factor 1.0 : tensor<?x4x15xf32>, tensor<?xi32>
  return
}

// -----

func.func @rotary_pairs(%q: tensor<?x4x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{pairs is 9, expected 1..8}}
  %0 = gemma.rotary %q, %p theta 1.0e+04 pairs 9 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  return
}

// -----

func.func @rotary_theta(%q: tensor<?x4x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{theta is -1.000000, expected more than 0}}
  %0 = gemma.rotary %q, %p theta -1.0 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<?xi32>
  return
}

// -----

func.func @rotary_factor(%q: tensor<?x4x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{factor is 0.000000, expected more than 0}}
  %0 = gemma.rotary %q, %p theta 1.0 pairs 8 factor 0.0 : tensor<?x4x16xf32>, tensor<?xi32>
  return
}

// -----

func.func @rotary_positions(%q: tensor<1x4x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{size of the positions is ?, expected 1}}
  %0 = gemma.rotary %q, %p theta 1.0 pairs 8 factor 1.0 : tensor<1x4x16xf32>, tensor<?xi32>
  return
}

// -----

func.func @norm_rotary_eps(%q: tensor<?x4x16xf32>, %w: tensor<16xbf16>, %p: tensor<?xi32>) {
  // expected-error@+1 {{eps is 0.000000, expected more than 0}}
  %0 = gemma.norm_rotary %q, %w, %p eps 0.0 theta 1.0 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
  return
}

// -----

func.func @norm_rotary_weight(%q: tensor<?x4x16xf32>, %w: tensor<8xbf16>, %p: tensor<?xi32>) {
  // expected-error@+1 {{size of the weight is 8, expected 16}}
  %0 = gemma.norm_rotary %q, %w, %p eps 1.0e-6 theta 1.0 pairs 8 factor 1.0 : tensor<?x4x16xf32>, tensor<8xbf16>, tensor<?xi32>
  return
}

// -----

func.func @norm_rotary_pairs(%q: tensor<?x4x16xf32>, %w: tensor<16xbf16>, %p: tensor<?xi32>) {
  // expected-error@+1 {{pairs is 0, expected 1..8}}
  %0 = gemma.norm_rotary %q, %w, %p eps 1.0e-6 theta 1.0 pairs 0 factor 1.0 : tensor<?x4x16xf32>, tensor<16xbf16>, tensor<?xi32>
  return
}
