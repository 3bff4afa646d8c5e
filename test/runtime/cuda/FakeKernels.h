//===- FakeKernels.h - what the fake libcuda launches ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernels of FakeGpuProgram.h, as calls with their parameters inside.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CUDA_FAKEKERNELS_H
#define LAPIDARY_TEST_RUNTIME_CUDA_FAKEKERNELS_H

#include "runtime/src/cuda/Driver.h"
#include "test/runtime/cuda/FakeGpuProgram.h"

#include <functional>
#include <string>

/// Returns a CUresult: 719 (launch failed) when an address is not the GPU's or what lies there is not what should.
using FakeKernel = std::function<lap::cuda::Result()>;

/// The kernel of that name for `rows` rows of the grid. The parameters are read now.
FakeKernel fakeKernel(const std::string &name, uint32_t rows, void **parameters);

/// Whether a range lies in one live allocation of the GPU's memory.
bool onFakeGpu(lap::cuda::Address at, size_t bytes);

#endif // LAPIDARY_TEST_RUNTIME_CUDA_FAKEKERNELS_H
