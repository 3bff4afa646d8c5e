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
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/cuda/kernels/CacheOperands.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned tileSets = 4, tileKeys = tileSets * setElements, tileSteps = tileKeys / sumSteps;
constexpr unsigned queries = 8;          // of a product
constexpr unsigned queryWords = 64;      // of 8 queries and one step: [2][8 queries][4]
constexpr unsigned unbounded = 1u << 30; // a window that no position reaches

/// What is fixed when the kernel is built.
struct FlashShape {
  lap_format format;
  unsigned rows, warps, headDim; // headDim: the largest

  unsigned parts() const { return format == LAP_F32 ? 3 : 2; }
  unsigned tiles() const { return rows / queries; }
  /// Groups of 8 rows that a warp has in either product.
  unsigned scoreTiles() const { return tiles() * tileSets / warps; }
  unsigned valueTiles() const { return tiles() * (headDim / setElements) / warps; }
  // Shared memory, in bytes.
  unsigned queryPart() const { return headDim / sumSteps * tiles() * queryWords * 4; }
  unsigned weightPart() const { return tileSteps * tiles() * queryWords * 4; }
  unsigned weightsAt() const { return parts() * queryPart(); }
  unsigned maximaAt() const { return weightsAt() + parts() * weightPart(); } // float [rows][tileSets]
  unsigned factorsAt() const { return maximaAt() + rows * tileSets * 4; }    // float [rows]
  unsigned sharedBytes() const { return factorsAt() + rows * 4; }
};

struct Flash {
  KernelBuilder &k;
  FlashShape shape;
  Lane lane;
  Val warp, shared;
  Val slots = {}, headDim = {}, window = {}, queryStep = {};
  Val query = {}, queryBytes = {}; // the head's columns of the first row
  Val keyBase = {}, valueBase = {};
  Val validRows = {};           // 1..R
  Val position = {}, last = {}; // of the first and of the last valid row
  Val first = {};               // first key that is seen
  Val firstRing = {};           // where its block of 16 is in the ring

  Val scoreSet() const { return warp % tileSets; }
  Val firstScoreTile() const { return warp / tileSets * shape.scoreTiles(); }
  Val valueSet() const { return warp % (shape.headDim / setElements); }
  Val firstValueTile() const { return warp / (shape.headDim / setElements) * shape.valueTiles(); }
  /// First of the lane's two rows in a group of 8.
  Val rowOf(Val tile) const { return tile * queries + lane.t * 2; }
};

/// What a lane carries from tile to tile.
struct State {
  Vals maxima, totals; // of two rows for each of scoreTiles; totals: of the lane's own keys
  Vals sums;           // productFloats for each of valueTiles

  Vals all() const {
    Vals result(maxima);
    result.append(totals);
    result.append(sums);
    return result;
  }
  static State from(const FlashShape &shape, llvm::ArrayRef<Val> all) {
    const unsigned count = shape.scoreTiles() * 2;
    return {Vals(all.take_front(count)), Vals(all.slice(count, count)), Vals(all.drop_front(2 * count))};
  }
};

