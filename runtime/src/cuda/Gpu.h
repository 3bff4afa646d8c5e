//===- Gpu.h - a model on a GPU --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lap::Device is here: the context, the program's kernels, its weights in the GPU's memory, and which tables stay
// on the host. The first GPU is taken; CUDA_VISIBLE_DEVICES chooses another. Made by the first session of a model,
// read-only afterwards.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_GPU_H
#define LAPIDARY_RUNTIME_CUDA_GPU_H

#include "lapidary/GpuAbi.h"
#include "runtime/src/Device.h"
#include "runtime/src/cuda/Driver.h"

namespace lap {

namespace cuda {

enum { MaxTables = 8 };

/// The ops of a program function whose rows the host gathers (lap_embed_args.tiled == 0), in the order of the calls.
struct Tables {
  const lap_embed_args *ops[MaxTables] = {};
  uint32_t count = 0; // may exceed MaxTables, which openDevice refuses
};

/// Runs a program function without enqueueing anything.
void collectTables(lap_program_fn *function, Tables *out);

} // namespace cuda

struct Device {
  const cuda::Driver *driver = nullptr;
  cuda::Ordinal ordinal = 0;
  cuda::Context context = nullptr;
  cuda::Module module = nullptr;
  cuda::Function *functions = nullptr; // [lap_gpu_module_data.kernel_count]
  cuda::Address weights = 0;           // program.resident_weight_bytes
  cuda::Tables extend, step, score;    // of the three program functions
  uint32_t capability = 0;             // 10 * major + minor
  bool exact = false;                  // `module` is a LAP_GPU_EXACT image: exact forms of kernels are there
  bool overlaps = false;               // kernels may be launched before those in front of them have ended
  char name[96] = "";

  const cuda::Tables &tablesOf(lap_program_fn *function) const {
    return function == lap_program_extend ? extend : function == lap_program_step ? step : score;
  }
};

namespace cuda {

/// Opens the driver and the GPU, checks that it runs the program's code and has room for the weights and `bytes` more,
/// then loads the code and uploads the weights. Errors: as openMemory.
lap_status openGpu(const lap_model &model, uint64_t bytes, Device *out, lap_error *error);
/// Whatever of it openGpu has made.
void closeGpu(Device &device);

/// Makes the GPU's context that of this thread.
void enter(const Device &device);

/// LAP_OUT_OF_MEMORY with both numbers when the GPU has less free memory; `weights` of the bytes are the weights.
lap_status checkGpuMemory(const Device &device, uint64_t bytes, uint64_t weights, lap_error *error);

/// The program's code for the GPU (Module.cpp). LAP_NO_DEVICE: the GPU or the driver is too old for every image.
lap_status checkCapability(const Device &device, lap_error *error);
lap_status loadModule(Device &device, lap_error *error);

/// Copies the resident weights from the model's file to device.weights (Upload.cpp). Errors: LAP_IO_ERROR,
/// LAP_OUT_OF_MEMORY, LAP_DEVICE_FAILED.
lap_status uploadWeights(const Device &device, const lap_model &model, lap_error *error);

} // namespace cuda
} // namespace lap

#endif // LAPIDARY_RUNTIME_CUDA_GPU_H
