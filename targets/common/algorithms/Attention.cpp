// Attention.cpp - K/V cache writes and attention over slices of the cache.
// SPDX-License-Identifier: Apache-2.0
//
// The reductions run over 16-key blocks in order of position, lane by lane (16 strands), then over the strands in
// order.
#include "targets/common/algorithms/Attention.h"

#include "runtime/src/cpu/Kernels.h"
#include "targets/common/algorithms/Math.h"

#include <cfloat>

namespace lapidary {

using namespace Halide;

namespace {
Type elementType(lap_format element) {
  return element == LAP_F32 ? Type(Float(32)) : element == LAP_I8 ? Type(Int(8)) : Type(UInt(16));
}

Expr toElement(lap_format element, Expr value, Expr step) {
  return element == LAP_F32 ? value : element == LAP_I8 ? toInt8(value, step) : toBf16(value);
}
} // namespace

KvAppend::KvAppend(lap_format element) {
  ImageParam key = inputBuffer("key", Float(32), 1), value = inputBuffer("value", Float(32), 2, {1, LAP_ROW_TILE});
  Param<float> keyStep("keyStep"), valueStep("valueStep");
  keyOut(d) = toElement(element, key(d), keyStep);
  valueOut(column, part) = toElement(element, value(column, part), valueStep);
  shapeOutput(keyOut, {0});
  shapeOutput(valueOut);
  arguments = {key, value};
  if (element == LAP_I8) {
    arguments.insert(arguments.end(), {keyStep, valueStep});
  }
  outputs = {keyOut, valueOut};
}

AttentionSlice::AttentionSlice(lap_format element) : integers(element == LAP_I8) {
  const int keys = LAP_ROW_TILE; // per block
  ImageParam queryRows = inputBuffer("query", integers ? Type(Int(16)) : Type(Float(32)), 2);
  ImageParam queryStep = inputBuffer("queryStep", Float(32), 1);
  ImageParam keyCache = inputBuffer("key", elementType(element), 3, {1, keys});
  ImageParam valueCache = inputBuffer("value", elementType(element), 4, {1, LAP_ROW_TILE, keys * LAP_ROW_TILE});
  ImageParam low = inputBuffer("low", Int(32), 1), high = inputBuffer("high", Int(32), 1);
  Param<int32_t> position("position"), firstBlock("firstBlock"), blocks("blocks"), ringBlocks("ringBlocks");
  dim = RDom(0, queryRows.dim(0).extent(), "dim");
  blockR = RDom(0, blocks, "blockR");
  strandR = RDom(0, keys, "strandR");
  keyBlock = RDom({{0, keys}, {0, blocks}}, "keyBlock");
  auto ringBlock = [&](Expr index) {
    Expr slot = firstBlock + index;
    return select(slot >= ringBlocks, slot - ringBlocks, slot);
  };

  scoreSum(key, block, query) = integers ? Expr(0) : Expr(0.0f);
  Expr keyElement = keyCache(key, dim, ringBlock(block));
  scoreSum(key, block, query) =
      integers ? scoreSum(key, block, query) + cast<int32_t>(keyElement) * cast<int32_t>(queryRows(dim, query))
               : fusedMulAdd(asFloat(keyElement), queryRows(dim, query), scoreSum(key, block, query));
  Expr at = position + block * keys + key;
  Expr scored = integers ? cast<float>(scoreSum(key, block, query)) * queryStep(query) : scoreSum(key, block, query);
  score(key, block, query) = select(at >= low(query) && at <= high(query), scored, -FLT_MAX);

  maximumStrands(key, query) = -FLT_MAX;
  maximumStrands(key, query) = max(maximumStrands(key, query), score(key, blockR, query));
  maximumMax(query) = -FLT_MAX;
  maximumMax(query) = max(maximumMax(query), maximumStrands(strandR, query));
  maximum(query) = maximumMax(query);

  Expr s = score(key, block, query);
  Expr w = select(s == -FLT_MAX, 0.0f, exponential(s - maximum(query)));
  Expr none = integers ? Expr(0) : Expr(0.0f);
  weight(key, block, query) = integers ? cast<int16_t>(round(w * lap::LargestFactor)) : w;
  totalStrands(key, query) = none;
  totalStrands(key, query) += cast(none.type(), weight(key, blockR, query));
  totalSum(query) = none;
  totalSum(query) += totalStrands(strandR, query);
  total(query) = cast<float>(totalSum(query));

  valueSum(column, part, query) = none;
  Expr value = valueCache(column, keyBlock.x, ringBlock(keyBlock.y), part), before = valueSum(column, part, query);
  Expr weighted = weight(keyBlock.x, keyBlock.y, query);
  valueSum(column, part, query) = integers ? before + cast<int32_t>(value) * cast<int32_t>(weighted)
                                           : fusedMulAdd(asFloat(value), weighted, before);
  sum(column, part, query) = cast<float>(valueSum(column, part, query));

  shapeOutput(maximum);
  shapeOutput(total);
  shapeOutput(sum, {1, LAP_ROW_TILE});
  queries = maximum.output_buffer().dim(0).extent();
  arguments = {queryRows, keyCache, valueCache, low, high, position, firstBlock, blocks, ringBlocks};
  if (integers) {
    arguments.insert(arguments.begin() + 1, queryStep);
  }
  outputs = {maximum, total, sum};
}

AttentionMerge::AttentionMerge() {
  ImageParam oldMaximum = inputBuffer("oldMaximum", Float(32), 1), oldTotal = inputBuffer("oldTotal", Float(32), 1);
  ImageParam sliceMaximum = inputBuffer("sliceMaximum", Float(32), 1);
  ImageParam sliceTotal = inputBuffer("sliceTotal", Float(32), 1);
  ImageParam oldSum = inputBuffer("oldSum", Float(32), 2), sliceSum = inputBuffer("sliceSum", Float(32), 2);
  newMaximum(query) = max(oldMaximum(query), sliceMaximum(query));
  // Either difference is 0 for the larger side, so its factor is exactly 1; an empty side has total and sum 0.
  Expr oldFactor = exponential(oldMaximum(query) - newMaximum(query));
  Expr sliceFactor = exponential(sliceMaximum(query) - newMaximum(query));
  newTotal(query) = oldTotal(query) * oldFactor + sliceTotal(query) * sliceFactor;
  newSum(d, query) = oldSum(d, query) * oldFactor + sliceSum(d, query) * sliceFactor;
  shapeOutput(newMaximum);
  shapeOutput(newTotal);
  shapeOutput(newSum);
  arguments = {oldMaximum, oldTotal, sliceMaximum, sliceTotal, oldSum, sliceSum};
  outputs = {newMaximum, newTotal, newSum};
}

} // namespace lapidary
