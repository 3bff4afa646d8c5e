//===- Launch.h - what the drivers are written with ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Addresses of buffers, weights and the rows' ids and places on the GPU; and launch<Kernel>, which takes exactly the
// parameters that Kernels.h lists for the kernel.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CUDA_LAUNCH_H
#define LAPIDARY_RUNTIME_CUDA_LAUNCH_H

#include "runtime/src/cuda/Calls.h"
#include "runtime/src/cuda/Kernels.h"

#include <type_traits>

namespace lap::cuda {

inline const Call &callOf(const lap_step *step) { return *static_cast<const Call *>(step); }

/// Rows of `buffer` in this call.
inline uint32_t rowsOf(const lap_step *step, const lap_buffer &buffer) {
  return buffer.rows_per_token ? buffer.rows_per_token * step->tokens : buffer.fixed_rows;
}

/// The first row of `buffer`.
inline Address addressOf(const lap_step *step, const lap_buffer &buffer) {
  return buffer.space == LAP_LOGITS ? reinterpret_cast<Address>(step->logits)
                                    : reinterpret_cast<Address>(step->arena) + buffer.offset;
}

/// 0 for an absent weight.
inline Address addressOf(const lap_step *step, const lap_weight &weight) {
  return weight.rows ? reinterpret_cast<Address>(step->weights) + weight.offset : 0;
}

/// The token that row 0 of `buffer` belongs to: the last one for buffers that hold the last token only.
inline uint32_t firstToken(const lap_step *step, const lap_buffer &buffer) {
  return buffer.rows_per_token ? 0 : step->tokens - 1;
}

inline Address idsOf(const lap_step *step, const lap_buffer &buffer) {
  return callOf(step).idBlock + firstToken(step, buffer) * sizeof(int32_t);
}

inline Address placesOf(const lap_step *step, const lap_buffer &buffer) {
  return callOf(step).placeBlock + firstToken(step, buffer) * sizeof(lap_row_place);
}

inline bool sameBuffer(const lap_buffer &a, const lap_buffer &b) { return a.space == b.space && a.offset == b.offset; }

inline uint32_t tileOf(lap_kernel *kernel, uint32_t dimension) {
  return reinterpret_cast<const lap_gpu_kernel *>(kernel)->tile[dimension];
}

/// What runs a product of `rows` rows: the kernel, or its exact form where that has been loaded. Forms have larger
/// blocks, so they are for more rows than one block of the kernel has: below, both read weights once, and more blocks
/// read them faster.
lap_kernel *formFor(const lap_step *step, lap_kernel *kernel, uint32_t rows);

constexpr uint32_t ceilDivide(uint32_t a, uint32_t b) { return a / b + (a % b != 0); }

struct Grid {
  uint32_t x, y, z = 1;
};

/// Of an elementwise kernel.
inline Grid columnGrid(lap_kernel *kernel, uint32_t columns, uint32_t rows) {
  return {ceilDivide(columns, tileOf(kernel, 0)), rows};
}

/// Enqueues a kernel; `parameters` are the addresses of its parameters' values. Does nothing once the group has failed.
void enqueue(const lap_step *step, lap_kernel *kernel, Grid grid, void **parameters);

/// Enqueues zeroes in columns [from, buffer.columns) of all rows of an f32 buffer.
void zeroPadding(const lap_step *step, const lap_buffer &buffer, uint32_t from);

/// Enqueues a copy.
void copy(const lap_step *step, Address to, Address from, uint64_t bytes);

/// A parameter may be given as a number of the same size and kind, whatever its sign.
template <typename Parameter, typename Given>
concept PassesAs = sizeof(Parameter) == sizeof(Given) && std::is_integral_v<Parameter> == std::is_integral_v<Given> &&
                   std::is_floating_point_v<Parameter> == std::is_floating_point_v<Given>;

template <typename Kernel> struct Launcher;
template <typename... Parameters> struct Launcher<void(Parameters...)> {
  template <typename... Given>
    requires(sizeof...(Given) == sizeof...(Parameters) && (PassesAs<Parameters, Given> && ...))
  static void launch(const lap_step *step, lap_kernel *kernel, Grid grid, Given... given) {
    void *parameters[] = {&given...};
    enqueue(step, kernel, grid, parameters);
  }
};

template <typename Kernel, typename... Given>
void launch(const lap_step *step, lap_kernel *kernel, Grid grid, Given... given) {
  Launcher<Kernel>::launch(step, kernel, grid, given...);
}

} // namespace lap::cuda

#endif // LAPIDARY_RUNTIME_CUDA_LAUNCH_H
