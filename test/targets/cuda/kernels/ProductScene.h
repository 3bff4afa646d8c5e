//===- ProductScene.h - a product on random numbers and what it should give --===//
// SPDX-License-Identifier: Apache-2.0
//
// Weights are packed through targets/common/PackedLayout.h; activations are written in the format of their rows. The
// reference adds up products of what both mean in f64, which is exact for integers. Row formats must be equal bit for
// bit, the others up to the order and rounding of f32 sums: 2^-20 (bf16 weights on tensor cores: 2^-16, f16 operands:
// 2^-11 for each that is rounded) of the sum of magnitudes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_TARGETS_CUDA_KERNELS_PRODUCTSCENE_H
#define LAPIDARY_TEST_TARGETS_CUDA_KERNELS_PRODUCTSCENE_H

#include "targets/cuda/kernels/Product.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lapidary::cuda::test {

struct ProductCase {
  ProductKind kind;
  unsigned tiles, columns, rows; ///< rows: of tokens, routed ones for experts
  unsigned experts = 1, rowsPerSource = 1;
  bool rounded = false;    ///< row formats: to steps of their own in three parts
  bool wideScales = false; ///< group formats: scales of many magnitudes, zero and subnormal ones, also in a row
};

/// The kinds of products of which `wanted` is true.
std::vector<ProductKind> kindsWhere(llvm::function_ref<bool(const ProductKind &)> wanted);
/// "w4g32_bf16s_q8_experts": for names of tests.
std::string formatsOf(const ProductKind &kind);

class ProductScene {
public:
  explicit ProductScene(const ProductCase &c);

  /// Runs the kernel for `op` ("matvec", "matmat", with the tile where that is not enough) and compares every output,
  /// and that nothing else was written.
  void check(const char *op, double tolerance);
  /// Scales in steps: compares the bits of every output with those of the same weights with bf16 scales.
  void checkBitsOfWideScales(const char *op) const;

private:
  static constexpr unsigned gap = 16; // floats behind an output row that nobody may touch

  void makeWeights();
  void makeScales(uint8_t *matrix, unsigned row);
  void makeInputs();
  void makeOrder();
  void roundParts();
  /// The same weights as LAP_W4G32.
  ProductScene withWideScales() const;
  std::vector<float> run(const char *op) const;
  double weight(unsigned expert, unsigned row, unsigned column) const;
  double weightScale(unsigned expert, unsigned row, unsigned group) const;
  double input(unsigned row, unsigned column) const;
  /// The result, and in out_size the sum of magnitudes.
  double expected(unsigned row, unsigned column, double &out_size) const;
  unsigned outColumns() const { return c.tiles * LAP_ROW_TILE; }
  unsigned expertOf(unsigned row) const;

  ProductCase c;
  std::mt19937 random;
  uint64_t expertBytes, rowBytes;
  std::vector<uint8_t> weights, inputs;
  std::vector<int32_t> order;
  float inputStep = 0;
  int32_t ends[LAP_STACK] = {};
  float steps[LAP_STACK] = {};
};

} // namespace lapidary::cuda::test

#endif // LAPIDARY_TEST_TARGETS_CUDA_KERNELS_PRODUCTSCENE_H
