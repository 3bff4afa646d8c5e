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

/// Loaded: weights and the activation. Of several rows only where these are, which L1 has when they are added: the
/// queue would take twice the registers.
class FloatLanes : public MatvecLanes {
public:
  FloatLanes(KernelBuilder &k, lap_format format, Val tile, Val input, llvm::ArrayRef<Val> offsets)
      : MatvecLanes(k, 32 * pieceBytes / (LAP_ROW_TILE * elementBytes(format)), 32, pieceBytes / elementBytes(format),
                    static_cast<unsigned>(offsets.size())),
        format(format), tile(tile), input(input), offsets(offsets) {}

  Vals load(Val unit) override {
    Vals loaded = {k.loadConstant(k.vectorType(k.i32Type(), pieceWords), tile,
                                  unit * (32 * pieceBytes) + k.laneId() * pieceBytes)};
    Val column = unit * unitColumns + k.laneId() / (LAP_ROW_TILE / rowsPerLane);
    loaded.push_back(sumsPerRow == 1 ? activation(0, column) : column);
    return loaded;
  }
  Vals add(llvm::ArrayRef<Val> loaded, llvm::ArrayRef<Val> sums) override {
    Vals result(sums.begin(), sums.end()), tokens;
    for (unsigned token = 0; token < sumsPerRow; ++token) {
      tokens.push_back(sumsPerRow == 1 ? loaded[1] : activation(token, loaded[1]));
    }
    for (unsigned row = 0; row < rowsPerLane; ++row) {
      Val own = weight(loaded[0], row);
      for (unsigned token = 0; token < sumsPerRow; ++token) {
        Val &sum = result[token * rowsPerLane + row];
        sum = fusedMulAdd(own, tokens[token], sum);
      }
    }
    return result;
  }
  Val zero() override { return k.f32(0); }

private:
  Val activation(unsigned token, Val column) { return k.loadConstant(k.f32Type(), input, offsets[token] + column * 4); }
  Val weight(Val words, unsigned row) {
    if (format == LAP_F32) {
      return bitsOf(element(words, row), k.f32Type());
    }
    return bf16OfPair(k, element(words, row / 2), row % 2);
  }

  lap_format format;
  Val tile, input;
  Vals offsets;
};

/// Formats of integers: a lane has block `block` of a stretch, rows 4 * rowQuad .. + 3.
class IntegerLanes : public MatvecLanes {
protected:
  IntegerLanes(KernelBuilder &k, const Product &p, unsigned sumsPerRow, Val tile, Val input)
      : MatvecLanes(k, LAP_GROUP, 32 / integersPerByte(p.kind.weight), pieceWords, sumsPerRow), w(p.kind.weight),
        planes(p.kind.planes()), tile(tile), input(input), columns(p.columns) {
    rowQuad = k.laneId() % 4;
    block = k.laneId() % lanesPerUnit / 4;
  }

  Val loadIntegers(Val unit) {
    return k.loadConstant(k.vectorType(k.i32Type(), pieceWords), tile,
                          unit * w.stretchBytes + (k.laneId() % lanesPerUnit * pieceBytes + w.firstByte));
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

/// Loaded: integers, the scales of the rows (four bf16 or int8), then per plane the quads and their scale.
class GroupLanes : public IntegerLanes {
public:
  GroupLanes(KernelBuilder &k, const Product &p, Val tile, Val input) : IntegerLanes(k, p, 1, tile, input) {}

  Vals load(Val unit) override {
    Vals loaded = {loadIntegers(unit), loadScales(unit)};
    for (unsigned p = 0; p < planes; ++p) {
      Val plane = p == 0 ? input : k.row(input, groupPlaneBytes(columns), k.i32(p));
      loaded.append(loadQuads(plane, unit));
      loaded.push_back(k.loadConstant(k.f32Type(), plane, columns + unit * 4));
    }
    return loaded;
  }
  Vals add(llvm::ArrayRef<Val> loaded, llvm::ArrayRef<Val> sums) override {
    Vals result(sums.begin(), sums.end());
    for (unsigned p = 0; p < planes; ++p) {
      auto own = loaded.slice(2 + p * (w.fields + 1), w.fields + 1);
      Val scale = own.back() * (1.0 / w.factor);
      for (unsigned row = 0; row < rowsPerLane; ++row) {
        Val sum = dot(element(loaded[0], row), own.drop_back(), sumStart(k));
        result[row] = fusedMulAdd(sumAsFloat(k, sum), weightScale(loaded[1], row) * scale, result[row]);
      }
    }
    return result;
  }
  Val zero() override { return k.f32(0); }

private:
  /// The scales of the lane's rows: one word or two.
  Val loadScales(Val unit) {
    const unsigned bytes = rowsPerLane * w.scaleBytes;
    mlir::Type type = bytes == 4 ? k.i32Type() : k.vectorType(k.i32Type(), bytes / 4);
    return k.loadConstant(type, tile, unit * w.stretchBytes + (rowQuad * bytes + w.firstScale));
  }
  Val weightScale(Val scales, unsigned row) {
    const unsigned aWord = 4 / w.scaleBytes;
    return w.groupScale(k, aWord == rowsPerLane ? scales : element(scales, row / aWord), row % aWord);
  }
};

/// Loaded: integers, then the quads of every plane. One integer sum a row and plane, over all columns.
class RowLanes : public IntegerLanes {
public:
  RowLanes(KernelBuilder &k, const Product &p, Val tile, Val input)
      : IntegerLanes(k, p, p.kind.planes(), tile, input) {}

  Vals load(Val unit) override {
    Vals loaded = {loadIntegers(unit)};
    for (unsigned p = 0; p < planes; ++p) {
      loaded.append(loadQuads(k.row(input, columns, k.i32(p)), unit));
    }
    return loaded;
  }
  Vals add(llvm::ArrayRef<Val> loaded, llvm::ArrayRef<Val> sums) override {
    Vals result;
    for (unsigned p = 0; p < planes; ++p) {
      for (unsigned row = 0; row < rowsPerLane; ++row) {
        result.push_back(
            dot(element(loaded[0], row), loaded.slice(1 + p * w.fields, w.fields), sums[p * rowsPerLane + row]));
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
  return createFloats(k, format, tile, input, {k.i32(0)});
}

std::unique_ptr<MatvecLanes> MatvecLanes::createFloats(KernelBuilder &k, lap_format format, Val tile, Val input,
                                                       llvm::ArrayRef<Val> offsets) {
  return std::make_unique<FloatLanes>(k, format, tile, input, offsets);
}

} // namespace lapidary::cuda
