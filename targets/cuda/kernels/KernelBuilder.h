//===- KernelBuilder.h - one GPU kernel as MLIR ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What a kernel is written with besides arithmetic (Val.h): parameters, thread and block numbers, memory, control flow,
// and what the threads of a warp or block do together. A kernel declares its parameters first, in the order of
// runtime/src/cuda/Kernels.h:
//
//   void buildScale(KernelBuilder &k) {               // using Scale = void(Address x, int32_t xBytes, ..)
//     Val x = k.address(), xBytes = k.int32(), out = k.address(), outBytes = k.int32(), columns = k.int32();
//     Val scale = k.float32();
//     Val column = k.blockX() * k.threads() + k.threadId();
//     k.ifThen(column < columns, [&] {
//       k.store(k.loadFloat(k.row(x, xBytes, k.blockY()), column) * scale, k.row(out, outBytes, k.blockY()), column *
//       4);
//     });
//   }
//
// Addresses are i64 (global memory) or !llvm.ptr<3> (shared memory); offsets are bytes.
//
// A kernel begins with griddepcontrol.launch_dependents and griddepcontrol.wait (docs/cuda.md, Launches): it may be
// launched while the kernels before it still run, and touches nothing that they touch before they have ended. What it
// may do earlier is to ask for weights: prefetchWeights.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_KERNELBUILDER_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_KERNELBUILDER_H

#include "targets/cuda/kernels/Val.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace lapidary::cuda {

using Vals = llvm::SmallVector<Val>;

class KernelBuilder {
public:
  /// Starts the kernel `symbol` in `module`; blocks have `threads` threads.
  KernelBuilder(mlir::gpu::GPUModuleOp module, llvm::StringRef symbol, unsigned threads);
  /// Ends it. Nothing may be built afterwards.
  void finish();

  // Parameters, in order.
  Val address() { return parameter(builder.getI64Type()); }
  Val int64() { return parameter(builder.getI64Type()); }
  Val int32() { return parameter(builder.getI32Type()); }
  Val float32() { return parameter(builder.getF32Type()); }

  /// Has `bytes` (i32, cut down to a multiple of 16) of weights brought to L2 while earlier kernels run; nothing for
  /// address 0. `address` is a multiple of 16. To be called at the top level of the kernel, before anything is loaded
  /// or stored; it changes no result. Devices below 9.0 ignore it.
  void prefetchWeights(Val address, Val bytes);

  /// At least `count` blocks shall fit a multiprocessor, which bounds the registers. Left alone, ptxas gives up some
  /// registers, and spills a few, for one block more.
  void fewestBlocks(unsigned count);

  // Where this thread is (i32).
  Val threadId();
  Val blockX();
  Val blockY();
  Val blockZ();
  Val gridX();
  Val laneId() { return threadId() % 32; }
  Val warpId() { return threadId() / 32; }
  unsigned threads() const { return blockThreads; }
  unsigned warps() const { return blockThreads / 32; }

  // Constants and types.
  Val i32(int64_t number);
  Val i64(int64_t number);
  Val f32(double number);
  Val f64(double number);
  mlir::Type i8Type() { return builder.getI8Type(); }
  mlir::Type i16Type() { return builder.getI16Type(); }
  mlir::Type i32Type() { return builder.getI32Type(); }
  mlir::Type i64Type() { return builder.getI64Type(); }
  mlir::Type f32Type() { return builder.getF32Type(); }
  mlir::Type vectorType(mlir::Type element, int64_t count) { return mlir::VectorType::get({count}, element); }

  // Memory. `offset` is in bytes (i32 or i64, not negative). Alignment is that of the type.
  /// base + index * stride, in 64 bits.
  Val row(Val base, Val stride, Val index);
  Val load(mlir::Type type, Val base, Val offset);
  /// For memory that nobody writes while the kernel runs: weights, inputs of other kernels.
  Val loadConstant(mlir::Type type, Val base, Val offset);
  void store(Val value, Val base, Val offset);
  /// Element `index` of an array of floats that nobody writes.
  Val loadFloat(Val base, Val index) { return loadConstant(f32Type(), base, index * 4); }
  void storeFloat(Val value, Val base, Val index) { store(value, base, index * 4); }
  /// A part of the block's shared memory. Its contents are undefined.
  Val shared(uint64_t bytes, uint64_t alignment = 16);
  /// The block's dynamic shared memory (lap_gpu_kernel.shared_bytes).
  Val dynamicShared(uint64_t alignment = 16);

