// Algorithm.h - what a kernel algorithm is before it has a schedule.
// SPDX-License-Identifier: Apache-2.0
//
// An algorithm is a Halide pipeline, its arguments in the order of the C function, and its named stages for the
// schedules of the targets. Buffers come first, then numbers, then the outputs. The C argument lists are repeated, for
// callers without Halide, in runtime/src/cpu/Kernels.h.
#ifndef LAPIDARY_TARGETS_COMMON_ALGORITHMS_ALGORITHM_H
#define LAPIDARY_TARGETS_COMMON_ALGORITHMS_ALGORITHM_H

#include <Halide.h>

#include <string>
#include <vector>

namespace lapidary {

/// The common part of every algorithm.
struct Algorithm {
  std::vector<Halide::Argument> arguments;
  std::vector<Halide::Func> outputs;

  Halide::Pipeline pipeline() const { return Halide::Pipeline(outputs); }
};

/// An input whose dimensions start at 0; `strides` fixes the leading dimensions' strides (0: any).
inline Halide::ImageParam inputBuffer(const std::string &name, Halide::Type type, int dimensions,
                                      const std::vector<int> &strides = {1}) {
  Halide::ImageParam buffer(type, dimensions, name);
  for (int d = 0; d < dimensions; ++d) {
    buffer.dim(d).set_min(0);
    const int stride = d < static_cast<int>(strides.size()) ? strides[d] : 0;
    buffer.dim(d).set_stride(stride != 0 ? Halide::Expr(stride) : Halide::Expr());
  }
  return buffer;
}

/// The same for an output.
inline void shapeOutput(Halide::Func output, const std::vector<int> &strides = {1}) {
  for (Halide::OutputImageParam buffer : output.output_buffers()) {
    for (int d = 0; d < buffer.dimensions(); ++d) {
      buffer.dim(d).set_min(0);
      const int stride = d < static_cast<int>(strides.size()) ? strides[d] : 0;
      buffer.dim(d).set_stride(stride != 0 ? Halide::Expr(stride) : Halide::Expr());
    }
  }
}

} // namespace lapidary

#endif
