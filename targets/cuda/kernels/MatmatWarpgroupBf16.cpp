//===- MatmatWarpgroupBf16.cpp - products of many rows by warpgroup, bf16 -----===//
// SPDX-License-Identifier: Apache-2.0
//
// For devices of capability 9.0 (Warpgroup.h), with the numbers of MatmatBf16.cpp: an activation is the sum of two
// bf16, and a product two of m64n128k16. A block of 8 warps has 128 weight rows, a row tile a warp, and 128 token rows.
//
//   stage:  x [tokens][64 columns], then what x left over; both in rows of 128 bytes, swizzled
//
// Threads split the activations of a stage, f32 from global memory, while the tensor cores multiply the stage before:
// between commit and wait. A thread does 8 columns (a piece of 16 bytes) of every 32nd token.
//
// A step is 16 columns, element [column][16 rows] of a tile. Lane 4 g + t loads the words of rows 2 g and 2 g + 1 of
// columns 2 t, 2 t + 1, 2 t + 8 and 2 t + 9, which are the k of its places of the operand A.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Matmat.h"
#include "targets/cuda/kernels/Warpgroup.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned stepColumns = 16, perStep = 4; // words of a tile a lane loads, and of A
constexpr unsigned pieceColumns = 8;
constexpr unsigned columnBytes = LAP_ROW_TILE * 2; // of a tile

MatmatShape shapeOf() {
  MatmatShape shape;
  shape.stageColumns = 64, shape.tokenBlocks = 16;
  shape.tiles = 1, shape.rowWarps = 8, shape.tokenWarps = 1;
  return shape;
}
constexpr unsigned planeBytes = 128 * swizzledRowBytes, stageBytes = 2 * planeBytes, sharedBytes = 2 * stageBytes;

class WarpgroupBf16 {
public:
  WarpgroupBf16(KernelBuilder &k, const Product &p, const TokenBlock &tokens)
      : k(k), p(p), tokens(tokens), shape(shapeOf()), lane(k, shape), piece(k.threadId() % pieces()),
        firstToken(k.threadId() / pieces()) {
    laneWords = warpTile(k, p, tokens, lane, 0) + toInt(lane.t * (2 * columnBytes) + lane.g * 4, 64);
    for (unsigned i = 0; i < piecesPerThread(); ++i) {
      inputRows.push_back(inputRow(k, p, tokens, minimum(firstToken + i * tokensAtOnce(), tokens.count - 1)));
    }
  }

  void build() {
    memory = k.dynamicShared(swizzledAlignment);
    share(loadInputs(k.i32(0)), k.i32(0));
    Vals carried(sumCount(), k.f32(0));
    carried.append(loadWeights(k.i32(0)));
    carried.append(loadInputs(k.i32(1)));
    Val stages = (p.columns + (shape.stageColumns - 1)) / shape.stageColumns;
    carried = k.forLoop(k.i32(0), stages, k.i32(1), carried, [&](Val stage, llvm::ArrayRef<Val> carried) {
      fenceForWarpgroup(k);
      k.barrier(); // the stage is there; nobody reads the one before it any more
      auto words = carried.slice(sumCount(), steps() * perStep);
      Vals sums = start(carried.take_front(sumCount()), words, stage % 2);
      share(carried.take_back(piecesPerThread() * pieceColumns), (stage + 1) % 2);
      Vals weights = loadWeights(stage + 1), inputs = loadInputs(stage + 2);
      sums = warpgroupWait(k, 0, sums);
      sums.append(weights);
      sums.append(inputs);
      return sums;
    });
    storeFragments(k, p, tokens, shape, lane, llvm::ArrayRef<Val>(carried).take_front(sumCount()));
  }

private:
  unsigned sumCount() const { return shape.tokens() / 2; }
  unsigned steps() const { return shape.stageColumns / stepColumns; }
  unsigned pieces() const { return shape.stageColumns / pieceColumns; } // of a token
  unsigned tokensAtOnce() const { return shape.threads() / pieces(); }
  unsigned piecesPerThread() const { return shape.tokens() / tokensAtOnce(); }

  /// [pieces of the thread][8 columns] f32; zeroes behind the last column.
  Vals loadInputs(Val stage) const {
    Val column = stage * shape.stageColumns + piece * pieceColumns;
    auto load = [&] {
      Vals floats;
      for (Val row : inputRows) {
        for (unsigned half = 0; half < 2; ++half) {
          Val four = k.loadConstant(k.vectorType(k.f32Type(), 4), row, column * 4 + half * 16);
          for (unsigned i = 0; i < 4; ++i) {
            floats.push_back(element(four, i));
          }
        }
      }
      return floats;
    };
    return k.ifElse(column < p.columns, load, [&] { return Vals(piecesPerThread() * pieceColumns, k.f32(0)); });
  }

