//===- FakeCuda.h - what the parts of the fake libcuda share ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See FakeCuda.cpp.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CUDA_FAKECUDA_H
#define LAPIDARY_TEST_RUNTIME_CUDA_FAKECUDA_H

#include "runtime/src/cuda/Driver.h"
#include "test/runtime/cuda/FakeKernels.h"

#include <vector>

// What the opaque pointers of Driver.h point at here.
struct lap::cuda::StreamOfCuda {
  bool capturing = false;
  bool afterKernel = false; // the last operation is one
  std::vector<FakeKernel> recorded;
};
struct lap::cuda::FunctionOfCuda {
  const char *name;
};

using namespace lap::cuda;

// All that the library exports.
#pragma GCC visibility push(default)
extern "C" {
#define LAP_CUDA_FUNCTION(member, symbol, parameters) Result symbol parameters;
#include "runtime/src/cuda/DriverFunctions.def"
#undef LAP_CUDA_FUNCTION
}
#pragma GCC visibility pop

namespace fake {

constexpr Result InvalidValue = 1, NotFound = 500, CaptureUnsupported = 900;

/// A number of the environment.
uint64_t setting(const char *name, uint64_t otherwise);
/// Appends a line to the log.
void log(const char *text);
/// Logs a call; what the environment makes the function return.
Result enter(const char *function);
/// Does it now, or when the graph that is being captured is launched.
Result submit(Stream stream, FakeKernel action);
/// Whether any stream captures.
bool anyCapturing();
/// Whether memory of the GPU or pinned memory has not been freed.
bool anyAllocated();

} // namespace fake

/// Begins every function.
#define ENTER                                                                                                          \
  if (Result failure = fake::enter(__func__)) {                                                                        \
    return failure;                                                                                                    \
  }                                                                                                                    \
  static_assert(true)

#endif // LAPIDARY_TEST_RUNTIME_CUDA_FAKECUDA_H