/// Word `word` of the queries: [step][8 rows][two halves of the step][8 rows][4].
void splitQueryWord(const Flash &f, Val word) {
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

/// The B operand of group `tile` of 8 rows at `step`, from shared memory.
Parts loadParts(const Flash &f, unsigned at, unsigned partBytes, Val step, Val tile) {
  KernelBuilder &k = f.k;
  const Val word = (step * f.shape.tiles() + tile) * queryWords + k.laneId();
  Parts parts(f.shape.parts());
  for (unsigned part = 0; part < parts.size(); ++part) {
    for (unsigned half = 0; half < 2; ++half) {
      parts[part][half] = k.load(k.i32Type(), f.shared, word * 4 + (at + part * partBytes + half * 128));
    }
  }
  return parts;
}

/// One step: sums of groups of 8 rows + operand x parts of shared memory.
Vals multiplyStep(const Flash &f, const Operand &operand, unsigned at, unsigned partBytes, Val step, Val firstTile,
                  llvm::ArrayRef<Val> sums) {
  Vals result;
  for (unsigned tile = 0; tile * productFloats < sums.size(); ++tile) {
    const Parts parts = loadParts(f, at, partBytes, step, firstTile + tile);
    result.append(multiply(f.k, operand, parts, sums.slice(tile * productFloats, productFloats)));
  }
  return result;
}

/// Where block `block` of 16 positions, or the nearest one that is seen, is in the ring.
Val ringOf(const Flash &f, Val block) {
  const Val firstBlock = f.first / LAP_ROW_TILE, seen = minimum(maximum(block, firstBlock), f.last / LAP_ROW_TILE);
  return ringBlock(f.firstRing, seen - firstBlock, f.slots / LAP_ROW_TILE);
}

/// The lane's steps of the columns for its keys of the tile.
CacheSteps keySteps(const Flash &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const Val start = tileStart + f.scoreSet() * setElements;
  const Val lane =
      ringOf(f, start / LAP_ROW_TILE + f.lane.block) * f.headDim * LAP_ROW_TILE + f.lane.t * LAP_ROW_TILE + f.lane.half;
  return {f.shape.format, f.keyBase,
          k.i32(0),       select(start <= f.last, f.headDim / sumSteps, k.i32(0)),
          k.i32(1),       [=](Val step) { return lane + step * (sumSteps * LAP_ROW_TILE); }};
}

/// The lane's steps of the tile's keys for its columns.
CacheSteps valueSteps(const Flash &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const Val part = minimum(f.valueSet() * 4 + f.lane.block, f.headDim / LAP_ROW_TILE - 1);
  const Val lane = part * f.slots * LAP_ROW_TILE + f.lane.t * LAP_ROW_TILE + f.lane.half;
  const Val startBlock = tileStart / LAP_ROW_TILE;
  const Val steps = minimum(f.last / LAP_ROW_TILE - startBlock + 1, k.i32(tileSteps));
  const Val end = select(f.valueSet() * setElements < f.headDim, steps, k.i32(0));
  return {
      f.shape.format, f.valueBase,
      k.i32(0),       end,
      k.i32(1),       [=](Val step) {
            return lane + ringOf(f, startBlock + step) * (LAP_ROW_TILE * LAP_ROW_TILE); }};
}

/// Scores of the warp's keys and rows; keys that a row does not see are `unseen`.
Vals computeScores(const Flash &f, Val tileStart) {
  KernelBuilder &k = f.k;
  const CacheSteps steps = keySteps(f, tileStart);
  Vals scores = walkSteps(k, steps, steps.load(k, steps.first), Vals(f.shape.scoreTiles() * productFloats, k.f32(0)),
                          [&](Val step, const Operand &operand, llvm::ArrayRef<Val> sums) {
                            return multiplyStep(f, operand, 0, f.shape.queryPart(), step, f.firstScoreTile(), sums);
                          });
  const Val firstKey = tileStart + f.scoreSet() * setElements + f.lane.g * 8;
  for (unsigned index = 0; index < scores.size(); ++index) {
    const unsigned tile = index / productFloats, i = index / 4 % 4, upper = index / 2 % 2, column = index % 2;
    const Val key = firstKey + (i + upper * 4);
    const Val distance = f.position + f.rowOf(f.firstScoreTile() + tile) + column - key;
    scores[index] = select((distance >= 0) & (distance < f.window), scores[index], k.f32(unseen));
  }
  return scores;
}

/// Combines the lane's scores of row `column` (0, 1) of group `tile`.
Val combineKeys(llvm::ArrayRef<Val> values, unsigned tile, unsigned column, KernelBuilder::Combine combine) {
  Val result;
  for (unsigned i = 0; i < 8; ++i) {
    const Val value = values[tile * productFloats + i * 2 + column];
    result = result ? combine(result, value) : value;
  }
  return result;
}

/// The values of all lanes of a warp that have the same rows.
Val combineLanes(KernelBuilder &k, Val value, KernelBuilder::Combine combine) {
  for (unsigned mask : {4, 8, 16}) {
    value = combine(value, k.shuffleXor(value, mask));
  }
  return value;
}

/// Each warp leaves a number per row; after a barrier every lane has all warps' numbers of its rows, combined.
Vals meet(const Flash &f, llvm::ArrayRef<Val> own, KernelBuilder::Combine combine) {
  KernelBuilder &k = f.k;
  for (unsigned index = 0; index < own.size(); ++index) {
    const Val value = combineLanes(k, own[index], combine);
    const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
    k.ifThen(f.lane.g == 0,
             [&] { k.store(value, f.shared, (row * tileSets + f.scoreSet()) * 4 + f.shape.maximaAt()); });
  }
  k.barrier();
  Vals result;
  for (unsigned index = 0; index < own.size(); ++index) {
    const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
    const Val four = k.load(k.vectorType(k.f32Type(), tileSets), f.shared, row * (tileSets * 4) + f.shape.maximaAt());
    result.push_back(combine(combine(element(four, 0), element(four, 1)), combine(element(four, 2), element(four, 3))));
  }
  return result;
}

/// Stores the weights of group `tile` as the B operand of the values: keys j and j + 4 of the lane's 8 in a word.
void storeWeights(const Flash &f, llvm::ArrayRef<Val> weights, unsigned tile) {
  KernelBuilder &k = f.k;
  const unsigned parts = f.shape.parts();
  const Val step = f.scoreSet() * 4 + f.lane.block;
  for (unsigned column = 0; column < 2; ++column) {
    std::array<Vals, 3> words;
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned at = tile * productFloats + i * 4 + column;
      const Vals low = splitFloat(k, weights[at], parts), high = splitFloat(k, weights[at + 2], parts);
      for (unsigned part = 0; part < parts; ++part) {
        words[part].push_back(packHigh(k, low[part], high[part]));
      }
    }
    const Val word = (step * f.shape.tiles() + f.firstScoreTile() + tile) * queryWords + f.lane.half * 4 +
                     (f.lane.t * 2 + column) * 4;
    for (unsigned part = 0; part < parts; ++part) {
      k.store(vectorOf(words[part]), f.shared, word * 4 + (f.shape.weightsAt() + part * f.shape.weightPart()));
    }
  }
}

