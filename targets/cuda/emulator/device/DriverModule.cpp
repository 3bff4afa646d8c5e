//===- DriverModule.cpp - modules, kernels and launches --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The code of a kernel comes from the library of retargeted kernels, whatever the module's image is: an image says
// which kernels there are. PTX text is searched for the entry; of a cubin nothing but its first bytes is looked at.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <memory>

using namespace lapidary::cuda::emulator;

struct KernelLibrary {
  void *handle = nullptr;
  const char *const *sites = nullptr;
  uint32_t siteCount = 0;
};

struct CUmod_st {
  KernelLibrary library;
  std::string ptx; ///< empty: a cubin
  std::vector<std::unique_ptr<CUfunc_st>> functions;
};

struct CUfunc_st {
  const Kernel *kernel;
  KernelLibrary library;
  uint32_t dynamicLimit; ///< bytes of dynamic shared memory that a launch may ask for
};

namespace lapidary::cuda::emulator {

namespace {

constexpr uint32_t defaultSharedBytes = 48 << 10;
constexpr int attributeMaxThreads = 0, attributeSharedBytes = 1, attributeRegisters = 4, attributeDynamicShared = 8;
constexpr int deviceSharedOptIn = 97;
constexpr uint32_t leastOverlapping = 90; // capability of devices with programmatic dependent launch

/// The library's calls are resolved by this one, which a program may have opened for itself only.
std::string makeGlobal() {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void *>(&cuInit), &self) == 0) {
    return ".";
  }
  dlopen(self.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  const std::string path = self.dli_fname;
  return path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/'));
}

/// Never closed: captured launches may outlive their module.
KernelLibrary openKernels() {
  static const std::string directory = makeGlobal();
  const char *named = std::getenv("LAPIDARY_EMULATED_KERNELS");
  const std::string path = named && *named ? named : directory + "/libkernels.so";
  KernelLibrary library;
  library.handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library.handle) {
    std::fprintf(
        stderr,
        "cuda emulator: cannot open the retargeted kernels: %s\n  set LAPIDARY_EMULATED_KERNELS to the library "
        "of the kernels the program was compiled with\n",
        dlerror());
    return library;
  }
  library.sites = static_cast<const char *const *>(dlsym(library.handle, "lap_emu_sites"));
  const void *count = dlsym(library.handle, "lap_emu_site_count");
  library.siteCount = library.sites && count ? *static_cast<const uint32_t *>(count) : 0;
  return library;
}

