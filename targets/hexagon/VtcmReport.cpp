//===- VtcmReport.cpp - how much of a program goes through VTCM ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernels compute the same plan from the tiles they are given (kernels/Vtcm.h).
//===----------------------------------------------------------------------===//
#include "targets/hexagon/VtcmReport.h"

#include "runtime/src/cpu/ItemBytes.h"
#include "targets/common/packing/PackedShape.h"
#include "targets/hexagon/VtcmPlan.h"

#include <map>

namespace lapidary::hexagon {

namespace {

std::string kibibytes(uint64_t bytes) { return std::to_string(bytes >> 10) + " KiB"; }

/// What happens to products whose tiles have `tileBytes`.
std::string pathOf(uint32_t vtcmBytes, uint64_t tileBytes) {
  const uint32_t tiles = vtcmBlockTiles(vtcmBytes, tileBytes);
  const bool oneBlock = lap::itemTilesOf(tileBytes) <= tiles;
  return tiles == 0 || oneBlock ? "read in place"
                                : "blocks of " + std::to_string(tiles) + " tiles, " + kibibytes(tiles * tileBytes);
}

} // namespace

std::vector<std::string> vtcmNotes(mlir::ModuleOp module, const TargetBackend &target, int version) {
  const uint32_t vtcmBytes = vtcmBytesOf(version);
  std::map<std::string, unsigned> products; // by what happens to them
  auto count = [&](mlir::Value weight) {
    const lap_weight described = target.describeWeight(llvm::cast<kernel::PackedType>(weight.getType()));
    const bool integers = described.format != LAP_F32 && described.format != LAP_BF16;
    ++products[integers ? pathOf(vtcmBytes, described.tile_bytes) : "read in place"];
  };
  module.walk([&](mlir::Operation *op) {
    if (auto product = llvm::dyn_cast<kernel::MatmulOp>(op)) {
      count(product.getWeight());
    } else if (auto experts = llvm::dyn_cast<kernel::ExpertMatmulOp>(op)) {
      count(experts.getWeight());
    }
  });
  if (vtcmBytes == 0 || products.empty()) {
    return {};
  }
  std::string text = "VTCM " + kibibytes(vtcmBytes) + ": " + std::to_string(VtcmLanes) + " lanes of two buffers of " +
                     kibibytes(vtcmBufferBytes(vtcmBytes)) + "; products of all functions:";
  for (const auto &[path, number] : products) {
    text += (path == products.begin()->first ? " " : "; ") + std::to_string(number) + " " + path;
  }
  return {text};
}

} // namespace lapidary::hexagon
