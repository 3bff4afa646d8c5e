//===- IntegerInputs.h - the integer rows that products read -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Products of one value share its integer form, so each is made once, in front of its first product.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_INTEGERINPUTS_H
#define LAPIDARY_PASSES_QUANTIZATION_INTEGERINPUTS_H

#include "dialects/gemma/Gemma.h"

#include "llvm/ADT/DenseMap.h"

namespace lapidary {

/// True for weights with one f32 scale per row, whose products may have static ranges.
inline bool hasRowScales(gemma::FormatAttr storage) {
  return storage && storage.isInteger() && storage.getGroup() == 0;
}

/// The integer forms made in one block; products come in its order.
class IntegerInputs {
public:
  /// Planes of a value that nothing may be lost of.
  static constexpr unsigned wide = 3;

  /// Makes `linear`, whose storage is decided, read `source` in `planes` planes; with a static `step`, in one.
  void assign(gemma::LinearOp linear, mlir::Value source, unsigned planes, mlir::FloatAttr step = {});

  unsigned numStatic = 0; ///< made with a static step
  unsigned numOther = 0;

private:
  llvm::DenseMap<std::pair<mlir::Value, std::pair<mlir::Type, mlir::Attribute>>, mlir::Value> made;
};

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_INTEGERINPUTS_H