  /// Starts copying `bytes` (4, 8 or 16, which both addresses are multiples of) from global to shared memory; zeroes
  /// follow the first `wanted` (i32) of them, which are all that is read. It is over after waitCopies, in other threads
  /// after a barrier behind that.
  void copyAsync(Val to, Val toOffset, Val from, Val fromOffset, unsigned bytes, Val wanted);
  /// Ends a group of copies of this thread.
  void commitCopies();
  /// Waits until at most `pending` groups of this thread, the last ones, are not over.
  void waitCopies(unsigned pending);

  // Control flow. Conditions and bounds may differ among threads, unless threads do something together inside.
  void ifThen(Val condition, llvm::function_ref<void()> body);
  Vals ifElse(Val condition, llvm::function_ref<Vals()> then, llvm::function_ref<Vals()> otherwise);
  /// for (i = begin; i < end; i += step), signed.
  void forLoop(Val begin, Val end, Val step, llvm::function_ref<void(Val)> body);
  /// The same with values carried from one turn to the next; returns the last ones.
  Vals forLoop(Val begin, Val end, Val step, llvm::ArrayRef<Val> start,
               llvm::function_ref<Vals(Val, llvm::ArrayRef<Val>)> body);

  // Together. All threads of the block (or of the warp) must get there.
  void barrier();
  Val shuffleXor(Val value, unsigned mask); ///< i32 or f32, whole warps
  Val shuffle(Val value, Val lane);         ///< the value of another lane
  using Combine = llvm::function_ref<Val(Val, Val)>;
  /// Every lane gets the combination of the warp's values (of `width` neighbouring lanes).
  Val reduceWarp(Val value, Combine combine, unsigned width = 32);
  /// Every thread gets the combination of the block's values. `combine` must be associative enough.
  Val reduceBlock(Val value, Combine combine);

  /// Sums of i32 over the lanes of the warp up to this one.
  Val scanWarp(Val value);
  /// The sum of the values of lower threads, and of all threads of the block.
  std::pair<Val, Val> scanBlock(Val value);
  /// The lanes of the warp that have the same value (i32), one bit each.
  Val matchLanes(Val value);
  Val countBits(Val value);
  /// Shared memory that lanes of the warp wrote is seen by the others.
  void syncWarp();

  /// Bytes of a (0..3) and b (4..7), chosen by the selector's digits, the lowest first: 0x5140 is a0 b0 a1 b1.
  Val permuteBytes(Val a, Val b, unsigned selector);

  // Products. Fragments as in the PTX ISA manual, "Matrix Fragments for mma.m16n8k32" and ".m16n8k16".
  /// c + the dot product of four s8 pairs.
  Val dot4(Val a, Val b, Val c);
  /// D = A x B + C: A 16 x 32 s8 row-major (4 words a lane), B 32 x 8 (2 words), C and D 16 x 8 i32 (4).
  Vals mmaS8(llvm::ArrayRef<Val> a, llvm::ArrayRef<Val> b, llvm::ArrayRef<Val> c);
  /// A 16 x 16 bf16 (4 words of 2), B 16 x 8 (2), C and D 16 x 8 f32 (4).
  Vals mmaBf16(llvm::ArrayRef<Val> a, llvm::ArrayRef<Val> b, llvm::ArrayRef<Val> c);

  // Numbers.
  Val exp2Approximate(Val a); ///< 2^a, relative error 2^-22; subnormal results are 0

  mlir::OpBuilder builder;

private:
  Val parameter(mlir::Type type);
  Val pointer(Val base, Val offset);
  Val wrap(mlir::Value value) { return {builder, value}; }
  mlir::Location loc() { return builder.getUnknownLoc(); }
  Val results(mlir::Operation *mma, unsigned index);

  mlir::gpu::GPUModuleOp module;
  mlir::gpu::GPUFuncOp function;
  mlir::Operation *wait = nullptr; ///< for earlier kernels
  unsigned blockThreads;
  unsigned sharedParts = 0;
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_KERNELBUILDER_H
