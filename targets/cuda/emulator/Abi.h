//===- Abi.h - between retargeted kernels and the emulated device ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Retarget.cpp turns kernels into host code that calls the functions below; the emulated device (device/, the library
// libcuda.so.1) has them. Both sides list intrinsics in ScalarIntrinsics.def and WarpOperations.def, so what one emits
// the other one knows.
//
// A `site` is the number of an instruction, an index into lap_emu_sites; its text says kernel and instruction.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_EMULATOR_ABI_H
#define LAPIDARY_TARGETS_CUDA_EMULATOR_ABI_H

#include <cstdint>

namespace lapidary::cuda::emulator {

/// Sites are packed into the records of the race detector (device/Shadow.h).
constexpr uint32_t siteBits = 17;

constexpr uint64_t anyParameter = ~uint64_t(0);

/// What lanes of a warp do together. The operands of a lane are 32-bit words; the results replace them.
enum class WarpOperation : uint32_t {
#define LAP_EMU_WARP(NAME, INTRINSIC, MASK, ALIGNED) NAME,
#include "targets/cuda/emulator/WarpOperations.def"
};

/// What wgmma.mma_async multiplies; sums are i32 and f32.
enum class ProductType : uint32_t { S8, Bf16, F16 };

/// How bytes are touched.
enum class Access : uint32_t { Load, Store, AtomicLoad, AtomicUpdate };

/// A kernel NAME of a library of retargeted kernels, exported as NAME__kernel. Retarget.cpp writes the same struct.
struct Kernel {
  const char *name;
  void (*launch)(void **parameters); ///< runs one thread; also exported as NAME__launch
  const uint32_t *parameterBytes;
  uint64_t writtenParameters; ///< bit i: it may write through parameter i; anyParameter: it may write anywhere
  uint32_t parameterCount;
  uint32_t sharedBytes;     ///< of its own variables; dynamic shared memory follows behind them
  uint32_t blockThreads[3]; ///< required size of a block, 0: any
};

} // namespace lapidary::cuda::emulator

extern "C" {
/// Before every access of kernels: reports and leaves the kernel when the bytes may not be touched.
void lap_emu_load(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site);
void lap_emu_store(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site);
void lap_emu_atomic_load(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site);
void lap_emu_atomic_update(const void *address, uint32_t bytes, uint32_t alignment, uint32_t site);
/// The same for a variable of the thread, `objectBytes` at `object`.
void lap_emu_local(const void *address, uint32_t bytes, const void *object, uint32_t objectBytes, uint32_t site);

/// llvm.trap: the kernel found something wrong itself.
void lap_emu_trap(uint32_t site);

/// Start of the block's shared memory.
void *lap_emu_shared();
/// All threads of the block; `threads` 0 or their number.
void lap_emu_barrier(uint32_t barrier, uint32_t threads, uint32_t site);
/// The lanes of `mask`, each with its words.
void lap_emu_warp(uint32_t operation, uint32_t mask, uint32_t *words, uint32_t site);

/// griddepcontrol.wait: the thread may touch what earlier kernels touch from now on.
void lap_emu_wait_for_kernels();
/// cp.async.bulk.prefetch.L2.
void lap_emu_prefetch(const void *address, uint32_t bytes, uint32_t site);

/// cp.async: `bytes` of shared memory, the first `sourceBytes` of them from global memory, the others zero.
void lap_emu_copy_async(void *shared, const void *global, uint32_t bytes, uint32_t sourceBytes, uint32_t site);
void lap_emu_copy_commit();
/// Until at most `groups` of the newest groups are open; ~0: until all copies are done, committed or not.
void lap_emu_copy_wait(uint32_t groups);
/// fence.proxy.async: what the thread has written to shared memory is seen by wgmma.
void lap_emu_proxy_fence();

/// wgmma.mma_async of m64nNk32 or m64nNk16, by the threads of a warpgroup together, as are the next ones. A thread's
/// words: N / 2 sums, 4 of A, 2 of the descriptor of B. Sums have no value until lap_emu_wgmma_wait: here they become
/// marks.
void lap_emu_wgmma(uint32_t type, uint32_t n, uint32_t *words, uint32_t site);
void lap_emu_wgmma_fence(uint32_t site);
void lap_emu_wgmma_commit(uint32_t site);
/// Until at most `groups` of the newest groups are open. Marks of sums that are done, among the words, become values.
void lap_emu_wgmma_wait(uint32_t groups, uint32_t *words, uint32_t count, uint32_t site);
}

#endif // LAPIDARY_TARGETS_CUDA_EMULATOR_ABI_H
