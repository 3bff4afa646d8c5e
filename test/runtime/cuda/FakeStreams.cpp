//===- FakeStreams.cpp - streams, launches and graphs of the fake GPU -------===//
// SPDX-License-Identifier: Apache-2.0
//
// What is submitted runs at once, or goes to the graph that is being captured.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeCuda.h"

struct lap::cuda::EventOfCuda {};
struct lap::cuda::GraphOfCuda {
  std::vector<FakeKernel> actions;
};
struct lap::cuda::GraphExecOfCuda {
  std::vector<FakeKernel> actions;
};

namespace {

Stream captured = nullptr; // the stream whose operations are being captured

int launchKernel(Stream stream, uint32_t threads, FakeKernel kernel) {
  const int result = threads != 32 ? fake::InvalidValue : fake::submit(stream, std::move(kernel));
  stream->afterKernel = result == Success;
  return result;
}

} // namespace

bool fake::anyCapturing() { return captured != nullptr; }

Result fake::submit(Stream stream, FakeKernel action) {
  stream->afterKernel = false;
  if (stream->capturing) {
    stream->recorded.push_back(std::move(action));
    return Success;
  }
  return action();
}

extern "C" {

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
  return stream->capturing ? fake::CaptureUnsupported : Success;
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
  return stream->capturing ? fake::CaptureUnsupported : Success;
}

int cuEventSynchronize(Event) {
  ENTER;
  return Success;
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
             ? fake::InvalidValue
             : launchKernel(config->stream, config->blockX, fakeKernel(function->name, config->gridY, parameters));
}

int cuStreamBeginCapture_v2(Stream stream, int) {
  ENTER;
  captured = stream;
  stream->capturing = true;
  stream->afterKernel = false;
  stream->recorded.clear();
  return Success;
}

int cuStreamEndCapture(Stream stream, Graph *graph) {
  ENTER;
  captured = nullptr;
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
  for (const FakeKernel &action : exec->actions) {
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