/// Scores to weights in shared memory; the state's maxima and totals become those of all keys so far, and the factors
/// for the sums so far are in shared memory.
void computeWeights(const Flash &f, llvm::ArrayRef<Val> scores, State &state) {
  KernelBuilder &k = f.k;
  Vals own;
  for (unsigned index = 0; index < state.maxima.size(); ++index) {
    own.push_back(combineKeys(scores, index / 2, index % 2, larger));
  }
  const Vals met = meet(f, own, larger);
  Vals weights(scores);
  for (unsigned index = 0; index < met.size(); ++index) {
    const unsigned tile = index / 2, column = index % 2;
    const Val largest = maximum(state.maxima[index], met[index]);
    const Val factor = softmaxWeight(k, state.maxima[index], largest);
    for (unsigned i = 0; i < 8; ++i) {
      Val &weight = weights[tile * productFloats + i * 2 + column];
      weight = softmaxWeight(k, weight, largest);
    }
    state.maxima[index] = largest;
    state.totals[index] = fusedMulAdd(state.totals[index], factor, combineKeys(weights, tile, column, sum));
    k.ifThen((f.lane.g == 0) & (f.scoreSet() == 0), [&] {
      k.store(factor, f.shared, (f.rowOf(f.firstScoreTile() + tile) + column) * 4 + f.shape.factorsAt());
    });
  }
  for (unsigned tile = 0; tile < f.shape.scoreTiles(); ++tile) {
    storeWeights(f, weights, tile);
  }
}

/// sums * factors + the tile's values x weights.
Vals addValues(const Flash &f, const CacheSteps &steps, const RawOperand &start, llvm::ArrayRef<Val> sums) {
  KernelBuilder &k = f.k;
  Vals scaled;
  for (unsigned tile = 0; tile < f.shape.valueTiles(); ++tile) {
    const Val row = f.rowOf(f.firstValueTile() + tile);
    const Val factors = k.load(k.vectorType(k.f32Type(), 2), f.shared, row * 4 + f.shape.factorsAt());
    for (unsigned index = 0; index < productFloats; ++index) {
      scaled.push_back(sums[tile * productFloats + index] * element(factors, index % 2));
    }
  }
  return walkSteps(k, steps, start, scaled, [&](Val step, const Operand &operand, llvm::ArrayRef<Val> before) {
    return multiplyStep(f, operand, f.shape.weightsAt(), f.shape.weightPart(), step, f.firstValueTile(), before);
  });
}