bool isWordEnd(char c) {
  return !(c == '_' || c == '$' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'));
}

bool hasEntry(const std::string &ptx, const std::string &name) {
  const std::string word = ".entry " + name;
  for (size_t at = ptx.find(word); at != std::string::npos; at = ptx.find(word, at + 1)) {
    if (at + word.size() == ptx.size() || isWordEnd(ptx[at + word.size()])) {
      return true;
    }
  }
  return false;
}

CUresult refuse(const Kernel &kernel, const std::string &why) {
  std::fprintf(stderr, "cuda emulator: launch of kernel '%s': %s\n", kernel.name, why.c_str());
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult checkLaunch(const CUfunc_st &function, const Dimensions &grid, const Dimensions &block, uint32_t shared) {
  const Kernel &kernel = *function.kernel;
  const uint64_t threads = uint64_t(block.x) * block.y * block.z;
  if (threads == 0 || block.x > maxThreads || block.y > maxThreads || block.z > 64 || threads > maxThreads) {
    return refuse(kernel, "a block has " + std::to_string(threads) + " threads, expected 1 to 1024");
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535) {
    return refuse(kernel, "the grid is " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
                              std::to_string(grid.z) + ", expected 1 to 2147483647 x 65535 x 65535");
  }
  if (shared > function.dynamicLimit) {
    return refuse(kernel, "asks for " + std::to_string(shared) + " bytes of dynamic shared memory, of which it has " +
                              std::to_string(function.dynamicLimit) + " (cuFuncSetAttribute raises it)");
  }
  const uint32_t *required = kernel.blockThreads;
  if (required[0] != 0 && (required[0] != block.x || required[1] != block.y || required[2] != block.z)) {
    return refuse(kernel, "a block is " + std::to_string(block.x) + " x " + std::to_string(block.y) + " x " +
                              std::to_string(block.z) + " threads, expected " + std::to_string(required[0]) + " x " +
                              std::to_string(required[1]) + " x " + std::to_string(required[2]));
  }
  return CUDA_SUCCESS;
}

/// The values of the parameters, kept for captured launches.
struct Parameters {
  std::vector<std::vector<char>> values;

  Parameters(const Kernel &kernel, void **parameters) {
    for (uint32_t i = 0; i < kernel.parameterCount; ++i) {
      const char *value = static_cast<const char *>(parameters[i]);
      values.emplace_back(value, value + kernel.parameterBytes[i]);
    }
  }
};

/// A launch but for its parameters.
struct Shape {
  Dimensions grid, block;
  uint32_t shared;
  bool overlaps; ///< earlier kernels
};

CUresult launch(const Kernel &kernel, const KernelLibrary &library, const Shape &shape, Parameters &parameters) {
  std::vector<void *> pointers(parameters.values.size());
  std::transform(parameters.values.begin(), parameters.values.end(), pointers.begin(),
                 [](std::vector<char> &value) { return value.data(); });
  const Launch what{&kernel,        shape.grid,      shape.block,   shape.shared,
                    shape.overlaps, pointers.data(), library.sites, library.siteCount};
  ++theDevice().launches;
  theDevice().overlapping += shape.overlaps;
  if (!theDevice().block.run(what)) {
    theDevice().failure = CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  return theDevice().failure;
}

CUresult enqueueLaunch(CUstream stream, CUfunction function, const Shape &shape, void **parameters, void **extra) {
  if (!function) {
    return CUDA_ERROR_INVALID_HANDLE;
  }
  const Kernel &kernel = *function->kernel;
  if (extra || (!parameters && kernel.parameterCount != 0)) {
    return refuse(kernel, "parameters must be given as a list of pointers (kernelParams)");
  }
  if (CUresult wrong = checkLaunch(*function, shape.grid, shape.block, shape.shared)) {
    return wrong;
  }
  return enqueue(stream,
                 [&kernel, library = function->library, shape, values = Parameters(kernel, parameters)]() mutable {
                   return launch(kernel, library, shape, values);
                 });
}

} // namespace
} // namespace lapidary::cuda::emulator

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned, int *, void **) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (CUresult state = deviceState()) {
    return state;
  }
  const char *text = static_cast<const char *>(image);
  const bool cubin = std::memcmp(text, "\177ELF", 4) == 0;
  if (!cubin && !std::strstr(text, ".version")) {
    std::fprintf(stderr, "cuda emulator: cuModuleLoadDataEx: the image is neither ELF nor PTX text\n");
    return CUDA_ERROR_INVALID_IMAGE;
  }
  const KernelLibrary library = openKernels();
  if (!library.handle) {
    return CUDA_ERROR_FILE_NOT_FOUND;
  }
  *module = new CUmod_st{library, cubin ? "" : text, {}};
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  delete module;
  return theDevice().failure;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (!module->ptx.empty() && !hasEntry(module->ptx, name)) {
    std::fprintf(stderr, "cuda emulator: cuModuleGetFunction: the module's PTX has no entry '%s'\n", name);
    return CUDA_ERROR_NOT_FOUND;
  }
  const void *kernel = dlsym(module->library.handle, (std::string(name) + "__kernel").c_str());
  if (!kernel) {
    std::fprintf(stderr, "cuda emulator: cuModuleGetFunction: the retargeted kernels have no '%s'\n", name);
    return CUDA_ERROR_NOT_FOUND;
  }
  const auto *found = static_cast<const Kernel *>(kernel);
  const uint32_t left = defaultSharedBytes - std::min(defaultSharedBytes, found->sharedBytes);
  module->functions.push_back(std::make_unique<CUfunc_st>(CUfunc_st{found, module->library, left}));
  *function = module->functions.back().get();
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  int limit = 0;
  cuDeviceGetAttribute(&limit, deviceSharedOptIn, 0);
  if (attribute == attributeDynamicShared) {
    if (value < 0 || value > limit - int(function->kernel->sharedBytes)) {
      return refuse(*function->kernel, std::to_string(value) + " bytes of dynamic shared memory are more than the " +
                                           std::to_string(limit - int(function->kernel->sharedBytes)) +
                                           " that this device has");
    }
    function->dynamicLimit = uint32_t(value);
  }
  return CUDA_SUCCESS; // the others (preferred carve-out, ..) are hints
}

CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function) {
  const uint32_t *required = function->kernel->blockThreads;
  switch (attribute) {
  case attributeMaxThreads:
    *value = required[0] ? int(required[0] * required[1] * required[2]) : int(maxThreads);
    return CUDA_SUCCESS;
  case attributeSharedBytes:
    *value = int(function->kernel->sharedBytes);
    return CUDA_SUCCESS;
  case attributeRegisters:
    *value = 32;
    return CUDA_SUCCESS;
  case attributeDynamicShared:
    *value = int(function->dynamicLimit);
    return CUDA_SUCCESS;
  default:
    *value = 0;
    return attribute >= 0 && attribute < 16 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **parameters,
                        void **extra) {
  const Shape shape{{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, false};
  return enqueueLaunch(stream, function, shape, parameters, extra);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra) {
  Shape shape{{config->gridDimX, config->gridDimY, config->gridDimZ},
              {config->blockDimX, config->blockDimY, config->blockDimZ},
              config->sharedMemBytes,
              false};
  for (unsigned i = 0; i < config->numAttrs && function; ++i) {
    const CUlaunchAttribute &attribute = config->attrs[i];
    if (attribute.id != CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION) {
      return refuse(*function->kernel, "launch attribute " + std::to_string(attribute.id) + " is not emulated");
    }
    if (theDevice().capability < leastOverlapping) {
      return refuse(*function->kernel, "programmatic dependent launch needs compute capability 9.0");
    }
    shape.overlaps = attribute.value[0] != 0;
  }
  return enqueueLaunch(config->hStream, function, shape, parameters, extra);
}
