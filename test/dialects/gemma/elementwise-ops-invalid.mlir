// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @scale_by_vector(%x: tensor<?x96xf32>, %w: tensor<96xbf16>) {
  // expected-error@+1 {{size of the weight is 96, expected 1}}
  %0 = gemma.scale_by_weight %x, %w : tensor<?x96xf32>, tensor<96xbf16>
  return
}

// -----

func.func @softcap_of_nothing(%x: tensor<?x96xf32>) {
  // expected-error@+1 {{cap is 0.000000, expected more than 0}}
  %0 = gemma.softcap %x cap 0.0 : tensor<?x96xf32>
  return
}

// -----

func.func @add_integers(%x: tensor<?xi32>) {
  // expected-error@+1 {{operand #0 must be}}
  %0 = gemma.add %x, %x : tensor<?xi32>
  return
}
