//===- PackedSymbols.cpp - kernel.packed_weight symbols, each made once --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Symbols are named @w.0, @w.1, .. and stand in front of the first function, in the order they were made.
//===----------------------------------------------------------------------===//
#include "passes/layout/PackedSymbols.h"

using namespace mlir;
using namespace lapidary;

PackedSymbols::PackedSymbols(ModuleOp module) : module(module) {
  for (auto op : module.getOps<kernel::PackedWeightOp>()) {
    Attribute content = op.getSourcesAttr() ? Attribute(op.getSourcesAttr()) : Attribute(op.getValuesAttr());
    known[{content, op.getType()}] = op;
  }
}

kernel::PackedWeightOp PackedSymbols::make(Location loc, ArrayAttr sources, DenseF32ArrayAttr values,
                                           kernel::PackedType type, bool gathered) {
  Attribute content = sources ? Attribute(sources) : Attribute(values);
  kernel::PackedWeightOp &op = known[{content, type}];
  if (op) {
    return op;
  }
  std::string name;
  do {
    name = "w." + std::to_string(next++);
  } while (SymbolTable::lookupSymbolIn(module, name));

  OpBuilder builder(module.getContext());
  auto functions = module.getOps<func::FuncOp>();
  if (functions.empty()) {
    builder.setInsertionPointToEnd(module.getBody());
  } else {
    builder.setInsertionPoint(*functions.begin());
  }
  op = kernel::PackedWeightOp::create(builder, loc, builder.getStringAttr(name), sources, values, TypeAttr::get(type),
                                      builder.getI64IntegerAttr(0), gathered ? builder.getUnitAttr() : UnitAttr());
  ++numMade;
  return op;
}

kernel::PackedWeightOp PackedSymbols::find(Location loc, ArrayRef<Attribute> sources, kernel::PackedType type,
                                           bool gathered) {
  return make(loc, ArrayAttr::get(module.getContext(), sources), {}, type, gathered);
}

kernel::PackedWeightOp PackedSymbols::find(Location loc, ArrayRef<float> values, kernel::PackedType type) {
  return make(loc, {}, DenseF32ArrayAttr::get(module.getContext(), values), type, /*gathered=*/false);
}

Value WeightValues::get(kernel::PackedWeightOp symbol, Operation *user) {
  Value &value = values[symbol];
  if (!value) {
    OpBuilder builder(user);
    value = kernel::WeightOp::create(builder, user->getLoc(), symbol.getType(),
                                     FlatSymbolRefAttr::get(symbol.getSymNameAttr()));
  }
  return value;
}
