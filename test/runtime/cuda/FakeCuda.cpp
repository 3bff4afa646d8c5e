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
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Driver.h"
#include "test/runtime/cuda/FakeKernels.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace lap::cuda;

using Action = FakeKernel;

// What the opaque pointers of Driver.h point at here.
struct lap::cuda::StreamOfCuda {
  bool capturing = false;
  bool afterKernel = false; // the last operation is one
  std::vector<Action> recorded;
};
struct lap::cuda::GraphOfCuda {
  std::vector<Action> actions;
};
struct lap::cuda::GraphExecOfCuda {
  std::vector<Action> actions;
};
struct lap::cuda::FunctionOfCuda {
  const char *name;
};
struct lap::cuda::ContextOfCuda {};
struct lap::cuda::ModuleOfCuda {
  bool exact; // for sm_90a: has fake_exact, too
};
struct lap::cuda::EventOfCuda {};

#pragma GCC visibility push(default)
extern "C" {
#define LAP_CUDA_FUNCTION(member, symbol, parameters) Result symbol parameters;
#include "runtime/src/cuda/DriverFunctions.def"
#undef LAP_CUDA_FUNCTION
}
#pragma GCC visibility pop

namespace {

constexpr Result InvalidValue = 1, NotFound = 500, CaptureUnsupported = 900;

ContextOfCuda theContext;
FunctionOfCuda functions[] = {{"fake_predict"},      {"fake_logits"},      {"fake_embed"}, {"fake_logit_maxima"},
                              {"fake_logit_search"}, {"fake_logit_weigh"}, {"fake_exact"}};
std::map<Address, size_t> device; // live allocations
std::map<const void *, size_t> pinned;
Stream capturing = nullptr; // that stream

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

int enter(const char *name) {
  log(name);
  const char *fails = getenv("FAKE_CUDA_FAIL");
  const size_t length = strlen(name);
  return fails && strncmp(fails, name, length) == 0 && fails[length] == '=' ? atoi(fails + length + 1) : Success;
}

/// Whether a range lies in one live allocation.
template <typename Key> bool inside(const std::map<Key, size_t> &live, Key at, size_t bytes) {
  auto next = live.upper_bound(at);
  if (next == live.begin()) {
    return false;
  }
  --next;
  const uint64_t offset = uint64_t(at) - uint64_t(next->first);
  return offset <= next->second && bytes <= next->second - offset;
}

void *pointer(Address at) { return reinterpret_cast<void *>(at); }

/// Now, or when the graph that is being captured is launched.
int submit(Stream stream, Action action) {
  stream->afterKernel = false;
  if (stream->capturing) {
    stream->recorded.push_back(std::move(action));
    return Success;
  }
  return action();
}

int move(Stream stream, void *to, const void *from, size_t bytes, bool good) {
  return !good ? InvalidValue : submit(stream, [=] {
    memcpy(to, from, bytes);
    return Success;
  });
}

int launchKernel(Stream stream, uint32_t threads, Action kernel) {
  const int result = threads != 32 ? InvalidValue : submit(stream, std::move(kernel));
  stream->afterKernel = result == Success;
  return result;
}

} // namespace

bool onFakeGpu(Address at, size_t bytes) { return inside(device, at, bytes); }

/// What the environment makes the function return.
#define ENTER                                                                                                          \
  if (int failure = enter(__func__)) {                                                                                 \
    return failure;                                                                                                    \
  }                                                                                                                    \
  static_assert(true)

#pragma GCC visibility push(default)
extern "C" {

int cuInit(uint32_t) {
  ENTER;
  return Success;
}

int cuDriverGetVersion(int *version) {
  ENTER;
  return *version = int(setting("FAKE_CUDA_VERSION", 12040)), Success;
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
  return *count = int(setting("FAKE_CUDA_DEVICES", 1)), Success;
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

  const int capability = int(setting("FAKE_CUDA_CAPABILITY", FakeGpuCapability));
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return Success;
}

int cuDevicePrimaryCtxRetain(Context *context, int) {
  ENTER;
  return *context = &theContext, Success;
}

int cuDevicePrimaryCtxRelease_v2(int) {
  ENTER;
  return device.empty() && pinned.empty() ? Success : InvalidValue;
}

int cuCtxSetCurrent(Context context) {
  ENTER;
  return context == &theContext ? Success : InvalidValue;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER;

  *total = setting("FAKE_CUDA_MEMORY", 1 << 30);
  *free = *total;
  for (const auto &[address, bytes] : device) {
    *free -= bytes;
  }
  return Success;
}

int cuMemAlloc_v2(Address *address, size_t bytes) {
  ENTER;

  void *memory = bytes && !capturing ? malloc(bytes) : nullptr;
  if (!memory) {
    return InvalidValue;
  }
  memset(memory, 0xa5, bytes);
  *address = reinterpret_cast<Address>(memory);
  device[*address] = bytes;
  return Success;
}

int cuMemFree_v2(Address address) {
  ENTER;

  if (device.erase(address) == 0) {
    return InvalidValue;
  }
  free(pointer(address));
  return Success;
}

int cuMemHostAlloc(void **memory, size_t bytes, uint32_t) {
  ENTER;

  *memory = malloc(bytes);
  memset(*memory, 0xa5, bytes);
  pinned[*memory] = bytes;
  return Success;
}

int cuMemFreeHost(void *memory) {
  ENTER;

  if (pinned.erase(memory) == 0) {
    return InvalidValue;
  }
  free(memory);
  return Success;
}

int cuMemsetD8Async(Address to, uint8_t value, size_t bytes, Stream stream) {
  ENTER;

  return !onFakeGpu(to, bytes) ? InvalidValue
                               : submit(stream, [=] { return memset(pointer(to), value, bytes), Success; });
}

int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, Stream stream) {
  ENTER;

  const bool capturable = !stream->capturing || inside(pinned, from, bytes);
  return move(stream, pointer(to), from, bytes, capturable && onFakeGpu(to, bytes));
}