State walkKeys(const Flash &f) {
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

/// Leaves 1 / total of every row where the factors were.
void shareTotals(const Flash &f, const State &state, Val valueStep) {
  KernelBuilder &k = f.k;
  const Vals totals = meet(f, state.totals, sum);
  k.ifThen((f.lane.g == 0) & (f.scoreSet() == 0), [&] {
    for (unsigned index = 0; index < totals.size(); ++index) {
      const Val row = f.rowOf(f.firstScoreTile() + index / 2) + index % 2;
      k.store(valueStep / totals[index], f.shared, row * 4 + f.shape.factorsAt());
    }
  });
  k.barrier();
}

/// out: the head's columns of the first row.
void storeSums(const Flash &f, llvm::ArrayRef<Val> sums, Val out, Val outBytes) {
  KernelBuilder &k = f.k;
  const Val column = f.valueSet() * setElements + f.lane.g * 8;
  for (unsigned tile = 0; tile < f.shape.valueTiles(); ++tile) {
    for (unsigned second = 0; second < 2; ++second) {
      const Val row = f.rowOf(f.firstValueTile() + tile) + second;
      const Val factor = k.load(k.f32Type(), f.shared, row * 4 + f.shape.factorsAt());
      k.ifThen((row < f.validRows) & (column < f.headDim), [&] {
        for (unsigned upper = 0; upper < 2; ++upper) {
          Vals four;
          for (unsigned i = 0; i < 4; ++i) {
            four.push_back(sums[tile * productFloats + i * 4 + upper * 2 + second] * factor);
          }
          k.store(vectorOf(four), k.row(out, outBytes, row), (column + upper * 4) * 4);
        }
      });
    }
  }
}

/// Zeroes columns [from, to) of the block's rows.
void zeroPadding(const Flash &f, Val out, Val outBytes, Val from, Val to) {
  KernelBuilder &k = f.k;
  k.forLoop(k.i32(0), f.validRows, k.i32(1), [&](Val row) {
    k.forLoop(from + k.threadId(), to, k.i32(k.threads()),
              [&](Val column) { k.storeFloat(k.f32(0), k.row(out, outBytes, row), column); });
  });
}

void buildFlash(KernelBuilder &k, const FlashShape &shape) {
  Val query = k.address(), queryBytes = k.int32(), places = k.address(), rows = k.int32(), keyOffset = k.int64();
  Val valueOffset = k.int64(), slots = k.int32(), headDim = k.int32(), heads = k.int32(), kvHeads = k.int32();
  Val window = k.int32(), out = k.address(), outBytes = k.int32(), outColumns = k.int32();
  Val keyStep = k.float32(), valueStep = k.float32();
  const Val firstRow = k.blockX() * shape.rows, head = k.blockY();
  const RowPlace place = loadPlace(k, places, firstRow);
  const Val kvHead = head / (heads / kvHeads);
  const Val headStart = toInt(kvHead, 64) * toInt(slots, 64) * toInt(headDim, 64) * elementBytes(shape.format);
  const Val headBytes = toInt(head * headDim * 4, 64);
  Flash f = {k, shape, laneOf(k), k.warpId(), k.dynamicShared()};
  f.slots = slots;
  f.headDim = headDim;
  f.window = select(window == 0, k.i32(unbounded), window);
  f.queryStep = shape.format == LAP_I8 ? keyStep : k.f32(1);
  f.query = k.row(query, queryBytes, firstRow) + headBytes;
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
  const Val target = k.row(out, outBytes, firstRow);
  storeSums(f, state.sums, target + headBytes, outBytes);
  k.ifThen(head == heads - 1, [&] { zeroPadding(f, target, outBytes, heads * headDim, outColumns); });
}

} // namespace

void addFlashKernels(KernelList &list) {
  auto add = [&](llvm::StringRef op, const FlashShape &shape) {
    const std::string tile = std::to_string(shape.rows) + "x" + std::to_string(shape.headDim);
    list.push_back({std::string(formatName(shape.format)) + "-" + op.str() + "-" + tile + "-cuda",
                    shape.warps * 32,
                    {tileKeys, shape.rows},
                    shape.sharedBytes(),
                    [=](KernelBuilder &k) { buildFlash(k, shape); }});
  };
  for (lap_format format : {LAP_F32, LAP_BF16, LAP_I8}) {
    add("flash", {format, format == LAP_F32 ? 16u : 32u, 8, 512}); // heads up to 512 columns
    add("flash_256", {format, format == LAP_F32 ? 16u : 32u, 4, 256});
  }
}

} // namespace lapidary::cuda
