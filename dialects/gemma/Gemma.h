//===- Gemma.h - the gemma dialect, for C++ -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything a pass or a frontend needs of the dialect: types, attributes, interfaces and op classes, all generated
// from the .td files of this folder. README.md says why each op exists.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_DIALECTS_GEMMA_GEMMA_H
#define LAPIDARY_DIALECTS_GEMMA_GEMMA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace lapidary::gemma {

/// True for types indexed by the tokens of a call: tensors and `!gemma.q8` whose first dimension is `?`. A type with
/// one fixed row (after gemma.select_last) is not one, because nothing tells it from a weight of one element.
bool hasTokenRows(mlir::Type type);

/// Parses a bare keyword into a string parameter of an attribute (`w4` in `#gemma.format<w4, group = 32>`).
mlir::FailureOr<std::string> parseKeywordParameter(mlir::AsmParser &parser);

} // namespace lapidary::gemma

#include "dialects/gemma/GemmaDialect.h.inc"
#include "dialects/gemma/GemmaInterfaces.h.inc"
#include "dialects/gemma/GemmaTypeInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/gemma/GemmaAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/gemma/GemmaTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/gemma/GemmaOps.h.inc"

#endif // LAPIDARY_DIALECTS_GEMMA_GEMMA_H
