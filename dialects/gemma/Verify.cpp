//===- Verify.cpp - shared checks of the op verifiers ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One place for the wording of verifier messages.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Verify.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace lapidary::gemma {

/// Sizes as types print them.
static std::string sizeText(int64_t size) { return ShapedType::isDynamic(size) ? "?" : std::to_string(size); }

/// What dimension `index` of a shape of `rank` dimensions is called.
static StringRef dimensionName(size_t rank, size_t index) {
  if (rank == 1) {
    return "size";
  }
  if (rank == 2) {
    return index == 0 ? "row count" : "column count";
  }
  return index == 0 ? "first dimension" : index == 1 ? "second dimension" : "last dimension";
}

LogicalResult expectSize(Operation *op, const Twine &what, int64_t found, int64_t expected) {
  if (found == expected) {
    return success();
  }
  return op->emitOpError() << what << " is " << sizeText(found) << ", expected " << sizeText(expected);
}

LogicalResult expectAtLeast(Operation *op, StringRef what, int64_t found, int64_t least) {
  if (found >= least) {
    return success();
  }
  return op->emitOpError() << what << " is " << found << ", expected at least " << least;
}

LogicalResult expectBetween(Operation *op, StringRef what, int64_t found, int64_t least, int64_t most) {
  if (least <= found && found <= most) {
    return success();
  }
  return op->emitOpError() << what << " is " << found << ", expected " << least << ".." << most;
}

LogicalResult expectPositive(Operation *op, StringRef what, const llvm::APFloat &found) {
  double value = found.convertToDouble();
  if (value > 0) {
    return success();
  }
  return op->emitOpError() << what << " is " << std::to_string(value) << ", expected more than 0";
}

LogicalResult expectType(Operation *op, StringRef what, Type found, Type expected) {
  if (found == expected) {
    return success();
  }
  return op->emitOpError() << what << " has type " << found << ", expected " << expected;
}

SmallVector<int64_t, 3> shapeOf(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    return SmallVector<int64_t, 3>(tensor.getShape());
  }
  if (auto quantized = dyn_cast<Q8Type>(type)) {
    return {quantized.getRows(), quantized.getColumns()};
  }
  if (auto packed = dyn_cast<PackedWeightTypeInterface>(type)) {
    return SmallVector<int64_t, 3>(packed.getLogicalShape());
  }
  return {};
}

LogicalResult expectShape(Operation *op, StringRef name, Type type, ArrayRef<int64_t> expected) {
  SmallVector<int64_t, 3> found = shapeOf(type);
  if (failed(expectSize(op, "rank of " + name, found.size(), expected.size()))) {
    return failure();
  }
  for (auto [index, sizes] : llvm::enumerate(llvm::zip_equal(found, expected))) {
    auto [size, wanted] = sizes;
    if (wanted == kAnySize) {
      continue;
    }
    if (failed(expectSize(op, dimensionName(found.size(), index) + " of " + name, size, wanted))) {
      return failure();
    }
  }
  return success();
}

int64_t sizeProduct(int64_t a, int64_t b) {
  int64_t product = 0;
  bool unknown = ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || llvm::MulOverflow(a, b, product);
  return unknown ? ShapedType::kDynamic : product;
}

LogicalResult expectHeadGroups(Operation *op, int64_t heads, int64_t kvHeads) {
  if (heads >= 1 && kvHeads >= 1 && heads % kvHeads == 0) {
    return success();
  }
  return op->emitOpError() << "query head count is " << sizeText(heads) << ", expected a multiple of the "
                           << sizeText(kvHeads) << " K/V heads";
}

} // namespace lapidary::gemma
