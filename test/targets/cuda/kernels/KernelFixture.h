//===- KernelFixture.h - kernels of the target on the emulated GPU -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// A test names a kernel and launches it on device memory. Kernels are built when they are first named: the module that
// would become PTX is retargeted to this machine (targets/cuda/emulator), which checks bounds, races and alignment.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_CUDA_KERNELS_KERNELFIXTURE_H
#define LAPIDARY_TEST_TARGETS_CUDA_KERNELS_KERNELFIXTURE_H

#include "targets/cuda/emulator/device/Cuda.h"
#include "targets/cuda/kernels/KernelList.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace lapidary::cuda::test {

/// A kernel that can be launched.
struct Loaded {
  const Kernel *kernel;
  CUfunction function;
};
/// Fails the test where there is no such kernel or it cannot be built.
Loaded loadKernel(const std::string &name);

struct Grid {
  unsigned x, y = 1, z = 1;
};

/// Launches with one of the parameter lists of runtime/src/cuda/Kernels.h: launch<lap::cuda::Scale>(..). The launch is
/// one that may overlap earlier ones, so that the emulator holds kernels to the rules for these.
template <typename... Parameters>
void launchWith(void (*)(Parameters...), const Loaded &loaded, Grid grid,
                std::common_type_t<Parameters>... parameters) {
  ASSERT_NE(loaded.function, nullptr);
  void *list[] = {static_cast<void *>(&parameters)..., nullptr};
  CUlaunchAttribute attribute = {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, 0, {1}};
  const CUlaunchConfig config = {grid.x,  grid.y,     grid.z, loaded.kernel->threads, 1, 1, loaded.kernel->sharedBytes,
                                 nullptr, &attribute, 1};
  ASSERT_EQ(cuLaunchKernelEx(&config, loaded.function, list, nullptr), CUDA_SUCCESS);
}
template <typename Signature, typename... Arguments>
void launch(const std::string &name, Grid grid, Arguments... arguments) {
  launchWith(static_cast<Signature *>(nullptr), loadKernel(name), grid, arguments...);
}

/// Device memory of `count` elements, freed at the end.
template <typename T> class Memory {
public:
  explicit Memory(const std::vector<T> &values) : count(values.size()) {
    EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
    EXPECT_EQ(cuMemAlloc_v2(&address, count * sizeof(T)), CUDA_SUCCESS);
    write(values);
  }
  Memory(size_t count, T value) : Memory(std::vector<T>(count, value)) {}
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  ~Memory() { cuMemFree_v2(address); }

  void write(const std::vector<T> &values) {
    EXPECT_EQ(values.size(), count);
    EXPECT_EQ(cuMemcpyHtoD_v2(address, values.data(), count * sizeof(T)), CUDA_SUCCESS);
  }
  std::vector<T> read() const {
    std::vector<T> values(count);
    EXPECT_EQ(cuMemcpyDtoH_v2(values.data(), address, count * sizeof(T)), CUDA_SUCCESS);
    return values;
  }
  CUdeviceptr address = 0;

private:
  size_t count;
};

/// The value whose bytes begin at `at`.
template <typename T> T readAt(const std::vector<uint8_t> &bytes, uint64_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

} // namespace lapidary::cuda::test

#endif // LAPIDARY_TEST_TARGETS_CUDA_KERNELS_KERNELFIXTURE_H
