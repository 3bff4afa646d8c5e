//===- MatmatBf16.cpp - products of many rows, bf16 weights ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Weights are bf16 and activations f32, so an activation is the sum of two bf16, x and what x left over, and a product
// is two mma.m16n8k16: its relative error is 2^-17 of the activation beside that of the f32 sums.
//
// A step is 16 columns, element [column][16 rows] of a tile. Lane 4 g + t loads the words of rows 2 g, 2 g + 1 of
// columns t, t + 4, t + 8 and t + 12, which it deals to its places of the operand A: k = 2 t, 2 t + 1, 2 t + 8, 2 t
// + 9. B has the same columns there; they are put so when they are split, on their way to shared memory:
//
//   stage:  [tokens][steps][t] of { x of t, t + 4 | x of t + 8, t + 12 | the rest of the first | of the second },
//   padded
//           so that the 8 lanes of a quarter of a load of 16 bytes meet in no bank.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Matmat.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned stepColumns = 16, perStep = 4; // words of a tile a lane loads

class Bf16Matmat {
public:
  Bf16Matmat(KernelBuilder &k, const Product &p, const TokenBlock &tokens)
      : k(k), p(p), tokens(tokens), shape(bf16MatmatShape(p.kind)), lane(k, shape) {
    for (unsigned tile = 0; tile < shape.tiles; ++tile) {
      tileAddresses.push_back(warpTile(k, p, tokens, lane, tile));
    }
    for (unsigned i = 0; i < piecesPerThread(); ++i) {
      inputRows.push_back(inputRow(k, p, tokens, minimum(pieceToken(i), tokens.count - 1)));
    }
  }

  void build() {
    memory = k.shared(2 * stageBytes());
    Vals carried(shape.tiles * shape.tokenBlocks * perFragment, k.f32(0));
    const size_t sumCount = carried.size(), inputCount = piecesPerThread() * 4;
    carried.append(loadStage(k.i32(0)));
    Val stages = p.columns / shape.stageColumns;
    carried = k.forLoop(k.i32(0), stages, k.i32(1), carried, [&](Val number, llvm::ArrayRef<Val> carried) {
      auto loaded = carried.drop_front(sumCount);
      share(loaded.take_front(inputCount), number & 1);
      k.barrier(); // the other stage is filled only after the next one, when it has been read
      Vals next = k.ifElse(number + 1 < stages, [&] { return loadStage(number + 1); }, [&] { return Vals(loaded); });
      Vals sums(carried.take_front(sumCount));
      multiply(sums, loaded.drop_front(inputCount), number & 1);
      sums.append(next);
      return sums;
    });
    storeFragments(k, p, tokens, shape, lane, llvm::ArrayRef<Val>(carried).take_front(sumCount));
  }

private:
  static constexpr unsigned perFragment = 4, pieceBytes = 16;
  unsigned stageSteps() const { return shape.stageColumns / stepColumns; }
  unsigned piecesPerToken() const { return stageSteps() * 4; }
  unsigned piecesPerThread() const { return shape.tokens() * piecesPerToken() / shape.threads(); }
  unsigned tokenBytes() const { return piecesPerToken() * pieceBytes + 64; }
  unsigned stageBytes() const { return shape.tokens() * tokenBytes(); }
  Val pieceToken(unsigned i) { return k.threadId() / piecesPerToken() + i * (shape.threads() / piecesPerToken()); }

  /// The activations of this thread's pieces, [pieces][4 columns], then the weights, [steps][tiles][4 words].
  Vals loadStage(Val number) {
    Vals loaded;
    Val piece = k.threadId() % piecesPerToken();
    Val column = number * shape.stageColumns + piece / 4 * stepColumns + piece % 4;
    for (Val row : inputRows) {
      for (unsigned j = 0; j < 4; ++j) {
        loaded.push_back(k.loadFloat(row, column + j * 4));
      }
    }
    for (unsigned step = 0; step < stageSteps(); ++step) {
      for (Val tile : tileAddresses) {
        for (unsigned j = 0; j < perStep; ++j) {
          Val at = number * shape.stageColumns + lane.t + (step * stepColumns + j * 4);
          loaded.push_back(k.loadConstant(k.i32Type(), tile, at * (LAP_ROW_TILE * 2) + lane.g * 4));
        }
      }
    }
    return loaded;
  }

  Val pack(Val low, Val high) { return toInt(low, 32, false) | (toInt(high, 32, false) << 16); }

  void share(llvm::ArrayRef<Val> floats, Val which) {
    for (unsigned i = 0; i < piecesPerThread(); ++i) {
      llvm::SmallVector<Val, 4> whole, rest;
      for (Val value : floats.slice(i * 4, 4)) {
        whole.push_back(toBf16(k, value));
        rest.push_back(toBf16(k, value - fromBf16(k, whole.back())));
      }
      Val words = vectorOf(
          {pack(whole[0], whole[1]), pack(whole[2], whole[3]), pack(rest[0], rest[1]), pack(rest[2], rest[3])});
      k.store(words, memory,
              which * stageBytes() + pieceToken(i) * tokenBytes() + k.threadId() % piecesPerToken() * pieceBytes);
    }
  }

  Vals operandA(llvm::ArrayRef<Val> words) {
    Vals a;
    for (unsigned pair = 0; pair < 2; ++pair) {
      Val first = words[pair * 2], second = words[pair * 2 + 1];
      a.push_back((first & 0xffff) | (second << 16));
      a.push_back((first >> 16) | (second & k.i32(0xffff0000LL)));
    }
    return a;
  }

  void multiply(Vals &sums, llvm::ArrayRef<Val> words, Val which) {
    for (unsigned step = 0; step < stageSteps(); ++step) {
      llvm::SmallVector<Vals> a;
      for (unsigned tile = 0; tile < shape.tiles; ++tile) {
        a.push_back(operandA(words.slice((step * shape.tiles + tile) * perStep, perStep)));
      }
      for (unsigned block = 0; block < shape.tokenBlocks; ++block) {
        Val token = lane.firstToken + block * 8 + lane.g;
        Val b = k.load(k.vectorType(k.i32Type(), 4), memory,
                       which * stageBytes() + token * tokenBytes() + lane.t * pieceBytes + step * 4 * pieceBytes);
        for (unsigned tile = 0; tile < shape.tiles; ++tile) {
          auto own =
              llvm::MutableArrayRef<Val>(sums).slice((tile * shape.tokenBlocks + block) * perFragment, perFragment);
          llvm::copy(k.mmaBf16(a[tile], {element(b, 2), element(b, 3)}, own), own.begin());
          llvm::copy(k.mmaBf16(a[tile], {element(b, 0), element(b, 1)}, own), own.begin());
        }
      }
    }
  }

  KernelBuilder &k;
  const Product &p;
  const TokenBlock &tokens;
  MatmatShape shape;
  MatmatLane lane;
  Val memory;
  Vals tileAddresses, inputRows;
};

} // namespace

MatmatShape bf16MatmatShape(const ProductKind &kind) {
  MatmatShape shape;
  shape.stageColumns = 32; // columns are padded to these
  shape.tokenBlocks = kind.routed ? 2 : 4;
  return shape;
}

void buildBf16Matmat(KernelBuilder &k, const ProductKind &kind) {
  Product product(k, kind);
  forTokens(k, product, bf16MatmatShape(kind).tokens(),
            [&](const TokenBlock &tokens) { Bf16Matmat(k, product, tokens).build(); });
}

} // namespace lapidary::cuda
