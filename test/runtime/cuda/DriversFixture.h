//===- DriversFixture.h - GPU drivers without a GPU ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A table of driver functions that records what is enqueued: which kernel, which grid, which parameters.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CUDA_DRIVERSFIXTURE_H
#define LAPIDARY_TEST_RUNTIME_CUDA_DRIVERSFIXTURE_H

#include "runtime/src/cuda/Launch.h"
#include "runtime/src/cuda/Scratch.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace drivers {

using namespace lap::cuda;

struct Enqueued {
  std::string name; // of the kernel, with a + behind it if it overlaps the one before; or "copy", "fill"
  uint32_t x, y, z;
  std::vector<double> parameters; // addresses of the tests are exact in a double
};

/// Since the latest Scene was made.
extern std::vector<Enqueued> enqueued;
/// What launches return.
extern Result launchResult;

using Names = std::vector<std::string>;
/// Of all that is enqueued.
Names names();

// Addresses in calls.
constexpr uint64_t Arena = 0x100000, Weights = 0x200000, Scratch = 0x300000, Ids = 0x400000, Places = 0x500000;

/// A call with its device.
struct Scene {
  Driver driver = {};
  lap::Device device;
  lap::DeviceCalls calls;
  Tables tables;
  Call call = {};
  std::vector<Function> functions;
  lap_row_place place = {};

  explicit Scene(uint32_t tokens, uint32_t reach = 1000);
};

/// The kernel with this name; a failure of the test if there is none.
lap_kernel *kernel(const std::string &name);

/// One row per token (or the last token's) of f32.
lap_buffer rows(uint64_t offset, uint32_t columns, bool last = false);

} // namespace drivers

#endif // LAPIDARY_TEST_RUNTIME_CUDA_DRIVERSFIXTURE_H
