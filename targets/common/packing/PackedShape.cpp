//===- PackedShape.cpp - sizes of a packed weight ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every size of the weight segment comes from packedShape, so planning, packing and the drivers cannot disagree.
//===----------------------------------------------------------------------===//
#include "targets/common/packing/PackedShape.h"

#include "llvm/ADT/StringSwitch.h"

namespace lapidary {

namespace {
constexpr uint64_t expertAlignment = 4096; // a page: an expert that is not chosen is never read from disk
constexpr llvm::StringLiteral tiles = "tiles16", gatedTiles = "tiles16-gated", rowsLayout = "rows",
                              vectorLayout = "vector", signedSuffix = "-signed", wideScalesSuffix = "-bf16s";
} // namespace

lap_format storedFormat(kernel::PackedType type) {
  gemma::FormatAttr format = type.getFormat();
  if (format.getScale() == "i8" && !type.getLayout().ends_with(wideScalesSuffix)) {
    return LAP_W4G32S8;
  }
  if (format.isInteger() && format.getScale() == "f32") {
    return format.getBits() == 2 ? LAP_W2ROW : format.getBits() == 4 ? LAP_W4ROW : LAP_W8ROW;
  }
  return llvm::StringSwitch<lap_format>(format.getKind())
      .Case("bf16", LAP_BF16)
      .Case("w8", LAP_W8G32)
      .Case("w4", LAP_W4G32)
      .Default(LAP_F32);
}

PackedShape packedShape(kernel::PackedType type) {
  PackedShape shape;
  llvm::ArrayRef<int64_t> sizes = type.getShape();
  shape.format = storedFormat(type);
  shape.stepped = type.getFormat().getScale() == "i8";
  llvm::StringRef layout = type.getLayout();
  layout.consume_back(wideScalesSuffix);
  shape.code = layout.consume_back(signedSuffix) ? IntegerCode::Signed : IntegerCode::Offset;
  shape.columns = static_cast<uint64_t>(sizes.back());
  shape.paddedColumns = padColumns(shape.columns);
  shape.table = type.isTable();
  shape.vector = layout == vectorLayout;
  shape.partRows = shape.vector ? 1 : static_cast<uint64_t>(sizes[sizes.size() - 2]);
  if (isRowScaled(shape.format)) {
    const uint64_t group = type.getFormat().getGroup();
    shape.scaleColumns = group != 0 ? group : shape.paddedColumns;
  }
  if (shape.vector || shape.table) {
    shape.paddedPartRows = shape.partRows;
    shape.tileBytes = shape.vector ? shape.paddedColumns * sizeof(float)
                                   : tableRowBytes(shape.format, shape.paddedColumns, shape.scaleColumns);
    shape.expertBytes = shape.partRows * shape.tileBytes;
    return shape;
  }
  if (layout == gatedTiles) {
    shape.parts = 2;
    shape.partRows /= 2;
  }
  shape.paddedPartRows = roundUp(shape.partRows, LAP_COLUMN_PAD);
  shape.tileBytes = tileBytes(shape.format, shape.paddedColumns);
  shape.expertBytes = shape.parts * shape.paddedPartRows / LAP_ROW_TILE * shape.tileBytes;
  if (sizes.size() == 3) {
    shape.stacked = true;
    shape.experts = static_cast<uint64_t>(sizes.front());
    shape.expertBytes = roundUp(shape.expertBytes, expertAlignment);
  }
  return shape;
}

kernel::PackedType packedTypeFor(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format, WeightUse use,
                                 PackedAbility ability) {
  mlir::MLIRContext *context = format.getContext();
  auto integersIn = [&](llvm::StringRef layout) {
    std::string name = layout.str();
    if (format.isInteger() && ability.code == IntegerCode::Signed) {
      name += signedSuffix;
    }
    if (format.getScale() == "i8" && (use == WeightUse::Table || !ability.scaleSteps)) {
      name += wideScalesSuffix;
    }
    return kernel::PackedType::get(context, shape, format, name);
  };
  switch (use) {
  case WeightUse::Vector:
    return kernel::PackedType::get(context, shape, gemma::FormatAttr::get(context, "f32", 0), vectorLayout);
  case WeightUse::Table:
    return integersIn(rowsLayout);
  case WeightUse::GatedExperts:
    return integersIn(gatedTiles);
  case WeightUse::Matrix:
  case WeightUse::Experts:
    break;
  }
  return integersIn(tiles);
}

lap_weight describePacked(kernel::PackedType type) {
  PackedShape shape = packedShape(type);
  lap_weight out = {};
  out.expert_bytes = shape.stacked ? shape.expertBytes : 0;
  out.tile_bytes = shape.tileBytes;
  out.rows = static_cast<uint32_t>(shape.parts * shape.paddedPartRows);
  out.columns = static_cast<uint32_t>(shape.paddedColumns);
  out.format = shape.format;
  out.scale_columns = shape.table ? static_cast<uint32_t>(shape.scaleColumns) : 0;
  return out;
}

std::unique_ptr<WeightPacker> createPacker(kernel::PackedType type, llvm::ArrayRef<float> moments) {
  PackedShape shape = packedShape(type);
  if (!moments.empty() && isGrouped(shape.format) && integerBits(shape.format) == 4) {
    return createFeedbackPacker(shape, moments);
  }
  if (isRowScaled(shape.format)) {
    return createRowScalePacker(shape);
  }
  return isGrouped(shape.format) ? createGroupPacker(shape) : createFloatPacker(shape);
}

} // namespace lapidary