  /// Splits them, into stage `which` (0 or 1) of shared memory.
  void share(llvm::ArrayRef<Val> floats, Val which) const {
    for (unsigned i = 0; i < piecesPerThread(); ++i) {
      Vals whole, rest;
      for (unsigned pair = 0; pair < pieceColumns; pair += 2) {
        Val low = floats[i * pieceColumns + pair], high = floats[i * pieceColumns + pair + 1];
        Val packed = packBf16(k, low, high);
        whole.push_back(packed);
        rest.push_back(packBf16(k, low - bitsOf(packed << 16, k.f32Type()),
                                high - bitsOf(packed & k.i32(0xffff0000LL), k.f32Type())));
      }
      Val at = which * stageBytes + swizzledPlace(firstToken, piece) + i * tokensAtOnce() * swizzledRowBytes;
      k.store(vectorOf(whole), memory, at);
      k.store(vectorOf(rest), memory, at + planeBytes);
    }
  }

  /// The words of a stage, [steps][4]; for columns behind the last ones, those of the last 32.
  Vals loadWeights(Val stage) const {
    constexpr unsigned together = LAP_GROUP / stepColumns; // steps that exist or do not
    Vals words;
    for (unsigned step = 0; step < steps(); ++step) {
      Val existing = minimum(stage * (steps() / together) + step / together, p.columns / LAP_GROUP - 1);
      Val start = laneWords + toInt(existing * (LAP_GROUP * columnBytes), 64, false);
      for (unsigned column : {0, 1, 8, 9}) {
        words.push_back(
            k.loadConstant(k.i32Type(), start, k.i32((step % together * stepColumns + column) * columnBytes)));
      }
    }
    return words;
  }

  /// The words of a step, of two rows each, as the operand A.
  Vals operandA(llvm::ArrayRef<Val> words) const {
    constexpr unsigned lowHalves = 0x5410, highHalves = 0x7632;
    Vals a;
    for (unsigned pair = 0; pair < perStep; pair += 2) {
      a.push_back(k.permuteBytes(words[pair], words[pair + 1], lowHalves));
      a.push_back(k.permuteBytes(words[pair], words[pair + 1], highHalves));
    }
    return a;
  }

  /// Starts the products of a stage.
  Vals start(llvm::ArrayRef<Val> sums, llvm::ArrayRef<Val> words, Val which) const {
    Vals registers(sums.begin(), sums.end());
    for (unsigned step = 0; step < steps(); ++step) {
      registers.append(operandA(words.slice(step * perStep, perStep)));
    }
    registers = warpgroupFence(k, registers);
    Vals added(llvm::ArrayRef<Val>(registers).take_front(sumCount()));
    for (unsigned step = 0; step < steps(); ++step) {
      auto a = llvm::ArrayRef<Val>(registers).slice(sumCount() + step * perStep, perStep);
      for (unsigned offset : {planeBytes, 0u}) { // the small part first
        Val b = swizzledDescriptor(k, memory, which * stageBytes + (offset + step * stepColumns * 2));
        added = warpgroupMultiply(k, WarpgroupElement::Bf16, a, b, added);
      }
    }
    warpgroupCommit(k);
    return added;
  }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  MatmatShape shape;
  MatmatLane lane;
  Val piece, firstToken; ///< of the pieces that this thread splits
  Val memory;
  Val laneWords; ///< address of the lane's first word in the warp's tile
  Vals inputRows;
};

} // namespace

void addWarpgroupBf16Kernels(KernelList &list) {
  const ProductKind kind{LAP_BF16, LAP_ROWS_F32, /*routed=*/false};
  const MatmatShape shape = shapeOf();
  const std::string tile = std::to_string(shape.rows()) + "x" + std::to_string(shape.tokens());
  list.push_back({kind.namePrefix("matmat") + tile + "-sm90a",
                  shape.threads(),
                  {shape.rows(), shape.tokens()},
                  sharedBytes,
                  [kind, shape](KernelBuilder &k) {
                    Product product(k, kind);
                    forTokens(k, product, shape.tokens(),
                              [&](const TokenBlock &tokens) { WarpgroupBf16(k, product, tokens).build(); });
                  },
                  90});
}

} // namespace lapidary::cuda
