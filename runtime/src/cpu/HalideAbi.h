//===- HalideAbi.h - the part of Halide's calling convention we use -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels made by Halide take pointers to halide_buffer_t. The runtime must not depend on Halide, so the structure is
// repeated here, field by field; a test compares it with HalideRuntime.h. Kernels are built without checks, so only
// host, dimensions and dim are read; the rest is zero.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_HALIDEABI_H
#define LAPIDARY_RUNTIME_CPU_HALIDEABI_H

#include <stdint.h>

namespace lap {

struct HalideType {
  uint8_t code, bits;
  uint16_t lanes;
};

struct HalideDimension {
  int32_t min, extent, stride; // stride in elements
  uint32_t flags;
};

struct HalideBuffer {
  uint64_t device;
  const void *device_interface;
  uint8_t *host;
  uint64_t flags;
  HalideType type;
  int32_t dimensions;
  HalideDimension *dim;
  void *padding;
};

/// A dense or strided array of up to five dimensions, for the duration of one kernel call.
/// Not copyable: the buffer points at its own dimensions.
class Array {
public:
  struct Axis {
    int64_t extent;
    int64_t stride; // in elements
  };

  Array(const void *data, Axis a) : Array(data, 1, a, {}, {}, {}, {}) {}
  Array(const void *data, Axis a, Axis b) : Array(data, 2, a, b, {}, {}, {}) {}
  Array(const void *data, Axis a, Axis b, Axis c) : Array(data, 3, a, b, c, {}, {}) {}
  Array(const void *data, Axis a, Axis b, Axis c, Axis d) : Array(data, 4, a, b, c, d, {}) {}
  Array(const void *data, Axis a, Axis b, Axis c, Axis d, Axis e) : Array(data, 5, a, b, c, d, e) {}
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  operator HalideBuffer *() { return &buffer; }

private:
  Array(const void *data, int32_t rank, Axis a, Axis b, Axis c, Axis d, Axis e) {
    const Axis axes[5] = {a, b, c, d, e};
    for (int i = 0; i < rank; ++i) {
      dims[i] = {0, static_cast<int32_t>(axes[i].extent), static_cast<int32_t>(axes[i].stride), 0};
    }
    buffer.host = static_cast<uint8_t *>(const_cast<void *>(data));
    buffer.dimensions = rank;
    buffer.dim = dims;
  }

  HalideBuffer buffer = {};
  HalideDimension dims[5];
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_HALIDEABI_H
