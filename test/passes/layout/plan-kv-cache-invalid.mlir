// RUN: lapidary-opt %s --plan-kv-cache=chunk=0 --verify-diagnostics --split-input-file
// REQUIRES: targets

// expected-error@+1 {{context is 8192 and chunk is 0, expected at least 1}}
module {
  gemma.kv_cache @kv.0 heads 1 dim 16 window 8
}
