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
  return llvm::StringSwitch<unsigned>(getKind())
      .Case("f32", 32)
      .Case("bf16", 16)
      .Case("w8", 8)
      .Case("w2", 2)
      .Default(4);
}

/// `<` kind (`,` `group` `=` columns)? (`,` `scale` `=` type)? `>`
Attribute FormatAttr::parse(AsmParser &parser, Type) {
  StringRef kind, word, scale;
  uint32_t group = 0;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&kind)) {
    return {};
  }
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc wordLocation = parser.getCurrentLocation();
    if (parser.parseKeyword(&word) || parser.parseEqual()) {
      return {};
    }
    if (word != "group" && word != "scale") {
      parser.emitError(wordLocation) << "found '" << word << "', expected group or scale";
      return {};
    }
    if (word == "group" ? ParseResult(parser.parseInteger(group)) : parser.parseKeyword(&scale)) {
      return {};
    }
  }
  if (parser.parseGreater()) {
    return {};
  }
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), kind, group,
                    scale.empty() ? defaultScale(kind, group) : scale);
}

void FormatAttr::print(AsmPrinter &printer) const {
  printer << "<" << getKind();
  if (getGroup() != 0) {
    printer << ", group = " << getGroup();
  }
  if (getScale() != defaultScale(getKind(), getGroup())) {
    printer << ", scale = " << getScale();
  }
  printer << ">";
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef kind, uint32_t group,
                                 StringRef scale) {
  if (!llvm::is_contained({"f32", "bf16", "w8", "w4", "w2"}, kind)) {
    return emitError() << "unknown storage kind '" << kind << "', expected f32, bf16, w8, w4 or w2";
  }
  if (scale != "bf16" && scale != "f32" && scale != "i8") {
    return emitError() << "unknown type of scales '" << scale << "', expected bf16, f32 or i8";
  }
  if (scale == "i8" && (kind != "w4" || group == 0)) {
    return emitError() << "storage kind '" << kind << "' " << (group ? "in groups" : "without groups")
                       << " has scales of i8, which only w4 in groups may have";
  }
  if (scale == "bf16" && kind.starts_with("w") && (group == 0 || kind == "w2")) {
    return emitError() << "storage kind '" << kind << "' with " << (group ? "groups" : "one scale per row")
                       << " has scales of bf16, expected f32";
  }
  if (group != 0 && !kind.starts_with("w")) {
    return emitError() << "storage kind '" << kind << "' has no scales, found group " << group << ", expected 0";
  }
  return success();
}

LogicalResult IntegersAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef encoding, uint64_t rowBytes,
                                   uint64_t group, FlatSymbolRefAttr scales) {
  if (encoding != "offset" && encoding != "twos") {
    return emitError() << "unknown encoding '" << encoding << "', expected offset or twos";
  }
  if (group == 0) {
    return emitError() << "found group 0, expected columns per scale (at least 1)";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// !gemma.q8
//===----------------------------------------------------------------------===//

/// `<` (`?` | rows) `x` columns `,` `group` `=` group (`,` `planes` `=` planes)? `>`
Type Q8Type::parse(AsmParser &parser) {
  SmallVector<int64_t, 2> shape;
  uint32_t group = 0, planes = 1;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/true, /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseKeyword("group") || parser.parseEqual() || parser.parseInteger(group)) {
    return {};
  }
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("planes") || parser.parseEqual() || parser.parseInteger(planes))) {
    return {};
  }
  if (parser.parseGreater()) {
    return {};
  }
  if (shape.size() != 2) {
    parser.emitError(location) << "found " << shape.size() << " dimensions, expected rows x columns";
    return {};
  }
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), shape[0], shape[1], group, planes);
}

void Q8Type::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList({getRows(), getColumns()});
  printer << ", group = " << getGroup();
  if (getPlanes() != 1) {
    printer << ", planes = " << getPlanes();
  }
  printer << ">";
}

LogicalResult Q8Type::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns,
                             uint32_t group, uint32_t planes) {
  if (rows < 1 && !ShapedType::isDynamic(rows)) {
    return emitError() << "found " << rows << " rows, expected ? or at least 1";
  }
  if (columns < 1) {
    return emitError() << "found " << (ShapedType::isDynamic(columns) ? "?" : Twine(columns))
                       << " columns, expected a number of at least 1";
  }
  if (planes != 1 && planes != 3) {
    return emitError() << "found " << planes << " planes, expected 1 or 3";
  }
  return success();
}
