// RUN: lapidary-opt %s | lapidary-opt | FileCheck %s
// RUN: lapidary-opt --mlir-print-op-generic %s | lapidary-opt | FileCheck %s

// CHECK: gemma.kv_cache @kv.0 heads 1 dim 16 window 8
gemma.kv_cache @kv.0 heads 1 dim 16 window 8
// CHECK: gemma.kv_cache @kv.1 heads 1 dim 16 window 0 geometry #kernel.cache<slots = 528, element = "bf16", key = 0, value = 16896>
gemma.kv_cache @kv.1 heads 1 dim 16 window 0 geometry #kernel.cache<slots = 528, element = "bf16", key = 0, value = 16896>

// CHECK-LABEL: @unfused
func.func @unfused(%q: tensor<?x4x16xf32>, %k: tensor<?x1x16xf32>, %v: tensor<?x1x16xf32>, %positions: tensor<?xi32>) -> tensor<?x4x16xf32> {
  // CHECK: %[[KEYS:.*]], %[[VALUES:.*]] = gemma.kv_update @kv.0, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x1x16xf32>, tensor<?xi32>
  %keys, %values = gemma.kv_update @kv.0, %k, %v, %positions : tensor<?x1x16xf32>, tensor<?xi32>
  // CHECK: %[[S:.*]] = gemma.head_scores %{{.*}}, %[[KEYS]] : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  %s = gemma.head_scores %q, %keys : (tensor<?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x4x?xf32>
  // CHECK: %[[M:.*]] = gemma.mask_scores %[[S]], %{{.*}} window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  %m = gemma.mask_scores %s, %positions window 8 : tensor<?x4x?xf32>, tensor<?xi32>
  // CHECK: %[[P:.*]] = gemma.softmax %[[M]] : tensor<?x4x?xf32>
  %p = gemma.softmax %m : tensor<?x4x?xf32>
  // CHECK: gemma.head_mix %[[P]], %[[VALUES]] : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  %o = gemma.head_mix %p, %values : (tensor<?x4x?xf32>, tensor<?x1x16xf32>) -> tensor<?x4x16xf32>
  return %o : tensor<?x4x16xf32>
}

// CHECK-LABEL: @fused
func.func @fused(%q: tensor<?x64xf32>, %keys: tensor<?x1x16xf32>, %positions: tensor<?xi32>) {
  // CHECK: gemma.sliding_attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} heads 4 window 8 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %0 = gemma.sliding_attention %q, %keys, %keys, %positions heads 4 window 8
     : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  // CHECK: gemma.global_attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} heads 4 : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %1 = gemma.global_attention %q, %keys, %keys, %positions heads 4
     : (tensor<?x64xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}
