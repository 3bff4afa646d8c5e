// RUN: lapidary-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{heads is 0, expected at least 1}}
gemma.kv_cache @kv heads 0 dim 16 window 8

// -----

// expected-error@+1 {{dim is 0, expected at least 1}}
gemma.kv_cache @kv heads 1 dim 0 window 8

// -----

// expected-error@+1 {{window is -1, expected at least 0}}
gemma.kv_cache @kv heads 1 dim 16 window -1

// -----

func.func @no_cache(%k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{found no gemma.kv_cache named @kv}}
  %0, %1 = gemma.kv_update @kv, %k, %k, %p : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// -----

gemma.kv_cache @kv heads 2 dim 16 window 8
func.func @cache_heads(%k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{second dimension of the key is 1, expected 2}}
  %0, %1 = gemma.kv_update @kv, %k, %k, %p : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// -----

gemma.kv_cache @kv heads 1 dim 32 window 8
func.func @cache_dim(%k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{last dimension of the key is 16, expected 32}}
  %0, %1 = gemma.kv_update @kv, %k, %k, %p : tensor<?x1x16xf32>, tensor<?xi32>
  return
}

// -----

gemma.kv_cache @kv heads 1 dim 16 window 8
func.func @cache_rows(%k: tensor<?x1x16xf32>, %p: tensor<1xi32>) {
  // expected-error@+1 {{first dimension of the key is ?, expected 1}}
  %0, %1 = gemma.kv_update @kv, %k, %k, %p : tensor<?x1x16xf32>, tensor<1xi32>
  return
}

// -----

func.func @scores_heads(%q: tensor<?x4x16xf32>, %k: tensor<?x3x16xf32>) {
  // expected-error@+1 {{query head count is 4, expected a multiple of the 3 K/V heads}}
  %0 = gemma.head_scores %q, %k : (tensor<?x4x16xf32>, tensor<?x3x16xf32>) -> tensor<?x4x?xf32>
  return
}

// -----

func.func @scores_dim(%q: tensor<?x4x16xf32>, %k: tensor<?x1x32xf32>) {
  // expected-error@+1 {{last dimension of the keys is 32, expected 16}}
  %0 = gemma.head_scores %q, %k : (tensor<?x4x16xf32>, tensor<?x1x32xf32>) -> tensor<?x4x?xf32>
  return
}

// -----

func.func @scores_result(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>) {
  // expected-error@+1 {{second dimension of the result is 2, expected 4}}
  %0 = gemma.head_scores %q, %k : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x2x?xf32>
  return
}

// -----

func.func @mask_window(%s: tensor<?x4x?xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{window is -8, expected at least 0}}
  %0 = gemma.mask_scores %s, %p window -8 : tensor<?x4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @mask_positions(%s: tensor<1x4x?xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{size of the positions is ?, expected 1}}
  %0 = gemma.mask_scores %s, %p window 8 : tensor<1x4x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @mix_heads(%w: tensor<?x4x?xf32>, %v: tensor<?x3x16xf32>) {
  // expected-error@+1 {{query head count is 4, expected a multiple of the 3 K/V heads}}
  %0 = gemma.head_mix %w, %v : (tensor<?x4x?xf32>, tensor<?x3x16xf32>) -> tensor<?x4x16xf32>
  return
}

// -----

func.func @mix_keys(%w: tensor<?x4x7xf32>, %v: tensor<?x1x16xf32>) {
  // expected-error@+1 {{last dimension of the weights is 7, expected ?}}
  %0 = gemma.head_mix %w, %v : (tensor<?x4x7xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  return
}

// -----

func.func @mix_result(%w: tensor<?x4x?xf32>, %v: tensor<?x1x16xf32>) {
  // expected-error@+1 {{last dimension of the result is 8, expected 16}}
  %0 = gemma.head_mix %w, %v : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @sliding_window(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{window is 0, expected at least 1}}
  %0 = gemma.sliding_attention %q, %k, %k, %p heads 4 window 0 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @fused_no_heads(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{heads is 0, expected at least 1}}
  %0 = gemma.global_attention %q, %k, %k, %p heads 0 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @fused_head_groups(%q: tensor<?x64xf32>, %k: tensor<?x3x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{query head count is 4, expected a multiple of the 3 K/V heads}}
  %0 = gemma.global_attention %q, %k, %k, %p heads 4 : (tensor<?x64xf32>, tensor<?x3x16xf32>, tensor<?x3x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @fused_values(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %v: tensor<?x1x8xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{values has type 'tensor<?x1x8xf32>', expected 'tensor<?x1x16xf32>'}}
  %0 = gemma.global_attention %q, %k, %v, %p heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @fused_query(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{column count of the query is 64, expected 128}}
  %0 = gemma.global_attention %q, %k, %k, %p heads 8 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @fused_result(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<?xi32>) {
  // expected-error@+1 {{result has type 'tensor<1x64xf32>', expected 'tensor<?x64xf32>'}}
  %0 = gemma.global_attention %q, %k, %k, %p heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<1x64xf32>
  return
}

// -----

func.func @fused_positions(%q: tensor<?x64xf32>, %k: tensor<?x1x16xf32>, %p: tensor<1xi32>) {
  // expected-error@+1 {{size of the positions is 1, expected ?}}
  %0 = gemma.global_attention %q, %k, %k, %p heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<1xi32>) -> tensor<?x64xf32>
  return
}
