// RUN: lapidary-opt %s --lower-kernel-to-llvm --verify-diagnostics --split-input-file
// REQUIRES: targets

func.func @step() {
  %x = kernel.alloc : !kernel.buffer<1 x 96 x f32>
  // expected-error@+1 {{uses a buffer that has no place in the arena; run plan-memory first}}
  kernel.scale %x by 1.0 into %x : !kernel.buffer<1 x 96 x f32>, !kernel.buffer<1 x 96 x f32>
  return
}

// -----

func.func @step(%x: tensor<?x96xf32>) {
  // expected-error@+1 {{is not a kernel op; run lower-gemma-to-kernel first}}
  %y = gemma.scale %x by 2.0 : tensor<?x96xf32>
  return
}
