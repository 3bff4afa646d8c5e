//===- HalideAbi.h - the part of Halide's calling convention we use -------===//
// SPDX-License-Identifier: Apache-2.0
//
// Kernels made by Halide take pointers to halide_buffer_t. The runtime must not depend on Halide, so the structure is
// repeated here, field by field; a test compares it with HalideRuntime.h. Kernels are built without checks, so only
// host, dimensions and dim are read; the rest is zero.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CPU_HALIDEABI_H
#define LAPIDARY_RUNTIME_CPU_HALIDEABI_H

#include <initializer_list>
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

/// One dimension of an array; by default none.
struct Axis {
  int64_t extent = -1;
  int64_t stride = 0; // in elements
};

/// A dense or strided array of up to six dimensions, for the duration of one kernel call.
/// Not copyable: the buffer points at its own dimensions.
class Array {
public:
  Array(const void *data, Axis a, Axis b = {}, Axis c = {}, Axis d = {}, Axis e = {}, Axis f = {}) {
    for (const Axis &axis : {a, b, c, d, e, f}) {
      if (axis.extent >= 0) {
        dims[buffer.dimensions++] = {0, static_cast<int32_t>(axis.extent), static_cast<int32_t>(axis.stride), 0};
      }
    }
    buffer.host = static_cast<uint8_t *>(const_cast<void *>(data));
    buffer.dim = dims;
  }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  operator HalideBuffer *() { return &buffer; }

private:
  HalideBuffer buffer = {};
  HalideDimension dims[6];
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CPU_HALIDEABI_H
