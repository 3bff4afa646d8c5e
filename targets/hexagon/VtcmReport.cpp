//===- VtcmReport.cpp - how much of a program goes through VTCM ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernels compute the same plan from the tiles they are given (kernels/Vtcm.h).
//===----------------------------------------------------------------------===//
#include "targets/hexagon/VtcmReport.h"

#include "runtime/src/cpu/ItemBytes.h"
#include "targets/common/PackedLayout.h"
#include "targets/common/packing/PackedShape.h"
#include "targets/hexagon/VtcmPlan.h"

#include <map>

namespace lapidary::hexagon {

namespace {

std::string kibibytes(uint64_t bytes) { return std::to_string(bytes >> 10) + " KiB"; }

/// Things by what happens to them: "2 blocks of ..; 1 read in place".
class Counts {
public:
  void add(const std::string &path) { ++numbers[path]; }
  bool empty() const { return numbers.empty(); }
  std::string text() const {
    std::string all;
    for (const auto &[path, number] : numbers) {
      all += (all.empty() ? " " : "; ") + std::to_string(number) + " " + path;
    }
    return all;
  }

private:
  std::map<std::string, unsigned> numbers;
};

/// How kernels cut a tile of a format along its columns (kernels/RowMatmulKernels.cpp, kernels/GroupProducts.h).
TileCut cutOf(const lap_weight &weight) {
  const uint32_t units = weight.columns / LAP_GROUP, tile = static_cast<uint32_t>(weight.tile_bytes);
  const lap_format format = static_cast<lap_format>(weight.format);
  const uint32_t head = isGrouped(format) ? static_cast<uint32_t>(stepBytes(format, LAP_ROW_TILE)) : 4 * LAP_ROW_TILE;
  return {head, (tile - head) / units, units};
}

/// What happens to products with a weight.
std::string pathOf(uint32_t vtcmBytes, const lap_weight &weight) {
  const bool integers = weight.format != LAP_F32 && weight.format != LAP_BF16;
  const uint32_t tiles = integers ? vtcmBlockTiles(vtcmBytes, weight.tile_bytes) : 0;
  const uint32_t item = integers ? lap::itemTilesOf(weight.tile_bytes) : 0;
  if (tiles != 0 && item > tiles) {
    return "blocks of " + std::to_string(tiles) + " tiles, " + kibibytes(tiles * weight.tile_bytes);
  }
  const TileCut cut = integers && item <= 2 ? cutOf(weight) : TileCut{};
  const uint32_t units = cut.units ? vtcmPairUnits(vtcmBytes, cut) : 0;
  return units == 0 ? "read in place"
                    : "in parts of " + std::to_string(units * LAP_GROUP) + " columns of two tiles, " +
                          kibibytes(2ull * units * cut.unitBytes);
}

/// What happens to a whole slice of a cache, or to its window.
std::string pathOf(uint32_t vtcmBytes, kernel::KvCacheOp cache) {
  const llvm::StringRef element = cache.getGeometry().getElement();
  const uint32_t bytes = element == "i8"     ? 1
                         : element == "bf16" ? 2
                                             : 4,
                 columns = static_cast<uint32_t>(cache.getDim());
  const uint32_t keys = std::min<uint32_t>(LAP_ATTENTION_SLICE, cache.getGeometry().getSlots());
  const SliceShape shape = {keys / LAP_ROW_TILE, LAP_ROW_TILE * columns * bytes, LAP_ROW_TILE * LAP_ROW_TILE * bytes,
                            columns / LAP_ROW_TILE};
  const SlicePlan plan = vtcmSlicePlan(vtcmBytes, shape);
  return plan.keyBlocks == 0 ? "read in place"
                             : "in parts of " + std::to_string(plan.keyBlocks * LAP_ROW_TILE) + " keys, " +
                                   kibibytes(uint64_t(plan.keyBlocks) * shape.keyBlockBytes) + ", then of " +
                                   std::to_string(plan.valueParts * LAP_ROW_TILE) + " columns of values, " +
                                   kibibytes(uint64_t(plan.valueParts) * shape.blocks * shape.valueBlockBytes);
}

} // namespace

std::vector<std::string> vtcmNotes(mlir::ModuleOp module, const TargetBackend &target, int version) {
  const uint32_t vtcmBytes = vtcmBytesOf(version);
  Counts products, caches;
  auto count = [&](mlir::Value weight) {
    products.add(pathOf(vtcmBytes, target.describeWeight(llvm::cast<kernel::PackedType>(weight.getType()))));
  };
  module.walk([&](mlir::Operation *op) {
    if (auto product = llvm::dyn_cast<kernel::MatmulOp>(op)) {
      count(product.getWeight());
    } else if (auto experts = llvm::dyn_cast<kernel::ExpertMatmulOp>(op)) {
      count(experts.getWeight());
    } else if (auto cache = llvm::dyn_cast<kernel::KvCacheOp>(op)) {
      caches.add(pathOf(vtcmBytes, cache));
    }
  });
  if (vtcmBytes == 0 || products.empty()) {
    return {};
  }
  std::string text = "VTCM " + kibibytes(vtcmBytes) + ": " + std::to_string(VtcmLanes) + " lanes of two buffers of " +
                     kibibytes(vtcmBufferBytes(vtcmBytes)) + "; products of all functions:" + products.text();
  return {caches.empty() ? text : text + "; caches, slice by slice:" + caches.text()};
}

} // namespace lapidary::hexagon
