//===- ProductScene.cpp - a product on random numbers and what it should give ===//
// SPDX-License-Identifier: Apache-2.0
//
// See ProductScene.h.
//===----------------------------------------------------------------------===//
#include "ProductScene.h"

#include "KernelFixture.h"

#include "runtime/src/cuda/Kernels.h"
#include "targets/common/PackedLayout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace lapidary::cuda::test {

namespace {

constexpr float untouched = 12345.0f;

template <typename T> void writeAt(uint8_t *to, T value) { std::memcpy(to, &value, sizeof(T)); }

float fromBits(uint16_t bf16) {
  const uint32_t bits = uint32_t(bf16) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// A positive bf16 between 2^-7 and 2^-5.
uint16_t randomScale(std::mt19937 &random) { return static_cast<uint16_t>(0x3c00 + random() % 0x100); }

/// A step of row `row`: a power of two between 2^-14 and 2^-10. `wide`: up to 2^60, one of each 8 rows the smallest.
uint16_t randomStep(std::mt19937 &random, unsigned row, bool wide) {
  const unsigned exponent = !wide          ? 113 + random() % 5
                            : row % 8 == 5 ? 1
                                           : static_cast<unsigned>(127 + static_cast<int>(row * 37) % 121 - 60);
  return static_cast<uint16_t>(exponent << 7);
}

/// A number of steps. `wide`: zero for all groups of one row of 8, and now and then.
int8_t randomSteps(std::mt19937 &random, unsigned row, bool wide) {
  const bool zero = wide && (row % 8 == 2 || random() % 8 == 0);
  return static_cast<int8_t>(zero ? 0 : static_cast<int>(random() % 255) - 127);
}

/// A scale of row `row` as f32: most rows have an order of magnitude of their own, up to 2^most, and scales down to
/// 2^-spread of it; of each 8 rows one has zeroes only, one subnormal bf16.
float wideScale(std::mt19937 &random, unsigned row, int most, unsigned spread) {
  const float mantissa = 1.0f + static_cast<float>(random() % 128) / 128;
  if (row % 8 == 2 || random() % 8 == 0) {
    return 0.0f;
  }
  if (row % 8 == 5) {
    return std::ldexp(static_cast<float>(random() % 128), -133);
  }
  return std::ldexp(mantissa, static_cast<int>(row * 37) % (2 * most + 1) - most - static_cast<int>(random() % spread));
}

uint16_t bf16Bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

std::string kernelName(const ProductKind &kind, const char *op) {
  const std::string prefix = kind.namePrefix(op);
  for (const Kernel &kernel : allKernels()) {
    if (llvm::StringRef(kernel.name).starts_with(prefix)) {
      return kernel.name;
    }
  }
  return prefix;
}

} // namespace

std::vector<ProductKind> kindsWhere(llvm::function_ref<bool(const ProductKind &)> wanted) {
  std::vector<ProductKind> kinds;
  llvm::copy_if(productKinds(), std::back_inserter(kinds), wanted);
  return kinds;
}

std::string formatsOf(const ProductKind &kind) {
  const std::string name = kind.namePrefix("");
  return name.substr(0, name.find('-')) + (kind.routed ? "_experts" : "");
}

ProductScene::ProductScene(const ProductCase &c)
    : c(c), random(c.tiles * 31 + c.columns * 7 + c.rows), expertBytes(c.tiles * tileBytes(c.kind.weight, c.columns)),
      rowBytes(activationRowBytes(c.kind.input, c.columns)) {
  makeWeights();
  makeInputs();
  makeOrder();
  inputStep = c.kind.input == LAP_ROWS_I8 ? 0.021f : 0.0f;
  if (c.rounded) {
    roundParts();
  }
}

void ProductScene::makeScales(uint8_t *matrix, unsigned row) {
  if (isRowScaled(c.kind.weight)) {
    writeAt(matrix + lapidary::matrixScale(c.kind.weight, c.columns, row, 0),
            0.01f + static_cast<float>(random() % 1000) * 1e-5f);
    return;
  }
  if (hasScaleSteps(c.kind.weight)) {
    writeAt(matrix + matrixStep(c.kind.weight, c.columns, row), randomStep(random, row, c.wideScales));
  }
  for (unsigned group = 0; isGrouped(c.kind.weight) && group < c.columns / LAP_GROUP; ++group) {
    uint8_t *at = matrix + lapidary::matrixScale(c.kind.weight, c.columns, row, group);
    if (hasScaleSteps(c.kind.weight)) {
      writeAt(at, randomSteps(random, row, c.wideScales));
    } else {
      writeAt(at, c.wideScales ? bf16Bits(wideScale(random, row, 60, 20)) : randomScale(random));
    }
  }
}

void ProductScene::makeWeights() {
  weights.resize(c.experts * expertBytes);
  const int zero = zeroPoint(c.kind.weight);
  for (unsigned expert = 0; expert < c.experts; ++expert) {
    uint8_t *matrix = weights.data() + expert * expertBytes;
    for (unsigned row = 0; row < outColumns(); ++row) {
      makeScales(matrix, row);
      for (unsigned column = 0; column < c.columns; ++column) {
        const PackedPlace place = matrixElement(c.kind.weight, c.columns, row, column);
        const float value = static_cast<float>(int(random() % 4096) - 2048) / 2048;
        if (c.kind.weight == LAP_F32) {
          writeAt(matrix + place.byte, value);
        } else if (c.kind.weight == LAP_BF16) {
          writeAt(matrix + place.byte, bf16Bits(value));
        } else {
          writeInteger(c.kind.weight, IntegerCode::Signed, matrix, place, int(random() % unsigned(2 * zero)) - zero);
        }
      }
    }
  }
}

void ProductScene::makeInputs() {
  const unsigned sources = (c.rows + c.rowsPerSource - 1) / c.rowsPerSource, planes = c.kind.planes();
  inputs.resize(sources * rowBytes);
  for (unsigned row = 0; row < sources; ++row) {
    uint8_t *start = inputs.data() + row * rowBytes;
    for (unsigned column = 0; column < c.columns && planes == 0; ++column) {
      writeAt(start + column * 4, static_cast<float>(int(random() % 65536) - 32768) / 16384);
    }
    const bool grouped = isGrouped(c.kind.weight);
    const int least = c.wideScales ? -128 : -127; // quantizers never write -128
    const uint64_t planeBytes = grouped ? roundUp(q8RowBytes(c.columns), 64) : c.columns;
    for (unsigned plane = 0; plane < planes; ++plane) {
      for (unsigned column = 0; column < c.columns; ++column) {
        start[plane * planeBytes + column] =
            static_cast<uint8_t>(grouped ? int(random() % unsigned(128 - least)) + least : random());
      }
      for (unsigned group = 0; grouped && group < c.columns / LAP_GROUP; ++group) {
        const float scale = static_cast<float>(1 + random() % 1000) / 4096 / static_cast<float>(1u << (8 * plane));
        writeAt(start + plane * planeBytes + c.columns + group * 4,
                c.wideScales ? wideScale(random, row, 40, 14) * 1.3f : scale);
      }
    }
    if (c.kind.input == LAP_ROWS_R24) {
      writeAt(start + LAP_PLANES * c.columns, static_cast<float>(1 + random() % 1000) * 1e-9f);
    }
  }
}

/// Rows are dealt to experts at random, but the second expert gets none.
void ProductScene::makeOrder() {
  if (!c.kind.routed) {
    return;
  }
  std::vector<std::vector<int32_t>> rowsOf(c.experts);
  for (unsigned row = 0; row < c.rows; ++row) {
    const unsigned expert = random() % c.experts;
    rowsOf[expert == 1 ? 0 : expert].push_back(static_cast<int32_t>(row));
  }
  order.push_back(0);
  for (const auto &rows : rowsOf) {
    order.push_back(order.back() + static_cast<int32_t>(rows.size()));
  }
  for (const auto &rows : rowsOf) {
    order.insert(order.end(), rows.begin(), rows.end());
  }
}

void ProductScene::roundParts() {
  double size;
  const float largest = static_cast<float>(std::fabs(expected(0, 0, size)));
  const int32_t newEnds[] = {32, 48, 80};
  const float newSteps[] = {largest / 90, 0.0f, largest / 300};
  std::copy(std::begin(newEnds), std::end(newEnds), ends);
  std::copy(std::begin(newSteps), std::end(newSteps), steps);
}

unsigned ProductScene::expertOf(unsigned row) const {
  if (!c.kind.routed) {
    return 0;
  }
  auto rows = order.begin() + c.experts + 1;
  const auto place = std::find(rows, order.end(), static_cast<int32_t>(row)) - rows;
  unsigned expert = 0;
  while (order[expert + 1] <= place) {
    ++expert;
  }
  return expert;
}

double ProductScene::weight(unsigned expert, unsigned row, unsigned column) const {
  const uint64_t start = expert * expertBytes;
  const PackedPlace place = matrixElement(c.kind.weight, c.columns, row, column);
  if (c.kind.weight == LAP_F32) {
    return readAt<float>(weights, start + place.byte);
  }
  if (c.kind.weight == LAP_BF16) {
    return fromBits(readAt<uint16_t>(weights, start + place.byte));
  }
  return readInteger(c.kind.weight, IntegerCode::Signed, weights.data() + start, place);
}

double ProductScene::weightScale(unsigned expert, unsigned row, unsigned group) const {
  const uint64_t start = expert * expertBytes;
  const uint64_t at = start + lapidary::matrixScale(c.kind.weight, c.columns, row, group);
  if (hasScaleSteps(c.kind.weight)) {
    return readAt<int8_t>(weights, at) *
           double(fromBits(readAt<uint16_t>(weights, start + matrixStep(c.kind.weight, c.columns, row))));
  }
  return isRowScaled(c.kind.weight) ? readAt<float>(weights, at) : fromBits(readAt<uint16_t>(weights, at));
}

/// The integer of a row format, the value of the others.
double ProductScene::input(unsigned row, unsigned column) const {
  const uint64_t start = row / c.rowsPerSource * rowBytes;
  if (c.kind.planes() == 0) {
    return readAt<float>(inputs, start + column * 4);
  }
  double value = 0;
  for (unsigned plane = 0; plane < c.kind.planes(); ++plane) {
    if (isRowScaled(c.kind.weight)) {
      value = value * 256 + static_cast<int8_t>(inputs[start + plane * c.columns + column]);
      continue;
    }
    const uint64_t at = start + plane * roundUp(q8RowBytes(c.columns), 64);
    value += double(static_cast<int8_t>(inputs[at + column])) *
             double(readAt<float>(inputs, at + c.columns + column / LAP_GROUP * 4));
  }
  return value;
}

double ProductScene::expected(unsigned row, unsigned column, double &out_size) const {
  const unsigned expert = expertOf(row);
  double sum = 0;
  out_size = 0;
  for (unsigned i = 0; i < c.columns; ++i) {
    const double scale = isGrouped(c.kind.weight) ? weightScale(expert, column, i / LAP_GROUP) : 1.0;
    const double product = weight(expert, column, i) * scale * input(row, i);
    sum += product;
    out_size += std::fabs(product);
  }
  if (!isRowScaled(c.kind.weight)) {
    return sum;
  }
  const uint64_t scaleAt = row / c.rowsPerSource * rowBytes + uint64_t(LAP_PLANES) * c.columns;
  const float scale = c.kind.input == LAP_ROWS_I8 ? inputStep : readAt<float>(inputs, scaleAt);
  const double y = sum * (double(scale) * weightScale(expert, column, 0));
  for (unsigned part = 0; part < LAP_STACK; ++part) {
    if (int(column) < ends[part]) {
      const double whole = std::clamp(std::nearbyint(y / double(steps[part])), -128.0, 127.0);
      return steps[part] == 0.0f ? float(y) : steps[part] * float(whole);
    }
  }
  return float(y);
}

std::vector<float> ProductScene::run(const char *op) const {
  const std::string name = kernelName(c.kind, op);
  const Loaded loaded = loadKernel(name);
  const auto [tileRows, tileTokens] = loaded.kernel->tile;
  const unsigned outRow = outColumns() + gap, blocks = (outColumns() + tileRows - 1) / tileRows;
  const unsigned tokenBlocks = (c.rows + tileTokens - 1) / tileTokens;
  const int64_t tile = static_cast<int64_t>(tileBytes(c.kind.weight, c.columns));
  const int32_t xBytes = static_cast<int32_t>(rowBytes), outBytes = static_cast<int32_t>(outRow * 4);
  const int32_t columns = static_cast<int32_t>(c.columns), tiles = static_cast<int32_t>(c.tiles);
  const int32_t rows = static_cast<int32_t>(c.rows);
  Memory<uint8_t> x(inputs), w(weights);
  Memory<float> out(size_t(c.rows) * outRow, untouched);
  if (c.kind.routed) {
    Memory<int32_t> places(order);
    const bool byPlace = llvm::StringRef(op) == "matvec"; // a block for every place in the order
    launch<lap::cuda::ExpertMatmul>(name, {blocks, byPlace ? c.rows : tokenBlocks + c.experts}, x.address, xBytes,
                                    w.address, tile, static_cast<int64_t>(expertBytes), columns, tiles, places.address,
                                    static_cast<int32_t>(c.experts), static_cast<int32_t>(c.rowsPerSource), out.address,
                                    outBytes, rows);
  } else {
    launch<lap::cuda::Matmul>(name, {blocks, tokenBlocks}, x.address, xBytes, w.address, tile, columns, tiles,
                              out.address, outBytes, rows, inputStep, ends[0], steps[0], ends[1], steps[1], ends[2],
                              steps[2], ends[3], steps[3]);
  }
  return out.read();
}

void ProductScene::check(const char *op, double tolerance) {
  const std::vector<float> out = run(op);
  unsigned nonZero = 0;
  for (unsigned i = 0; i < out.size(); ++i) {
    const unsigned row = i / (outColumns() + gap), column = i % (outColumns() + gap);
    if (column >= outColumns()) {
      ASSERT_EQ(out[i], untouched) << "behind row " << row;
      continue;
    }
    double size;
    const double wanted = expected(row, column, size);
    const double least = c.wideScales ? 0x1p-140 : 0.0; // of subnormal results
    const double bound = isRowScaled(c.kind.weight) ? 0.0 : size * tolerance + least;
    ASSERT_LE(std::fabs(double(out[i]) - wanted), bound)
        << kernelName(c.kind, op) << ": row " << row << ", column " << column << " is " << out[i] << ", not " << wanted;
    nonZero += out[i] != 0;
  }
  EXPECT_GT(nonZero, out.size() / 4);
}

ProductScene ProductScene::withWideScales() const {
  ProductScene wide = *this;
  wide.c.kind.weight = LAP_W4G32;
  wide.expertBytes = c.tiles * tileBytes(LAP_W4G32, c.columns);
  wide.weights.assign(c.experts * wide.expertBytes, 0);
  for (unsigned expert = 0; expert < c.experts; ++expert) {
    uint8_t *matrix = wide.weights.data() + expert * wide.expertBytes;
    for (unsigned row = 0; row < outColumns(); ++row) {
      for (unsigned column = 0; column < c.columns; ++column) {
        const unsigned group = column / LAP_GROUP;
        writeAt(matrix + lapidary::matrixScale(LAP_W4G32, c.columns, row, group),
                bf16Bits(static_cast<float>(weightScale(expert, row, group))));
        writeInteger(LAP_W4G32, IntegerCode::Signed, matrix, matrixElement(LAP_W4G32, c.columns, row, column),
                     static_cast<int>(weight(expert, row, column)));
      }
    }
  }
  return wide;
}

void ProductScene::checkBitsOfWideScales(const char *op) const {
  const std::vector<float> out = run(op), wide = withWideScales().run(op);
  ASSERT_EQ(out.size(), wide.size());
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_EQ(out[i], wide[i]) << kernelName(c.kind, op) << ": output " << i;
  }
  EXPECT_GT(std::count_if(out.begin(), out.end(), [](float value) { return value != 0; }), out.size() / 4);
}

} // namespace lapidary::cuda::test
