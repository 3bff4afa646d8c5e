//===- EmulatorFixture.h - kernels in LLVM's text form, run and looked at --===//
// SPDX-License-Identifier: Apache-2.0
//
// A test writes a kernel, runs it through the driver API and looks at device memory. Misuse is sticky, as on a GPU, so
// those tests run in processes of their own (expectReport); what builds libraries has been done before they start.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_EMULATORFIXTURE_H
#define LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_EMULATORFIXTURE_H

#include "targets/cuda/emulator/device/Cuda.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lapidary::cuda::emulator::test {

/// What the intrinsics of these tests need to be declared as, and the attributes `ptx_kernel` functions get.
std::string withDeclarations(const std::string &kernels);

/// Retargets `kernels` (LLVM IR; declarations of intrinsics are added) to a library below the test's temporary folder.
/// "" after a failure, whose message is in `out_error`.
std::string buildLibrary(const std::string &kernels, std::string &out_error);

/// Kernels that have been built; load() makes them a module. Fails the test where that does not work.
class Kernels {
public:
  explicit Kernels(const std::string &kernels);
  Kernels(const Kernels &) = delete;
  Kernels &operator=(const Kernels &) = delete;
  ~Kernels();
  Kernels &load();
  CUfunction function(const char *name) const;

private:
  std::string path;
  CUmodule module = nullptr;
};

/// Device memory with the elements of a vector in it.
template <typename T> class Buffer {
public:
  explicit Buffer(const std::vector<T> &values) : count(values.size()) {
    EXPECT_EQ(cuMemAlloc_v2(&address, count * sizeof(T)), CUDA_SUCCESS);
    EXPECT_EQ(cuMemcpyHtoD_v2(address, values.data(), count * sizeof(T)), CUDA_SUCCESS);
  }
  explicit Buffer(size_t count) : Buffer(std::vector<T>(count)) {}
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { cuMemFree_v2(address); }

  std::vector<T> read() const {
    std::vector<T> values(count);
    EXPECT_EQ(cuMemcpyDtoH_v2(values.data(), address, count * sizeof(T)), CUDA_SUCCESS);
    return values;
  }
  CUdeviceptr address = 0;

private:
  size_t count;
};

/// Launches with these parameters, of the types that the kernel has.
template <typename... Parameters>
CUresult launchOn(CUstream stream, CUfunction function, unsigned grid, unsigned block, unsigned shared,
                  Parameters... parameters) {
  void *list[] = {static_cast<void *>(&parameters)..., nullptr};
  return cuLaunchKernel(function, grid, 1, 1, block, 1, 1, shared, stream, list, nullptr);
}
template <typename... Parameters>
CUresult launch(CUfunction function, unsigned grid, unsigned block, unsigned shared, Parameters... parameters) {
  return launchOn(nullptr, function, grid, block, shared, parameters...);
}

/// Launches kernel "k" with the address of a buffer of `elements` i32 that count up, in a process of its own, and
/// expects that the launch returns CUDA_ERROR_ILLEGAL_ADDRESS and that stderr has `message` (a regular expression).
void expectReport(const std::string &kernel, const char *message, unsigned elements, unsigned grid, unsigned block);
/// The same, for launches that work.
void expectNothing(const std::string &kernel, unsigned elements, unsigned grid, unsigned block);

} // namespace lapidary::cuda::emulator::test

#endif // LAPIDARY_TEST_TARGETS_CUDA_EMULATOR_EMULATORFIXTURE_H
