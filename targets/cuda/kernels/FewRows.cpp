//===- FewRows.cpp - a matvec of 2 to 8 token rows ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See FewRows.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/FewRows.h"

#include "targets/cuda/kernels/UnitQueue.h"
#include "targets/cuda/kernels/WeightFragments.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned perFragment = 4;
constexpr unsigned tokenWords = LAP_ROW_TILE + 4; // of shared sums; lanes that store two rows meet in no bank

/// Loaded: the words of a step, then per plane the operands B and (groups) the scales of tokens 2 t and 2 t + 1. Sums:
/// those of a fragment, of row formats for each plane. Rows that do not exist are the last one once more.
class FragmentLanes : public UnitSums {
public:
  FragmentLanes(KernelBuilder &k, const Product &p, const TokenBlock &tokens, const WeightFragments &weights, Val tile,
                Val g, Val t)
      : UnitSums(k, weights.stepColumns, 32, perFragment * (isGrouped(p.kind.weight) ? 1 : p.kind.planes())),
        weights(weights), grouped(isGrouped(p.kind.weight)), planes(p.kind.planes()), tile(tile), columns(p.columns),
        t(t), planeBytes(grouped ? groupPlaneBytes(p.columns) : p.columns) {
    auto rowOf = [&](Val token) { return inputRow(k, p, tokens, minimum(token, tokens.count - 1)); };
    row = rowOf(g);
    if (grouped) {
      scaleRows = {rowOf(t * 2), rowOf(t * 2 + 1)};
    }
  }

  Vals load(Val unit) override {
    Vals loaded = weights.load(tile, unit);
    for (unsigned plane = 0; plane < planes; ++plane) {
      loaded.append(weights.operandsB([&](mlir::Type type, Val column) {
        return loadValues(type, planeBytes * plane, unit * unitColumns + column);
      }));
      for (Val scaleRow : scaleRows) {
        loaded.push_back(k.loadConstant(k.f32Type(), scaleRow, planeBytes * plane + columns + unit * 4));
      }
    }
    return loaded;
  }

  Vals add(llvm::ArrayRef<Val> loaded, llvm::ArrayRef<Val> sums) override {
    const size_t perPlane = weights.products * 2 + scaleRows.size();
    auto words = loaded.drop_back(planes * perPlane);
    Vals result(sums.begin(), sums.end());
    for (unsigned plane = 0; plane < planes; ++plane) {
      auto own = loaded.slice(words.size() + plane * perPlane, perPlane);
      if (grouped) {
        addGroup(result, words, own);
        continue;
      }
      auto part = llvm::MutableArrayRef<Val>(result).slice(plane * perFragment, perFragment);
      for (unsigned product = 0; product < weights.products; ++product) {
        llvm::copy(k.mmaS8(weights.operandA(words, product), own.slice(product * 2, 2), part), part.begin());
      }
    }
    return result;
  }

  Val zero() override { return grouped ? k.f32(0) : k.i32(0); }

private:
  /// Activations of the lane's token; steps of two groups may have only one in the row.
  Val loadValues(mlir::Type type, Val plane, Val column) {
    if (unitColumns == LAP_GROUP) {
      return k.loadConstant(type, row, plane + column);
    }
    Val inside = column < columns;
    Val value = k.loadConstant(type, row, plane + select(inside, column, k.i32(0)));
    Vals words;
    for (unsigned i = 0; i < weights.bytesPerLane / 4; ++i) {
      words.push_back(select(inside, element(value, i), k.i32(0)));
    }
    return vectorOf(words);
  }

  void addGroup(Vals &sums, llvm::ArrayRef<Val> words, llvm::ArrayRef<Val> input) {
    Vals dots = k.mmaS8(weights.operandA(words, 0), input.take_front(2), Vals(perFragment, sumStart(k)));
    auto [even, odd] = weights.scales(words);
    for (unsigned i = 0; i < perFragment; ++i) {
      Val scale = input[2 + i % 2] * (1.0 / weights.integers.factor);
      sums[i] = fusedMulAdd(sumAsFloat(k, dots[i]), (i < 2 ? even : odd) * scale, sums[i]);
    }
  }

  const WeightFragments &weights;
  bool grouped;
  unsigned planes;
  Val tile, columns, t, planeBytes, row;
  Vals scaleRows;
};

/// The sums of all warps, one thread for each row of each token: [sums of a row].
Vals sumWarps(KernelBuilder &k, llvm::ArrayRef<Val> sums, Val g, Val t) {
  const unsigned planeBytes = matvecRows * tokenWords * 4;
  const unsigned warpBytes = static_cast<unsigned>(sums.size()) / perFragment * planeBytes;
  Val parts = k.shared(uint64_t(k.warps()) * warpBytes);
  for (unsigned i = 0; i < sums.size(); i += perFragment) {
    for (unsigned odd = 0; odd < 2; ++odd) {
      Val at = k.warpId() * warpBytes + (t * 2 + odd) * (tokenWords * 4) + g * 8 + i / perFragment * planeBytes;
      k.store(vectorOf({sums[i + odd], sums[i + 2 + odd]}), parts, at);
    }
  }
  k.barrier();
  Val own = k.threadId() / LAP_ROW_TILE % matvecRows * (tokenWords * 4) + k.threadId() % LAP_ROW_TILE * 4;
  Vals totals;
  for (unsigned i = 0; i < sums.size(); i += perFragment) {
    Val total;
    for (unsigned warp = 0; warp < k.warps(); ++warp) {
      Val part = k.load(sums[0].type(), parts, own + (warp * warpBytes + i / perFragment * planeBytes));
      total = warp == 0 ? part : total + part;
    }
    totals.push_back(total);
  }
  return totals;
}

/// More would spill: a unit of a group format is 4 registers a plane and 3 or 5 of weights.
unsigned unitsInFlight(const ProductKind &kind) { return kind.planes() > 1 ? 2 : isGrouped(kind.weight) ? 3 : 4; }

} // namespace

void multiplyFewRows(KernelBuilder &k, const Product &p, const TokenBlock &tokens) {
  Val g = k.laneId() / 4, t = k.threadId() % 4;
  Val tile = tokens.weights + toInt(k.blockX(), 64) * p.tileBytes;
  WeightFragments weights(k, p.kind.weight, p.columns, g, t);
  FragmentLanes lanes(k, p, tokens, weights, tile, g, t);
  Val token = k.threadId() / LAP_ROW_TILE, row = k.threadId() % LAP_ROW_TILE;
  Val step = hasScaleSteps(p.kind.weight) ? scaleStep(k, tile, row) : Val();
  Vals totals = sumWarps(k, sumUnits(k, lanes, p.columns, unitsInFlight(p.kind)), g, t);
  k.ifThen(token < tokens.count, [&] {
    Val result = totals[0], column = k.blockX() * LAP_ROW_TILE + row;
    if (isRowScaled(p.kind.weight)) {
      Val inputScale = rowInputScale(k, p, inputRow(k, p, tokens, token));
      result = scaleRowSums(k, p, totals, weights.integers.factor, k.loadFloat(tile, row), inputScale, column);
    }
    k.storeFloat(step ? result * step : result, outputRow(k, p, tokens, token), column);
  });
}

} // namespace lapidary::cuda
