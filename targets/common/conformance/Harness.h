// Harness.h - runs op drivers on hand-made buffers and weights.
// SPDX-License-Identifier: Apache-2.0
//
// The conformance suite knows no target: it loads a shared library of kernels, finds them by name, and runs them
// through the runtime's drivers on 1..3 lanes. References are scalar and written from the definitions in ProgramAbi.h;
// they place weights through targets/common/PackedLayout.h only.
#ifndef LAPIDARY_TARGETS_COMMON_CONFORMANCE_HARNESS_H
#define LAPIDARY_TARGETS_COMMON_CONFORMANCE_HARNESS_H

#include "lapidary/ProgramAbi.h"
#include "targets/common/KernelNames.h"
#include "targets/common/PackedLayout.h"

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace lapidary::conformance {

/// The kernel of `op` in the library under test; the process ends with a message when it is missing.
lap_kernel *kernel(KernelOp op, lap_format format = LAP_F32);

/// The kernel that rounds f32 rows to rows of `element`.
lap_kernel *quantizer(lap_element element);

/// For names of tests.
const char *elementName(lap_element element);

/// Why the kernels cannot run on this CPU; empty when they can.
const std::string &skipReason();

/// How the kernels under test want integers stored.
IntegerCode integerCode();

/// False (--floats=reordered, --floats=own) when the target's floats are not computed operation by operation as
/// targets/common/algorithms defines them, so that they may have other bits.
bool definedBits();

/// True (--floats=own) when it rounds in a way of its own besides, by less than one unit in the last place.
bool ownRounding();

/// True (--slow) on a machine that is emulated: tests of long sequences then have smaller heads and look at the last
/// few positions. They walk the same slices, rings and rounds.
bool slowMachine();

/// What a float may differ from a double reference: `of`, or four times that where rounding is the target's own (twice
/// the error of rounding to nearest, and to one side, so that errors add up instead of cancelling).
inline double tolerance(double of) { return ownRounding() ? 4 * of : of; }

float bf16ToFloat(uint16_t bits);
uint16_t floatToBf16(float value);

/// clamp(value / step, -128, 127), ties to even.
int toInt8(float value, float step);

/// Seeded numbers, the same in every run.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  float normal() { return gaussian(engine); }
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine); }

private:
  std::mt19937_64 engine;
  std::normal_distribution<float> gaussian;
};

/// A weight's logical values; rows and columns are unpadded.
struct Matrix {
  lap_format format;
  uint32_t rows, columns;
  std::vector<float> values; // [rows][columns] what an exact reader sees
  std::vector<int> integers; // [rows][columns] integer formats only
  std::vector<float> scales; // [rows][scalesPerRow()]
  uint32_t scaleColumns = 0; // columns that share a scale; 0 in float formats

  uint32_t scalesPerRow() const { return scaleColumns ? (columns + scaleColumns - 1) / scaleColumns : 0; }
  float scaleAt(uint32_t row, uint32_t column) const { return scales[row * scalesPerRow() + column / scaleColumns]; }
  int integerAt(uint32_t row, uint32_t column) const { return integers[static_cast<size_t>(row) * columns + column]; }

  float at(uint32_t row, uint32_t column) const { return values[static_cast<size_t>(row) * columns + column]; }
};

/// `scaleColumns`: of a table in a row format, 0 for the whole row.
Matrix randomMatrix(lap_format format, uint32_t rows, uint32_t columns, Random &random, uint32_t scaleColumns = 0);

/// The steps of int8 caches; some of the tests' values are beyond 127 of them.
constexpr float IntegerKeyStep = 0.01f, IntegerValueStep = 0.023f;

/// Whose token a row is.
struct SequenceRow {
  uint32_t sequence, position;
};

/// One machine: memory, and a step that refers to it.
class Machine {
public:
  Machine();

  /// An f32 or int32 buffer of `columns` (padded here), filled with a pattern that no test expects.
  lap_buffer buffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint32_t maxTokens);
  /// A buffer of integers.
  lap_buffer quantizedBuffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint32_t maxTokens,
                             lap_element element = LAP_ROWS_Q8);
  lap_weight packMatrix(const std::vector<Matrix> &experts);
  lap_weight packTable(const Matrix &table);
  lap_weight packVector(const std::vector<float> &values);
  /// Moves all weights packed so far to a file, as a program has them; what stays in memory is rubbish.
  void moveWeightsToFile();
  lap_cache cache(uint32_t slots, uint32_t kvHeads, uint32_t headDim, uint32_t window, lap_format element);

  float *floats(const lap_buffer &buffer, uint64_t row);
  int32_t *integers(const lap_buffer &buffer, uint64_t row);
  uint8_t *bytes(const lap_buffer &buffer, uint64_t row);
  /// Writes random values into the first `columns` of `rows` rows and zeroes the padding.
  void fill(const lap_buffer &buffer, uint32_t rows, uint32_t columns, Random &random, float scale = 1.0f);
  /// True when columns [columns, buffer.columns) of all rows are zero.
  bool paddingIsZero(const lap_buffer &buffer, uint32_t rows, uint32_t columns);

  /// Runs `op` on `lanes` lanes, tokens and position as given; ids may be null.
  void run(uint32_t lanes, uint32_t tokens, uint32_t position, const int32_t *ids,
           const std::function<void(const lap_step *, uint32_t lane, uint32_t lanes)> &op);
  /// The same for rows of several sequences, each of which has caches of its own.
  void runPlaced(uint32_t lanes, const std::vector<SequenceRow> &rows,
                 const std::function<void(const lap_step *, uint32_t lane, uint32_t lanes)> &op);

private:
  /// Zeroed pages that cost nothing until they are touched.
  struct Unmap {
    uint64_t bytes;
    void operator()(uint8_t *memory) const;
  };
  using Block = std::unique_ptr<uint8_t, Unmap>;
  static Block allocate(uint64_t bytes);
  void runStep(uint32_t lanes, lap_step step,
               const std::function<void(const lap_step *, uint32_t lane, uint32_t lanes)> &op);
  uint64_t place(uint64_t &used, uint64_t bytes, uint64_t capacity);
  lap_buffer placeBuffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint64_t rowBytes,
                         uint32_t maxTokens);

  struct Close {
    void operator()(std::FILE *stream) const { std::fclose(stream); }
  };
  std::unique_ptr<std::FILE, Close> stream;
  lap_weight_file file = {};
  Block arena, weights, caches, scratch;
  uint64_t arenaUsed = 0, weightsUsed = 0, cachesUsed = 0;
};

/// Fails the test when more than half of the values are zero: a comparison of zeros proves nothing.
void expectMostlyNonZero(const std::vector<float> &values);

} // namespace lapidary::conformance

#endif
