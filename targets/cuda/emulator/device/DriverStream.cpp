//===- DriverStream.cpp - streams, events and graphs -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Operations run when they are enqueued, so streams and events have nothing to wait for. A stream that waits for an
// event of a captured stream joins its capture, as on the real device.
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Device.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

using namespace lapidary::cuda::emulator;

struct CUgraph_st {
  std::vector<Operation> operations;
};
struct CUgraphExec_st {
  std::vector<Operation> operations;
};
struct CUstream_st {
  CUgraph capture = nullptr; ///< owned by the stream that began it, until it ends
  bool beganCapture = false;
};
struct CUevent_st {
  std::chrono::steady_clock::time_point time;
  CUgraph capture = nullptr;
};

namespace lapidary::cuda::emulator {

namespace {
/// Streams that are captured into some graph.
std::set<CUstream> &capturedStreams() {
  static auto &streams = *new std::set<CUstream>;
  return streams;
}

/// True while the capture in which the event was recorded goes on.
bool isCaptured(CUevent event) {
  return event->capture && std::any_of(capturedStreams().begin(), capturedStreams().end(),
                                       [&](CUstream stream) { return stream->capture == event->capture; });
}
} // namespace

CUresult enqueue(CUstream stream, Operation operation) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (CUresult state = deviceState()) {
    return state;
  }
  if (stream && stream->capture) {
    stream->capture->operations.push_back(std::move(operation));
    return CUDA_SUCCESS;
  }
  if (!stream && !capturedStreams().empty()) {
    std::fprintf(stderr, "cuda emulator: an operation of the default stream while another stream is captured\n");
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return operation();
}

} // namespace lapidary::cuda::emulator

CUresult cuStreamCreate(CUstream *stream, unsigned) {
  *stream = new CUstream_st;
  return deviceState();
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (stream->beganCapture) {
    delete stream->capture;
  }
  capturedStreams().erase(stream);
  delete stream;
  return theDevice().failure;
}

CUresult cuStreamSynchronize(CUstream stream) {
  return stream && stream->capture ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : deviceState();
}

CUresult cuStreamQuery(CUstream stream) { return cuStreamSynchronize(stream); }

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (stream && !stream->capture && isCaptured(event)) {
    stream->capture = event->capture;
    capturedStreams().insert(stream);
  }
  return deviceState();
}

CUresult cuEventCreate(CUevent *event, unsigned) {
  *event = new CUevent_st;
  return deviceState();
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  event->capture = stream ? stream->capture : nullptr;
  event->time = std::chrono::steady_clock::now();
  return deviceState();
}

CUresult cuEventSynchronize(CUevent event) {
  return isCaptured(event) ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : deviceState();
}

CUresult cuEventQuery(CUevent event) { return cuEventSynchronize(event); }

CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to) {
  *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return deviceState();
}

CUresult cuEventDestroy_v2(CUevent event) {
  delete event;
  return theDevice().failure;
}

CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (!stream || stream->capture) {
    return stream ? CUDA_ERROR_ILLEGAL_STATE : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  stream->capture = new CUgraph_st;
  stream->beganCapture = true;
  capturedStreams().insert(stream);
  return deviceState();
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  std::lock_guard<std::mutex> guard(theDevice().lock);
  if (!stream || !stream->beganCapture) {
    return CUDA_ERROR_ILLEGAL_STATE;
  }
  *graph = stream->capture;
  for (auto it = capturedStreams().begin(); it != capturedStreams().end();) {
    CUstream other = *it;
    const bool same = other->capture == *graph;
    it = same ? capturedStreams().erase(it) : std::next(it);
    if (same) {
      other->capture = nullptr;
    }
  }
  stream->beganCapture = false;
  return deviceState();
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->operations};
  return deviceState();
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  return enqueue(stream, [executable] {
    for (Operation &operation : executable->operations) {
      if (CUresult failed = operation()) {
        return failed;
      }
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  delete executable;
  return theDevice().failure;
}

CUresult cuGraphDestroy(CUgraph graph) {
  delete graph;
  return theDevice().failure;
}
