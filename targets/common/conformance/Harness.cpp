// Harness.cpp - runs op drivers on hand-made buffers and weights.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/conformance/Harness.h"

#include "runtime/src/Lockstep.h"
#include "targets/common/PackedLayout.h"
#include "targets/common/conformance/Library.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace lapidary::conformance {

namespace {
constexpr uint64_t ArenaBytes = 64 << 20, WeightBytes = 128 << 20, CacheBytes = 64 << 20;
constexpr uint64_t ScratchBytes = 4 << 20; // per lane
constexpr uint32_t MaxLanes = 64;
} // namespace

float bf16ToFloat(uint16_t bits) {
  const uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

uint16_t floatToBf16(float value) {
  uint32_t word;
  std::memcpy(&word, &value, sizeof(word));
  return static_cast<uint16_t>((word + 0x7fff + ((word >> 16) & 1)) >> 16);
}

int toInt8(float value, float step) {
  return static_cast<int>(std::fmin(std::fmax(std::nearbyint(value / step), -128.0f), 127.0f));
}

lap_kernel *quantizer(lap_element element) {
  return kernel(element == LAP_ROWS_I8    ? KernelOp::QuantizeStatic
                : element == LAP_ROWS_R24 ? KernelOp::QuantizeRow
                                          : KernelOp::Quantize);
}

const char *elementName(lap_element element) {
  static const char *const names[] = {"f32", "q8", "q24", "i8", "r24"};
  return names[element];
}

namespace {
/// The step of a row's int8 scales.
float stepOfRow(uint32_t row) { return std::ldexp(1.0f, -11 - static_cast<int>(row % 3)); }

/// The multiple of the row's step that is nearest, some of them negative.
float scaleInSteps(float scale, uint32_t row, uint32_t index) {
  const float steps = std::fmin(std::nearbyint(scale / stepOfRow(row)), 127.0f);
  return (index % 5 == 0 ? -steps : steps) * stepOfRow(row);
}
} // namespace

Matrix randomMatrix(lap_format format, uint32_t rows, uint32_t columns, Random &random, uint32_t scaleColumns) {
  Matrix m{format, rows, columns, {}, {}, {}, 0};
  m.values.resize(static_cast<size_t>(rows) * columns);
  if (!isGrouped(format) && !isRowScaled(format)) {
    for (float &value : m.values) {
      value = format == LAP_F32 ? random.normal() : bf16ToFloat(floatToBf16(random.normal()));
    }
    return m;
  }
  m.scaleColumns = isGrouped(format) ? LAP_GROUP : scaleColumns ? scaleColumns : uint32_t(padColumns(columns));
  const int zero = zeroPoint(format);
  for (uint32_t i = 0; i < rows * m.scalesPerRow(); ++i) {
    const float scale = 0.01f + 0.01f * std::fabs(random.normal());
    m.scales.push_back(hasScaleSteps(format) ? scaleInSteps(scale, i / m.scalesPerRow(), i)
                       : isGrouped(format)   ? bf16ToFloat(floatToBf16(scale))
                                             : scale);
  }
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t c = 0; c < columns; ++c) {
      const int value = random.integer(-zero, zero - 1); // the whole range of the storage
      m.integers.push_back(value);
      m.values[static_cast<size_t>(row) * columns + c] = static_cast<float>(value) * m.scaleAt(row, c);
    }
  }
  return m;
}

void Machine::Unmap::operator()(uint8_t *memory) const { munmap(memory, bytes); }

Machine::Block Machine::allocate(uint64_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "error: cannot allocate %llu bytes\n", static_cast<unsigned long long>(bytes));
    std::exit(1);
  }
  return Block(static_cast<uint8_t *>(memory), Unmap{bytes});
}

Machine::Machine()
    : arena(allocate(ArenaBytes)), weights(allocate(WeightBytes)), caches(allocate(CacheBytes)),
      scratch(allocate(ScratchBytes * MaxLanes)) {}

uint64_t Machine::place(uint64_t &used, uint64_t bytes, uint64_t capacity) {
  const uint64_t offset = used;
  used += roundUp(bytes, 64);
  if (used > capacity) {
    std::fprintf(stderr, "error: a test needs more than %llu bytes\n", static_cast<unsigned long long>(capacity));
    std::exit(1);
  }
  return offset;
}

lap_buffer Machine::placeBuffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint64_t rowBytes,
                                uint32_t maxTokens) {
  const uint64_t rows = rowsPerToken ? static_cast<uint64_t>(rowsPerToken) * maxTokens : fixedRows;
  lap_buffer b = {};
  b.offset = place(arenaUsed, rows * roundUp(rowBytes, 64), ArenaBytes);
  b.columns = columns;
  b.row_bytes = static_cast<uint32_t>(roundUp(rowBytes, 64));
  b.rows_per_token = rowsPerToken;
  b.fixed_rows = fixedRows;
  b.space = LAP_ARENA;
  std::memset(arena.get() + b.offset, 0x7b, rows * b.row_bytes);
  return b;
}

