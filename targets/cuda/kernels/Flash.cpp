//===- Flash.cpp - attention of many rows ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has R successive rows of one query head and walks the keys that any of them sees, 256 at a time, with the
// running maximum and total of a softmax (Dao et al., FlashAttention-2, 2023). Keys that none sees are skipped: the
// walk starts at the first row's window and ends at the last row's position; sets of 64 keys and steps of 16 behind
// that are left out as well.
//
//   queries  once, as B operands in parts of bf16, in shared memory
//   scores   a warp has 64 of the keys and all rows (a half of them where there are twice as many warps as sets)
//   softmax  in the warp's registers; the warps' maxima meet in shared memory, the weights go there as B operands
//   values   a warp has 64 of the columns and all rows; its sums stay in registers from the first key to the last
//
// K and V go from memory to the tensor cores without shared memory (CacheOperands.h), each element once a block.
// Queries and weights are split into two parts of bf16: rounding the queries alone to bf16 would change scores of some
// tens by 2^-9 of that, and weights by percents, where the sum of two parts errs by 2^-17. f32 caches take three parts
// each.
//
// A step of 16 for 64 elements and 32 rows is 32 mma for 2 KiB of cache (bf16): 16 multiply-adds a byte, times two
// parts.
//
// A lane ends with 8 successive columns of a row, four lanes with a group of 32: results are rounded here where a
// product reads them so (Rounding.h; groups need heads of a multiple of 32 columns).
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/cuda/kernels/FlashParts.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Rounding.h"

