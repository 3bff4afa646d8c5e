//===- GemmaDialect.cpp - registration, types and attributes --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What TableGen cannot write: the textual form of `!gemma.q8` (a tensor-like shape), the checks of types and
// attributes, and the one question interfaces ask about a type.
//===----------------------------------------------------------------------===//
#include "dialects/gemma/Gemma.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lapidary::gemma;

#include "dialects/gemma/GemmaDialect.cpp.inc"
#include "dialects/gemma/GemmaInterfaces.cpp.inc"
#include "dialects/gemma/GemmaTypeInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/gemma/GemmaAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/gemma/GemmaTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/gemma/GemmaOps.cpp.inc"

void GemmaDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/gemma/GemmaAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/gemma/GemmaTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/gemma/GemmaOps.cpp.inc"
      >();
}

bool lapidary::gemma::hasTokenRows(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    return tensor.getRank() > 0 && tensor.isDynamicDim(0);
  }
  auto quantized = dyn_cast<Q8Type>(type);
  return quantized && ShapedType::isDynamic(quantized.getRows());
}

FailureOr<std::string> lapidary::gemma::parseKeywordParameter(AsmParser &parser) {
  StringRef keyword;
  if (parser.parseKeyword(&keyword)) {
    return failure();
  }
  return keyword.str();
}

//===----------------------------------------------------------------------===//
// #gemma.format
//===----------------------------------------------------------------------===//

unsigned FormatAttr::getBits() const {
  return llvm::StringSwitch<unsigned>(getKind()).Case("f32", 32).Case("bf16", 16).Case("w8", 8).Default(4);
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef kind, uint32_t group) {
  if (!llvm::is_contained({"f32", "bf16", "w8", "w4"}, kind)) {
    return emitError() << "unknown storage kind '" << kind << "', expected f32, bf16, w8 or w4";
  }
  if (group != 0 && !kind.starts_with("w")) {
    return emitError() << "storage kind '" << kind << "' has no scales, found group " << group << ", expected 0";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// !gemma.q8
//===----------------------------------------------------------------------===//

/// `<` (`?` | rows) `x` columns `,` `group` `=` group `>`
Type Q8Type::parse(AsmParser &parser) {
  SmallVector<int64_t, 2> shape;
  uint32_t group = 0;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/true, /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseKeyword("group") || parser.parseEqual() || parser.parseInteger(group) ||
      parser.parseGreater()) {
    return {};
  }
  if (shape.size() != 2) {
    parser.emitError(location) << "found " << shape.size() << " dimensions, expected rows x columns";
    return {};
  }
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), shape[0], shape[1], group);
}

void Q8Type::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList({getRows(), getColumns()});
  printer << ", group = " << getGroup() << ">";
}

LogicalResult Q8Type::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
                             uint32_t group) {
  if (rows < 1 && !ShapedType::isDynamic(rows)) {
    return emitError() << "found " << rows << " rows, expected ? or at least 1";
  }
  if (columns < 1) {
    return emitError() << "found " << (ShapedType::isDynamic(columns) ? "?" : Twine(columns))
                       << " columns, expected a number of at least 1";
  }
  if (group < 1) {
    return emitError() << "found group 0, expected columns per scale (at least 1)";
  }
  return success();
}