lap_buffer Machine::buffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint32_t maxTokens) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(columns));
  return placeBuffer(rowsPerToken, fixedRows, padded, padded * 4ull, maxTokens);
}

lap_buffer Machine::quantizedBuffer(uint32_t rowsPerToken, uint32_t fixedRows, uint32_t columns, uint32_t maxTokens,
                                    lap_element element) {
  const uint32_t padded = static_cast<uint32_t>(padColumns(columns));
  lap_buffer b = placeBuffer(rowsPerToken, fixedRows, padded, activationRowBytes(element, padded), maxTokens);
  b.element = element;
  return b;
}

namespace {
bool isInteger(lap_format format) { return isGrouped(format) || isRowScaled(format); }

void storeFloat(uint8_t *base, PackedPlace place, lap_format format, float value) {
  if (format == LAP_F32) {
    std::memcpy(base + place.byte, &value, 4);
  } else {
    const uint16_t bits = floatToBf16(value);
    std::memcpy(base + place.byte, &bits, 2);
  }
}

/// Stores one element, padding included (value 0; its group's scale is 0 when the whole group is padding).
void storeElement(uint8_t *base, PackedPlace place, const Matrix &m, uint32_t row, uint32_t column) {
  const bool real = row < m.rows && column < m.columns;
  const size_t index = static_cast<size_t>(row) * m.columns + column;
  if (isInteger(m.format)) {
    writeInteger(m.format, integerCode(), base, place, real ? m.integers[index] : 0);
  } else {
    storeFloat(base, place, m.format, real ? m.values[index] : 0.0f);
  }
}

void storeScale(uint8_t *at, const Matrix &m, uint32_t row, uint64_t group) {
  const float scale = row < m.rows ? m.scales[row * m.scalesPerRow() + group] : 0.0f;
  if (hasScaleSteps(m.format)) {
    *at = static_cast<uint8_t>(static_cast<int8_t>(scale / stepOfRow(row)));
    return;
  }
  const uint16_t bits = floatToBf16(scale);
  isRowScaled(m.format) ? std::memcpy(at, &scale, 4) : std::memcpy(at, &bits, 2);
}
} // namespace

lap_weight Machine::packMatrix(const std::vector<Matrix> &experts) {
  const Matrix &first = experts[0];
  const uint64_t rows = padRows(first.rows), columns = padColumns(first.columns);
  const uint64_t expertBytes = matrixBytes(first.format, first.rows, first.columns);
  lap_weight w = {};
  w.offset = place(weightsUsed, expertBytes * experts.size(), WeightBytes);
  w.expert_bytes = experts.size() > 1 ? expertBytes : 0;
  w.tile_bytes = tileBytes(first.format, columns);
  w.rows = static_cast<uint32_t>(rows);
  w.columns = static_cast<uint32_t>(columns);
  w.format = first.format;
  for (size_t e = 0; e < experts.size(); ++e) {
    uint8_t *base = weights.get() + w.offset + e * expertBytes;
    for (uint32_t row = 0; row < rows; ++row) {
      for (uint32_t c = 0; c < columns; ++c) {
        storeElement(base, matrixElement(first.format, columns, row, c), experts[e], row, c);
      }
      if (hasScaleSteps(first.format)) {
        const uint16_t step = floatToBf16(stepOfRow(row));
        std::memcpy(base + matrixStep(first.format, columns, row), &step, sizeof(step));
      }
      for (uint64_t g = 0; g < first.scalesPerRow(); ++g) {
        storeScale(base + matrixScale(first.format, columns, row, g), experts[e], row, g);
      }
    }
  }
  return w;
}

lap_weight Machine::packTable(const Matrix &table) {
  const uint64_t columns = padColumns(table.columns), shared = isRowScaled(table.format) ? table.scaleColumns : 0;
  lap_weight w = {};
  w.offset = place(weightsUsed, tableBytes(table.format, table.rows, table.columns, shared), WeightBytes);
  w.tile_bytes = tableRowBytes(table.format, columns, shared);
  w.rows = table.rows;
  w.columns = static_cast<uint32_t>(columns);
  w.format = table.format;
  w.scale_columns = static_cast<uint32_t>(shared);
  uint8_t *base = weights.get() + w.offset;
  for (uint32_t row = 0; row < table.rows; ++row) {
    for (uint32_t c = 0; c < columns; ++c) {
      storeElement(base, tableElement(table.format, columns, row, c, shared), table, row, c);
    }
    for (uint64_t g = 0; g < table.scalesPerRow(); ++g) {
      storeScale(base + tableScale(table.format, columns, row, g, shared), table, row, g);
    }
  }
  return w;
}

lap_weight Machine::packVector(const std::vector<float> &values) {
  const uint64_t columns = padColumns(values.size());
  lap_weight w = {};
  w.offset = place(weightsUsed, columns * 4, WeightBytes);
  w.rows = 1;
  w.columns = static_cast<uint32_t>(columns);
  w.format = LAP_F32;
  std::memset(weights.get() + w.offset, 0, columns * 4);
  std::memcpy(weights.get() + w.offset, values.data(), values.size() * 4);
  return w;
}

