//===- FakeCuda.cpp - a libcuda.so.1 for tests of the runtime --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Memory is the host's, streams run at once unless they are captured, kernels are those of FakeGpuProgram.h. It is
// strict where CUDA is: addresses must lie in live allocations, an unsafe call ends a capture. Settings of the
// environment:
//
//   FAKE_CUDA_LOG=FILE           appends the name of every function that is called, and the bytes of copies to the host
//   FAKE_CUDA_FAIL=NAME=RESULT   what the function NAME returns, from its first call on
//   FAKE_CUDA_MEMORY=BYTES       of the GPU, 1 GiB otherwise
//   FAKE_CUDA_CAPABILITY=NN      80 otherwise
//   FAKE_CUDA_DEVICES=N          1 otherwise
//   FAKE_CUDA_VERSION=NNNNN      of the driver, 12040 otherwise
//
// FakeMemory.cpp has memory and copies, FakeStreams.cpp streams, launches and graphs.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeCuda.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

struct lap::cuda::ContextOfCuda {};
struct lap::cuda::ModuleOfCuda {
  bool exact; // for sm_90a: has fake_exact, too
};

namespace {

ContextOfCuda theContext;
FunctionOfCuda functions[] = {{"fake_predict"},      {"fake_logits"},      {"fake_embed"}, {"fake_logit_maxima"},
                              {"fake_logit_search"}, {"fake_logit_weigh"}, {"fake_exact"}};

} // namespace

namespace fake {

uint64_t setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text ? strtoull(text, nullptr, 10) : otherwise;
}

void log(const char *text) {
  if (const char *path = getenv("FAKE_CUDA_LOG")) {
    if (FILE *log = fopen(path, "a")) {
      fprintf(log, "%s\n", text);
      fclose(log);
    }
  }
}

Result enter(const char *function) {
  log(function);
  const char *fails = getenv("FAKE_CUDA_FAIL");
  const size_t length = strlen(function);
  return fails && strncmp(fails, function, length) == 0 && fails[length] == '=' ? atoi(fails + length + 1) : Success;
}

} // namespace fake

extern "C" {

int cuInit(uint32_t) {
  ENTER;
  return Success;
}

int cuDriverGetVersion(int *version) {
  ENTER;
  return *version = int(fake::setting("FAKE_CUDA_VERSION", 12040)), Success;
}

int cuGetErrorString(int result, const char **text) {
  ENTER;
  *text = result == OutOfMemory ? "out of memory"
          : result == 100       ? "no CUDA-capable device is detected"
                                : "a fake error";
  return Success;
}

int cuDeviceGetCount(int *count) {
  ENTER;
  return *count = int(fake::setting("FAKE_CUDA_DEVICES", 1)), Success;
}

int cuDeviceGet(int *ordinal, int index) {
  ENTER;
  return *ordinal = index, Success;
}

int cuDeviceGetName(char *name, int bytes, int) {
  ENTER;
  return snprintf(name, size_t(bytes), "Fake GPU"), Success;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
  ENTER;
  const int capability = int(fake::setting("FAKE_CUDA_CAPABILITY", FakeGpuCapability));
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return Success;
}

int cuDevicePrimaryCtxRetain(Context *context, int) {
  ENTER;
  return *context = &theContext, Success;
}

int cuDevicePrimaryCtxRelease_v2(int) {
  ENTER;
  return fake::anyAllocated() ? fake::InvalidValue : Success;
}

int cuCtxSetCurrent(Context context) {
  ENTER;
  return context == &theContext ? Success : fake::InvalidValue;
}

int cuModuleLoadDataEx(Module *module, const void *image, uint32_t count, int *options, void **values) {
  ENTER;
  if (strncmp(static_cast<const char *>(image), ".version", 8) != 0) {
    snprintf(static_cast<char *>(values[0]), reinterpret_cast<size_t>(values[1]), "no cubin\nhere");
    return 200;
  }
  *module = new ModuleOfCuda{strstr(static_cast<const char *>(image), "sm_90a") != nullptr};
  return count == 2 && options[0] == 5 && options[1] == 6 ? Success : fake::InvalidValue;
}

int cuModuleUnload(Module module) {
  ENTER;
  delete module;
  return Success;
}

int cuModuleGetFunction(Function *function, Module module, const char *name) {
  ENTER;
  for (FunctionOfCuda &known : functions) {
    if (strcmp(known.name, name) == 0 && (module->exact || strcmp(name, "fake_exact") != 0)) {
      return *function = &known, Success;
    }
  }
  return fake::NotFound;
}

int cuFuncSetAttribute(Function function, int attribute, int value) {
  ENTER;
  return attribute == 8 && value == 49152 + 1024 && strcmp(function->name, "fake_embed") == 0 ? Success
                                                                                              : fake::InvalidValue;
}
}
