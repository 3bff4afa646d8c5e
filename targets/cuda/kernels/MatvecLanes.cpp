//===- MatvecLanes.cpp - what a lane of a matvec reads and adds up -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See MatvecLanes.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/MatvecLanes.h"

#include "targets/cuda/kernels/IntegerWeights.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned pieceBytes = 16, pieceWords = 4;

class FloatLanes : public MatvecLanes {
public:
  FloatLanes(KernelBuilder &k, lap_format format, Val tile, Val input)
      : MatvecLanes(k, 32 * pieceBytes / (LAP_ROW_TILE * elementBytes(format)), 32, pieceBytes / elementBytes(format),
                    1),
        format(format), tile(tile), input(input) {}

  Vals loadWeights(Val unit) override {
    return {k.loadConstant(k.vectorType(k.i32Type(), pieceWords), tile,
                           unit * (32 * pieceBytes) + k.laneId() * pieceBytes)};
  }
  Vals loadInput(Val unit, Val valid) override {
    Val column = unit * unitColumns + k.laneId() / (LAP_ROW_TILE / rowsPerLane);
    return {select(valid, k.loadFloat(input, column), k.f32(0))};
  }
  Vals add(llvm::ArrayRef<Val> weights, llvm::ArrayRef<Val> input, llvm::ArrayRef<Val> sums) override {
    Vals result;
    for (unsigned row = 0; row < rowsPerLane; ++row) {
      result.push_back(fusedMulAdd(weight(weights[0], row), input[0], sums[row]));
    }
    return result;
  }
  Val zero() override { return k.f32(0); }

private:
  Val weight(Val words, unsigned row) {
    if (format == LAP_F32) {
      return bitsOf(element(words, row), k.f32Type());
    }
    Val pair = element(words, row / 2);
    return bitsOf(row % 2 == 0 ? pair << 16 : pair & k.i32(0xffff0000LL), k.f32Type());
  }

  lap_format format;
  Val tile, input;
};

/// Formats of integers: a lane has block `block` of a stretch, rows 4 * rowQuad .. + 3.
class IntegerLanes : public MatvecLanes {
public:
  Vals loadWeights(Val unit) override {
    return {k.loadConstant(k.vectorType(k.i32Type(), pieceWords), tile,
                           unit * w.stretchBytes + (w.firstByte + pieceBytes * (k.laneId() % lanesPerUnit)))};
  }

protected:
  IntegerLanes(KernelBuilder &k, const Product &p, unsigned sumsPerRow, Val tile, Val input)
      : MatvecLanes(k, LAP_GROUP, 32 / integersPerByte(p.kind.weight), pieceWords, sumsPerRow), w(p.kind.weight),
        planes(p.kind.planes()), tile(tile), input(input), columns(p.columns) {
    rowQuad = k.laneId() % 4;
    block = k.laneId() % lanesPerUnit / 4;
  }

  /// The words of activations that face the fields of the lane's block, of one plane.
  Vals loadQuads(Val plane, Val unit) {
    Vals quads;
    Val stretch = unit * LAP_GROUP;
    if (w.fields == 1 || !w.quadsAreNeighbours()) {
      for (unsigned field = 0; field < w.fields; ++field) {
        quads.push_back(k.loadConstant(k.i32Type(), plane, stretch + w.quad(block, field) * 4));
      }
      return quads;
    }
    Val all = k.loadConstant(k.vectorType(k.i32Type(), w.fields), plane, stretch + w.quad(block, 0) * 4);
    for (unsigned field = 0; field < w.fields; ++field) {
      quads.push_back(element(all, field));
    }
    return quads;
  }

  /// `start` + the dot product of a row's word with its activations.
  Val dot(Val word, llvm::ArrayRef<Val> quads, Val start) {
    for (unsigned field = 0; field < w.fields; ++field) {
      start = k.dot4(w.integers(k, word, field), quads[field], start);
    }
    return start;
  }

  IntegerWeights w;
  unsigned planes;
  Val tile, input, columns, rowQuad, block;
};

/// Input: per plane the quads and the scale. Weights: integers, then the scales of the rows (four bf16).
class GroupLanes : public IntegerLanes {
public:
  GroupLanes(KernelBuilder &k, const Product &p, Val tile, Val input) : IntegerLanes(k, p, 1, tile, input) {}

  Vals loadWeights(Val unit) override {
    Vals weights = IntegerLanes::loadWeights(unit);
    weights.push_back(k.loadConstant(k.vectorType(k.i32Type(), 2), tile, unit * w.stretchBytes + rowQuad * 8));
    return weights;
  }
  Vals loadInput(Val unit, Val valid) override {
    Vals input;
    for (unsigned p = 0; p < planes; ++p) {
      Val plane = p == 0 ? this->input : k.row(this->input, groupPlaneBytes(columns), k.i32(p));
      input.append(loadQuads(plane, unit));
      Val scale = k.loadConstant(k.f32Type(), plane, columns + unit * 4) * (1.0 / w.factor);
      input.push_back(select(valid, scale, k.f32(0)));
    }
    return input;
  }
  Vals add(llvm::ArrayRef<Val> weights, llvm::ArrayRef<Val> input, llvm::ArrayRef<Val> sums) override {
    Vals result(sums.begin(), sums.end());
    for (unsigned row = 0; row < rowsPerLane; ++row) {
      Val pair = element(weights[1], row / 2);
      Val weightScale = bitsOf(row % 2 == 0 ? pair << 16 : pair & k.i32(0xffff0000LL), k.f32Type());
      for (unsigned p = 0; p < planes; ++p) {
        auto own = input.slice(p * (w.fields + 1), w.fields + 1);
        Val sum = dot(element(weights[0], row), own.drop_back(), sumStart(k));
        result[row] = fusedMulAdd(sumAsFloat(k, sum), weightScale * own.back(), result[row]);
      }
    }
    return result;
  }
  Val zero() override { return k.f32(0); }
};

/// Input: the quads of every plane. One integer sum a row and plane, over all columns.
class RowLanes : public IntegerLanes {
public:
  RowLanes(KernelBuilder &k, const Product &p, Val tile, Val input)
      : IntegerLanes(k, p, p.kind.planes(), tile, input) {}

  Vals loadInput(Val unit, Val valid) override {
    Vals input;
    for (unsigned p = 0; p < planes; ++p) {
      for (Val quad : loadQuads(k.row(this->input, columns, k.i32(p)), unit)) {
        input.push_back(select(valid, quad, k.i32(0)));
      }
    }
    return input;
  }
  Vals add(llvm::ArrayRef<Val> weights, llvm::ArrayRef<Val> input, llvm::ArrayRef<Val> sums) override {
    Vals result;
    for (unsigned p = 0; p < planes; ++p) {
      for (unsigned row = 0; row < rowsPerLane; ++row) {
        result.push_back(dot(element(weights[0], row), input.slice(p * w.fields, w.fields),
                             sums[p * rowsPerLane + row]));
      }
    }
    return result;
  }
  Val zero() override { return k.i32(0); }
};

} // namespace

std::unique_ptr<MatvecLanes> MatvecLanes::create(KernelBuilder &k, const Product &product, Val tile, Val input) {
  const lap_format format = product.kind.weight;
  if (isRowScaled(format)) {
    return std::make_unique<RowLanes>(k, product, tile, input);
  }
  if (isGrouped(format)) {
    return std::make_unique<GroupLanes>(k, product, tile, input);
  }
  return std::make_unique<FloatLanes>(k, format, tile, input);
}

} // namespace lapidary::cuda
