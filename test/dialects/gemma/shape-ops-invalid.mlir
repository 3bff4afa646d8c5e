// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

func.func @split_rows(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{first dimension of the result is 1, expected ?}}
  %0 = gemma.split_heads %x : tensor<?x64xf32> -> tensor<1x4x16xf32>
  return
}

// -----

func.func @split_columns(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{heads * dim of the result is 48, expected 64}}
  %0 = gemma.split_heads %x : tensor<?x64xf32> -> tensor<?x3x16xf32>
  return
}

// -----

func.func @split_unknown_heads(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{heads * dim of the result is ?, expected 64}}
  %0 = gemma.split_heads %x : tensor<?x64xf32> -> tensor<?x?x16xf32>
  return
}

// -----

func.func @merge_columns(%x: tensor<?x4x16xf32>) {
  // expected-error@+1 {{column count of the result is 32, expected 64}}
  %0 = gemma.merge_heads %x : tensor<?x4x16xf32> -> tensor<?x32xf32>
  return
}

// -----

func.func @slice_rows(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{row count of the result is 1, expected ?}}
  %0 = gemma.slice_columns %x from 0 : tensor<?x64xf32> -> tensor<1x16xf32>
  return
}

// -----

func.func @slice_too_wide(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{column count of the result is 65, expected 1..64}}
  %0 = gemma.slice_columns %x from 0 : tensor<?x64xf32> -> tensor<?x65xf32>
  return
}

// -----

func.func @slice_past_the_end(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{offset is 49, expected 0..48}}
  %0 = gemma.slice_columns %x from 49 : tensor<?x64xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @select_two_rows(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{result has type 'tensor<2x64xf32>', expected 'tensor<1x64xf32>'}}
  %0 = gemma.select_last %x : tensor<?x64xf32> -> tensor<2x64xf32>
  return
}

// -----

func.func @select_from_q8(%x: !gemma.q8<?x64, group = 32>) {
  // expected-error@+1 {{result has type 'tensor<1x64xf32>', expected '!gemma.q8<1x64, group = 32>'}}
  %0 = gemma.select_last %x : !gemma.q8<?x64, group = 32> -> tensor<1x64xf32>
  return
}