int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, Stream stream) {
  ENTER;

  log(("bytes " + std::to_string(bytes)).c_str());
  return move(stream, to, pointer(from), bytes, onFakeGpu(from, bytes));
}

int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Stream stream) {
  ENTER;

  return move(stream, pointer(to), pointer(from), bytes, onFakeGpu(to, bytes) && onFakeGpu(from, bytes));
}

int cuStreamCreate(Stream *stream, uint32_t) {
  ENTER;
  return *stream = new StreamOfCuda, Success;
}

int cuStreamDestroy_v2(Stream stream) {
  ENTER;
  delete stream;
  return Success;
}

int cuStreamSynchronize(Stream stream) {
  ENTER;
  return stream->capturing ? CaptureUnsupported : Success;
}

int cuEventCreate(Event *event, uint32_t) {
  ENTER;
  return *event = new EventOfCuda, Success;
}

int cuEventDestroy_v2(Event event) {
  ENTER;
  delete event;
  return Success;
}

int cuEventRecord(Event, Stream stream) {
  ENTER;
  return stream->capturing ? CaptureUnsupported : Success;
}

int cuEventSynchronize(Event) {
  ENTER;
  return Success;
}

int cuModuleLoadDataEx(Module *module, const void *image, uint32_t count, int *options, void **values) {
  ENTER;

  if (strncmp(static_cast<const char *>(image), ".version", 8) != 0) {
    snprintf(static_cast<char *>(values[0]), reinterpret_cast<size_t>(values[1]), "no cubin\nhere");
    return 200;
  }
  *module = new ModuleOfCuda{strstr(static_cast<const char *>(image), "sm_90a") != nullptr};
  return count == 2 && options[0] == 5 && options[1] == 6 ? Success : InvalidValue;
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
  return NotFound;
}

int cuFuncSetAttribute(Function function, int attribute, int value) {
  ENTER;

  return attribute == 8 && value == 49152 + 1024 && strcmp(function->name, "fake_embed") == 0 ? Success : InvalidValue;
}

int cuLaunchKernel(Function function, uint32_t, uint32_t y, uint32_t, uint32_t threads, uint32_t, uint32_t, uint32_t,
                   Stream stream, void **parameters, void **) {
  ENTER;

  return launchKernel(stream, threads, fakeKernel(function->name, y, parameters));
}

/// With the one attribute that is used, behind a kernel.
int cuLaunchKernelEx(const LaunchConfig *config, Function function, void **parameters, void **) {
  ENTER;

  const bool known = config->attributeCount == 1 && config->attributes->id == 6 && config->attributes->value == 1;
  return !known || !config->stream->afterKernel
             ? InvalidValue
             : launchKernel(config->stream, config->blockX, fakeKernel(function->name, config->gridY, parameters));
}

int cuStreamBeginCapture_v2(Stream stream, int) {
  ENTER;

  capturing = stream;
  stream->capturing = true;
  stream->afterKernel = false;
  stream->recorded.clear();
  return Success;
}

int cuStreamEndCapture(Stream stream, Graph *graph) {
  ENTER;

  capturing = nullptr;
  stream->capturing = false;
  *graph = new GraphOfCuda{stream->recorded};
  return Success;
}

int cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph, unsigned long long) {
  ENTER;

  return *exec = new GraphExecOfCuda{graph->actions}, Success;
}

int cuGraphLaunch(GraphExec exec, Stream stream) {
  ENTER;

  stream->afterKernel = false;
  for (const Action &action : exec->actions) {
    if (int failure = action()) {
      return failure;
    }
  }
  return Success;
}

int cuGraphExecDestroy(GraphExec exec) {
  ENTER;
  delete exec;
  return Success;
}

int cuGraphDestroy(Graph graph) {
  ENTER;
  delete graph;
  return Success;
}
}
#pragma GCC visibility pop