lap_cache Machine::cache(uint32_t slots, uint32_t kvHeads, uint32_t headDim, uint32_t window, lap_format element) {
  const uint64_t bytes =
      static_cast<uint64_t>(slots) * kvHeads * headDim * (element == LAP_I8 ? 1 : elementBytes(element));
  lap_cache c = {};
  c.key_offset = place(cachesUsed, bytes, CacheBytes);
  c.value_offset = place(cachesUsed, bytes, CacheBytes);
  c.slots = slots;
  c.kv_heads = kvHeads;
  c.head_dim = headDim;
  c.window = window;
  c.element = element;
  c.key_step = element == LAP_I8 ? IntegerKeyStep : 1.0f;
  c.value_step = element == LAP_I8 ? IntegerValueStep : 1.0f;
  return c;
}

uint8_t *Machine::bytes(const lap_buffer &buffer, uint64_t row) {
  return arena.get() + buffer.offset + row * buffer.row_bytes;
}
void Machine::moveWeightsToFile() {
  constexpr uint64_t Offset = 4096; // behind what would be the program
  stream.reset(std::tmpfile());
  ASSERT_NE(stream, nullptr) << "cannot make a temporary file";
  ASSERT_EQ(std::fseek(stream.get(), Offset, SEEK_SET), 0);
  ASSERT_EQ(std::fwrite(weights.get(), 1, weightsUsed, stream.get()), weightsUsed);
  ASSERT_EQ(std::fflush(stream.get()), 0);
  std::memset(weights.get(), 0x55, weightsUsed);
  file = {Offset, fileno(stream.get()), 0};
}

float *Machine::floats(const lap_buffer &buffer, uint64_t row) { return reinterpret_cast<float *>(bytes(buffer, row)); }
int32_t *Machine::integers(const lap_buffer &buffer, uint64_t row) {
  return reinterpret_cast<int32_t *>(bytes(buffer, row));
}

void Machine::fill(const lap_buffer &buffer, uint32_t rows, uint32_t columns, Random &random, float scale) {
  for (uint32_t row = 0; row < rows; ++row) {
    float *values = floats(buffer, row);
    for (uint32_t c = 0; c < buffer.columns; ++c) {
      values[c] = c < columns ? random.normal() * scale : 0.0f;
    }
  }
}

bool Machine::paddingIsZero(const lap_buffer &buffer, uint32_t rows, uint32_t columns) {
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t c = columns; c < buffer.columns; ++c) {
      if (floats(buffer, row)[c] != 0.0f) {
        return false;
      }
    }
  }
  return true;
}

void Machine::run(uint32_t lanes, uint32_t tokens, uint32_t position, const int32_t *ids,
                  const std::function<void(const lap_step *, uint32_t, uint32_t)> &op) {
  lap_step step = {};
  step.ids = ids;
  step.tokens = tokens;
  step.position = position;
  step.caches = caches.get();
  runStep(lanes, step, op);
}

void Machine::runPlaced(uint32_t lanes, const std::vector<SequenceRow> &rows,
                        const std::function<void(const lap_step *, uint32_t, uint32_t)> &op) {
  std::vector<lap_row_place> places;
  for (const SequenceRow &row : rows) {
    const uint64_t start = row.sequence * ((cachesUsed + 63) / 64 * 64);
    ASSERT_LE(start + cachesUsed, CacheBytes) << "sequence " << row.sequence << " does not fit";
    places.push_back({caches.get() + start, row.position, 0});
  }
  lap_step step = {};
  step.tokens = static_cast<uint32_t>(rows.size());
  step.places = places.data();
  runStep(lanes, step, op);
}

void Machine::runStep(uint32_t lanes, lap_step step,
                      const std::function<void(const lap_step *, uint32_t, uint32_t)> &op) {
  lap::Lockstep team;
  ASSERT_LE(lanes, MaxLanes) << "scratch memory of the harness";
  ASSERT_EQ(team.start(lanes, nullptr), 0) << "cannot start " << lanes << " threads";
  step.arena = arena.get();
  step.weights = weights.get();
  step.lane_scratch = scratch.get();
  step.lane_scratch_bytes = ScratchBytes;
  step.barrier = team.barrier();
  step.file = stream ? &file : nullptr;
  struct Context {
    const lap_step *step;
    decltype(op) body;
  } context{&step, op};
  team.run(
      [](void *data, uint32_t lane, uint32_t count) {
        const Context &c = *static_cast<Context *>(data);
        c.body(c.step, lane, count);
      },
      &context);
}

void expectMostlyNonZero(const std::vector<float> &values) {
  size_t zeros = 0;
  for (float value : values) {
    zeros += value == 0.0f;
  }
  ASSERT_FALSE(values.empty());
  EXPECT_LE(zeros * 2, values.size()) << zeros << " of " << values.size() << " values are zero";
}

} // namespace lapidary::conformance
