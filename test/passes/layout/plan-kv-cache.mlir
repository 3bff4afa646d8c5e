// RUN: lapidary-opt %s --plan-kv-cache="target=x86_64-linux context=100 chunk=32 cache-element=bf16" | FileCheck %s
// RUN: lapidary-opt %s --plan-kv-cache="context=20 chunk=512" | FileCheck %s --check-prefix=SHORT
// REQUIRES: targets

// A ring keeps window - 1 + chunk positions (7 + 32, in blocks of 16), a global layer all of them.
// CHECK: kernel.cache_bytes = 17408 : i64
// CHECK: gemma.kv_cache @kv.0 heads 1 dim 16 window 8 geometry #kernel.cache<slots = 48, element = "bf16", key = 0, value = 1536>
// CHECK: gemma.kv_cache @kv.1 heads 1 dim 32 window 0 geometry #kernel.cache<slots = 112, element = "bf16", key = 3072, value = 10240>

// No cache has more slots than the context needs.
// SHORT: gemma.kv_cache @kv.0 {{.*}}slots = 32, element = "f32", key = 0, value = 2048>
// SHORT: gemma.kv_cache @kv.1 {{.*}}slots = 32, element = "f32", key = 4096, value = 8192>
gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.1 heads 1 dim 32 window 0
