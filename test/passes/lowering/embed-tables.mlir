// RUN: lapidary-opt %s --lower-kernel-to-llvm=target=x86_64-linux | FileCheck %s
// REQUIRES: targets

// The driver is told what is in row tiles and what is a table, whatever the code of the integers: lap_embed_args ends
// with `tiled` and the scale, 1.0.
gemma.weight @e : tensor<64x96xbf16> shard 0 offset 0
kernel.packed_weight @t sources [@e] : !kernel.packed<64x96, <w8, group = 32>, "tiles16-signed"> offset 0
kernel.packed_weight @r sources [@e] : !kernel.packed<64x96, <w8, group = 32>, "rows-signed"> offset 8192
kernel.packed_weight @o sources [@e] : !kernel.packed<64x96, <w8, group = 32>, "rows"> offset 16384

// CHECK-DAG: @lap_args.step.0("{{.*}}\01\00\00\00\00\00\80?")
// CHECK-DAG: @lap_args.step.1("{{.*}}\00\00\00\00\00\00\80?")
// CHECK-DAG: @lap_args.step.2("{{.*}}\00\00\00\00\00\00\80?")
func.func @step() {
  %t = kernel.weight @t : !kernel.packed<64x96, <w8, group = 32>, "tiles16-signed">
  %r = kernel.weight @r : !kernel.packed<64x96, <w8, group = 32>, "rows-signed">
  %o = kernel.weight @o : !kernel.packed<64x96, <w8, group = 32>, "rows">
  %x = kernel.alloc at 256 : !kernel.buffer<1 x 96 x f32>
  kernel.embed %t scale 1.0 into %x kernels ["w8g32_bf16s-embed-1x32-avx2"] : !kernel.packed<64x96, <w8, group = 32>, "tiles16-signed">, !kernel.buffer<1 x 96 x f32>
  kernel.embed %r scale 1.0 into %x kernels ["w8g32_bf16s-embed-1x32-avx2"] : !kernel.packed<64x96, <w8, group = 32>, "rows-signed">, !kernel.buffer<1 x 96 x f32>
  kernel.embed %o scale 1.0 into %x kernels ["w8g32_bf16s-embed-1x32-avx2"] : !kernel.packed<64x96, <w8, group = 32>, "rows">, !kernel.buffer<1 x 96 x f32>
  return
}
