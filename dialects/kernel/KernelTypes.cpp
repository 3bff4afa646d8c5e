//===- KernelTypes.cpp - buffers, packed weights, cache geometry ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Textual forms and checks of the kernel types. The sizes here (rows padded to 32 columns, 64-byte rows, q8 blocks of
// 32 columns) are those of runtime/include/lapidary/ProgramAbi.h.
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Kernel.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lapidary::kernel;

#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/kernel/KernelTypes.cpp.inc"

void KernelDialect::registerTypes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/kernel/KernelTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// !kernel.buffer
//===----------------------------------------------------------------------===//

int64_t BufferType::getRowBytes() const {
  int64_t padded = getPaddedColumns();
  auto lines = [](int64_t bytes) { return (bytes + 63) / 64 * 64; };
  // q8: a value per column, and a float scale and an int32 sum per 32 columns.
  int64_t groups = lines(padded + padded / 32 * 8);
  return llvm::StringSwitch<int64_t>(getElement())
      .Case("q8", groups)
      .Case("q24", 3 * groups)
      .Case("i8", lines(padded))
      .Case("r24", lines(3 * padded + 4))
      .Default(lines(padded * 4));
}

/// `<` (rows? `tokens` | rows) `x` columns `x` element `>`
Type BufferType::parse(AsmParser &parser) {
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess()) {
    return {};
  }
  int64_t rows = 1;
  OptionalParseResult number = parser.parseOptionalInteger(rows);
  if (number.has_value() && failed(*number)) {
    return {};
  }
  bool perToken = succeeded(parser.parseOptionalKeyword("tokens"));
  if (!perToken && !number.has_value()) {
    parser.emitError(location) << "expected the rows: 'tokens', 'N tokens' or 'N'";
    return {};
  }
  SmallVector<int64_t, 1> columns;
  StringRef element;
  if (parser.parseXInDimensionList() ||
      parser.parseDimensionList(columns, /*allowDynamic=*/false, /*withTrailingX=*/true) ||
      parser.parseKeyword(&element) || parser.parseGreater()) {
    return {};
  }
  if (columns.size() != 1) {
    parser.emitError(location) << "found " << columns.size() << " column counts, expected one";
    return {};
  }
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), perToken, rows, columns[0],
                    element);
}

void BufferType::print(AsmPrinter &printer) const {
  printer << "<";
  if (!getPerToken()) {
    printer << getRows();
  } else if (getRows() == 1) {
    printer << "tokens";
  } else {
    printer << getRows() << " tokens";
  }
  printer << " x " << getColumns() << " x " << getElement() << ">";
}

LogicalResult BufferType::verify(function_ref<InFlightDiagnostic()> emitError, bool perToken, int64_t rows,
                                 int64_t columns, StringRef element) {
  if (rows < 1) {
    return emitError() << "found " << rows << " rows, expected at least 1";
  }
  if (columns < 1) {
    return emitError() << "found " << columns << " columns, expected at least 1";
  }
  if (!llvm::is_contained({"f32", "i32", "q8", "q24", "i8", "r24"}, element)) {
    return emitError() << "unknown buffer element '" << element << "', expected f32, i32, q8, q24, i8 or r24";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// !kernel.packed
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> PackedType::getLogicalShape() const { return getShape(); }

/// `<` dimensions `,` format `,` layout `>`
Type PackedType::parse(AsmParser &parser) {
  SmallVector<int64_t, 3> shape;
  lapidary::gemma::FormatAttr format;
  std::string layout;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false, /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseCustomAttributeWithFallback(format) || parser.parseComma() ||
      parser.parseString(&layout) || parser.parseGreater()) {
    return {};
  }
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), shape, format, layout);
}

void PackedType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList(getShape());
  printer << ", ";
  printer.printStrippedAttrOrType(getFormat());
  printer << ", \"" << getLayout() << "\">";
}

LogicalResult PackedType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                                 lapidary::gemma::FormatAttr format, StringRef layout) {
  if (shape.empty() || shape.size() > 3) {
    return emitError() << "found " << shape.size() << " dimensions, expected 1 (vector), 2 (matrix) or 3 (experts)";
  }
  for (int64_t size : shape) {
    if (size < 1) {
      return emitError() << "found a dimension of " << size << ", expected at least 1";
    }
  }
  if (layout.empty()) {
    return emitError() << "the layout has no name, expected \"tiles16\", \"rows\", \"vector\" or a target's own";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// #kernel.cache
//===----------------------------------------------------------------------===//

LogicalResult CacheAttr::verify(function_ref<InFlightDiagnostic()> emitError, uint32_t slots, StringRef element,
                                uint64_t key, uint64_t value) {
  if (slots == 0) {
    return emitError() << "found 0 slots, expected at least 1";
  }
  if (element != "f32" && element != "bf16" && element != "i8") {
    return emitError() << "unknown cache element '" << element << "', expected f32, bf16 or i8";
  }
  return success();
}
