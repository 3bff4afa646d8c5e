//===- WeightSegment.cpp - what is packed where ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads the kernel.packed_weight symbols of a module. WeightStream.cpp does the packing.
//===----------------------------------------------------------------------===//
#include "compiler/WeightSegment.h"

#include "lapidary/ProgramAbi.h"
#include "passes/layout/WeightSources.h"
#include "support/Quote.h"

#include "llvm/ADT/STLExtras.h"

namespace lapidary {

namespace {

bool broken(const SegmentWeight &weight, const std::string &what, Diagnostics &diagnostics) {
  return diagnostics.error(ErrorCode::InternalError, "packed weight " + quoted(weight.name) + ": " + what);
}

/// [rows, columns] of the logical matrix: experts are flattened into rows, a vector is one row.
void setShape(SegmentWeight &weight, kernel::PackedType type) {
  llvm::ArrayRef<int64_t> shape = type.getShape();
  weight.columns = static_cast<uint64_t>(shape.back());
  weight.rows = 1;
  for (int64_t size : shape.drop_back()) {
    weight.rows *= static_cast<uint64_t>(size);
  }
}

bool isFloat(const TensorInfo &tensor) { return tensor.dtype == DType::F32 || tensor.dtype == DType::BF16; }

/// The integers of `declaration`, or nothing when its tensors do not hold them.
std::optional<SourceIntegers> integersOf(gemma::WeightOp declaration, const TensorInfo &tensor,
                                         const Checkpoint &checkpoint) {
  auto type = llvm::cast<mlir::RankedTensorType>(declaration.getType());
  gemma::IntegersAttr attribute = *declaration.getIntegers();
  const TensorInfo *scales = checkpoint.find(attribute.getScales().getValue().str());
  uint64_t rows = static_cast<uint64_t>(type.getDimSize(0));
  SourceIntegers integers;
  integers.bits = type.getElementTypeBitWidth();
  integers.offsetBinary = attribute.getEncoding() == "offset";
  integers.rowBytes = attribute.getRowBytes();
  integers.scalesPerRow = static_cast<uint64_t>(type.getDimSize(1)) / attribute.getGroup();
  bool fits = scales && isFloat(*scales) && scales->elements() == rows * integers.scalesPerRow &&
              tensor.end - tensor.begin == rows * integers.rowBytes;
  if (!fits) {
    return std::nullopt;
  }
  integers.scales = *scales;
  return integers;
}

bool addSource(SegmentWeight &weight, WeightSource &from, const Checkpoint &checkpoint, Diagnostics &diagnostics) {
  std::string name = from.weight.getSymName().str();
  const TensorInfo *tensor = checkpoint.find(name);
  std::optional<SourceIntegers> integers;
  bool fits = tensor && from.firstRow + from.rows <= weight.rows;
  if (fits && from.weight.getIntegers()) {
    integers = integersOf(from.weight, *tensor, checkpoint);
    fits = integers.has_value();
  } else if (fits) {
    fits = isFloat(*tensor) && from.rows * weight.columns == tensor->elements();
  }
  if (!fits) {
    return broken(weight,
                  "source " + quoted(name) + " does not fit " + std::to_string(weight.rows) + " x " +
                      std::to_string(weight.columns),
                  diagnostics);
  }
  weight.sources.push_back({*tensor, from.firstRow, from.rows, integers});
  return true;
}

std::optional<SegmentWeight> collectWeight(kernel::PackedWeightOp op, const Checkpoint &checkpoint,
                                           const TargetBackend &target, Diagnostics &diagnostics) {
  auto type = llvm::cast<kernel::PackedType>(op.getType());
  SegmentWeight weight;
  weight.name = op.getSymName().str();
  weight.format = type.getFormat().getKind().str();
  weight.offset = static_cast<uint64_t>(op.getOffset());
  weight.bytes = target.packedBytes(type);
  weight.gathered = op.getGathered();
  weight.type = type;
  weight.packer = target.packer(type, {});
  setShape(weight, type);
  if (auto values = op.getValues()) {
    weight.values.assign(values->begin(), values->end());
    if (weight.values.size() != weight.rows * weight.columns) {
      broken(weight, "has " + std::to_string(weight.values.size()) + " constants", diagnostics);
      return std::nullopt;
    }
  }
  auto sources = weightSources(op);
  if (mlir::failed(sources)) {
    broken(weight, "names a tensor that was not declared", diagnostics);
    return std::nullopt;
  }
  for (WeightSource &source : *sources) {
    if (!addSource(weight, source, checkpoint, diagnostics)) {
      return std::nullopt;
    }
  }
  return weight;
}

uint64_t pieceTotal(const SegmentWeight &weight) {
  uint64_t total = 0, step = std::max<uint64_t>(1, weight.packer->rowsPerPiece());
  for (uint64_t row = 0; row < weight.rows; row += step) {
    total += weight.packer->pieceBytes(row);
  }
  return total;
}

bool checkOrder(const WeightSegment &segment, Diagnostics &diagnostics) {
  uint64_t end = 0;
  bool gathered = false;
  for (const SegmentWeight &weight : segment.weights) {
    if (weight.offset < end || weight.offset % LAP_WEIGHT_ALIGN != 0) {
      return broken(weight,
                    "starts at byte " + std::to_string(weight.offset) + " of the segment, the one before ends at " +
                        std::to_string(end),
                    diagnostics);
    }
    if (pieceTotal(weight) != weight.bytes) {
      return broken(weight,
                    "its pieces have " + bytesText(pieceTotal(weight)) + ", the whole has " + bytesText(weight.bytes),
                    diagnostics);
    }
    if (gathered && !weight.gathered) {
      return broken(weight, "lies behind a gathered table", diagnostics);
    }
    gathered = weight.gathered;
    end = weight.offset + weight.bytes;
  }
  return true;
}

} // namespace

std::optional<WeightSegment> collectWeights(mlir::ModuleOp module, const Checkpoint &checkpoint,
                                            const TargetBackend &target, Diagnostics &diagnostics) {
  WeightSegment segment;
  for (auto op : module.getOps<kernel::PackedWeightOp>()) {
    std::optional<SegmentWeight> weight = collectWeight(op, checkpoint, target, diagnostics);
    if (!weight) {
      return std::nullopt;
    }
    segment.weights.push_back(std::move(*weight));
  }
  llvm::sort(segment.weights, [](const auto &a, const auto &b) { return a.offset < b.offset; });
  if (!checkOrder(segment, diagnostics)) {
    return std::nullopt;
  }
  uint64_t end = 0;
  for (const SegmentWeight &weight : segment.weights) {
    end = weight.offset + weight.bytes;
    segment.residentBytes = weight.gathered ? segment.residentBytes : end;
  }
  segment.bytes = end;
  return segment;
}

} // namespace lapidary