namespace lapidary::cuda {

using namespace flash;

namespace {

constexpr unsigned unbounded = 1u << 30; // a window that no position reaches

/// Word `word` of the queries: [step][8 rows][two halves of the step][8 rows][4].
void splitQueryWord(const Block &f, Val word) {
  KernelBuilder &k = f.k;
  const unsigned tiles = f.shape.tiles();
  const Val row = word / queryWords % tiles * queries + word / 4 % queries;
  const Val column = word / (queryWords * tiles) * sumSteps + word / 32 % 2 * 8 + word % 4;
  const Val from = k.row(f.query, f.queryBytes, minimum(row, f.validRows - 1));
  std::array<Vals, 2> split;
  for (unsigned i = 0; i < 2; ++i) {
    split[i] = splitFloat(k, k.loadFloat(from, column + i * 4) * f.queryStep, f.shape.parts());
  }
  for (unsigned part = 0; part < f.shape.parts(); ++part) {
    k.store(packHigh(k, split[0][part], split[1][part]), f.shared, word * 4 + part * f.shape.queryPart());
  }
}

State walkKeys(const Block &f) {
  KernelBuilder &k = f.k;
  const unsigned rows = f.shape.scoreTiles() * 2;
  const State start = {Vals(rows, k.f32(unseen)), Vals(rows, k.f32(0)),
                       Vals(f.shape.valueTiles() * productFloats, k.f32(0))};
  const Val begin = f.first / LAP_ROW_TILE * LAP_ROW_TILE;
  const Vals end =
      k.forLoop(begin, f.last + 1, k.i32(tileKeys), start.all(), [&](Val tile, llvm::ArrayRef<Val> before) {
        State state = State::from(f.shape, before);
        const Vals scores = computeScores(f, tile);
        const CacheSteps values = valueSteps(f, tile);
        // Where registers are left, the first values are on their way during the softmax.
        const bool early = f.shape.format != LAP_F32 && f.shape.scoreTiles() < 4;
        const RawOperand earlyValues = early ? values.load(k, values.first) : RawOperand();
        computeWeights(f, scores, state);
        k.barrier();
        state.sums = addValues(f, values, early ? earlyValues : values.load(k, values.first), state.sums);
        return state.all();
      });
  return State::from(f.shape, end);
}

/// Where results go: rows of `element`, from the block's first row on.
struct Output {
  lap_element element;
  Val rows, bytes; ///< the first row, and how far the next one is
  Val columns, step;
};

/// Stores the head's columns, which are those from `first` on.
void storeSums(const Block &f, llvm::ArrayRef<Val> sums, const Output &out, Val first) {
  KernelBuilder &k = f.k;
  const Val column = f.valueSet() * setElements + f.lane.g * 8;
  for (unsigned tile = 0; tile < f.shape.valueTiles(); ++tile) {
    for (unsigned second = 0; second < 2; ++second) {
      const Val row = f.rowOf(f.firstValueTile() + tile) + second;
      const Val factor = k.load(k.f32Type(), f.shared, row * 4 + f.shape.factorsAt());
      Vals octet;
      for (unsigned i = 0; i < 8; ++i) {
        octet.push_back(sums[tile * productFloats + i % 4 * 4 + i / 4 * 2 + second] * factor);
      }
      storeOctet(k, out.element, octet, k.row(out.rows, out.bytes, row), first + column, out.columns, out.step,
                 (row < f.validRows) & (column < f.headDim));
    }
  }
}

/// Zeroes columns from `from` of the block's rows.
void zeroPadding(const Block &f, const Output &out, Val from) {
  KernelBuilder &k = f.k;
  k.forLoop(k.i32(0), f.validRows, k.i32(1), [&](Val row) {
    k.forLoop(from + k.threadId(), out.columns, k.i32(k.threads()), [&](Val column) {
      storeRounded(k, out.element, k.f32(0), k.row(out.rows, out.bytes, row), column, out.columns, out.step);
    });
  });
}

void buildFlash(KernelBuilder &k, const Shape &shape, lap_element element) {
  Val query = k.address(), queryBytes = k.int32(), places = k.address(), rows = k.int32(), keyOffset = k.int64();
  Val valueOffset = k.int64(), slots = k.int32(), headDim = k.int32(), heads = k.int32(), kvHeads = k.int32();
  Val window = k.int32(), out = k.address(), outBytes = k.int32(), outColumns = k.int32();
  Val keyStep = k.float32(), valueStep = k.float32(), step = k.float32();
  const Val firstRow = k.blockX() * shape.rows, head = k.blockY();
  const RowPlace place = loadPlace(k, places, firstRow);
  const Val kvHead = head / (heads / kvHeads);
  const Val headStart = toInt(kvHead, 64) * toInt(slots, 64) * toInt(headDim, 64) * elementBytes(shape.format);
  Block f = {k, shape, laneOf(k), k.warpId(), k.dynamicShared()};
  f.slots = slots;
  f.headDim = headDim;
  f.window = select(window == 0, k.i32(unbounded), window);
  f.queryStep = shape.format == LAP_I8 ? keyStep : k.f32(1);
  f.query = k.row(query, queryBytes, firstRow) + toInt(head * headDim * 4, 64);
  f.queryBytes = queryBytes;
  f.keyBase = place.caches + keyOffset + headStart;
  f.valueBase = place.caches + valueOffset + headStart;
  f.validRows = minimum(rows - firstRow, k.i32(shape.rows));
  f.position = place.position;
  f.last = place.position + f.validRows - 1;
  f.first = lowestVisible(place.position, window);
  f.firstRing = f.first / LAP_ROW_TILE % (slots / LAP_ROW_TILE);

  k.forLoop(k.threadId(), headDim / sumSteps * (shape.tiles() * queryWords), k.i32(k.threads()),
            [&](Val word) { splitQueryWord(f, word); });
  k.barrier();
  const State state = walkKeys(f);
  shareTotals(f, state, shape.format == LAP_I8 ? valueStep : k.f32(1));
  const Output output = {element, k.row(out, outBytes, firstRow), outBytes, outColumns, step};
  storeSums(f, state.sums, output, head * headDim);
  k.ifThen(head == heads - 1, [&] { zeroPadding(f, output, heads * headDim); });
}

} // namespace

void addFlashKernels(KernelList &list) {
  auto add = [&](llvm::StringRef op, const Shape &shape, lap_element element) {
    const llvm::Twine tile = llvm::Twine(shape.rows) + "x" + llvm::Twine(shape.headDim);
    list.push_back(
        {(formatName(shape.format) + llvm::Twine("-") + op + roundingSuffix(element) + "-" + tile + "-cuda").str(),
         shape.warps * 32,
         {tileKeys, shape.rows},
         shape.sharedBytes(),
         [=](KernelBuilder &k) { buildFlash(k, shape, element); }});
  };
  for (lap_element element : {LAP_ROWS_F32, LAP_ROWS_I8, LAP_ROWS_Q8, LAP_ROWS_Q24}) {
    for (lap_format format : {LAP_F32, LAP_BF16, LAP_I8}) {
      add("flash", {format, format == LAP_F32 ? 16u : 32u, 8, 512}, element); // heads up to 512 columns
      add("flash_256", {format, format == LAP_F32 ? 16u : 32u, 4, 256}, element);
    }
  }
}

} // namespace lapidary::cuda
