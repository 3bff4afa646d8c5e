//===- TokenStream.cpp - what reads the rows of the token table ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One walk in order. The stream is the looked-up row and whatever adds a branch to the stream or scales it; a reading
// is a norm of the stream (scaled, perhaps) that products take, or a product of the stream itself.
//===----------------------------------------------------------------------===//
#include "passes/quantization/TokenStream.h"

#include "passes/quantization/WeightGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace lapidary {

namespace {

class StreamWalk {
public:
  void visit(Operation *op);

  TokenStream result;

private:
  void visitEmbedding(gemma::EmbeddingOp embedding);
  void visitAdd(gemma::AddOp add);
  void visitNorm(gemma::RmsNormOp norm);
  void visitProduct(Value input, Value weight);
  void passOn(Value from, Value to);

  llvm::DenseMap<Value, unsigned> stream;   ///< -> branches added so far
  llvm::DenseMap<Value, unsigned> readings; ///< a value that products read -> index in result.readings
};

void StreamWalk::visitEmbedding(gemma::EmbeddingOp embedding) {
  if (isTokenTable(embedding)) {
    result.table = checkpointSymbol(embedding.getTable()).str();
    stream[embedding.getResult()] = 0;
  }
}

void StreamWalk::visitAdd(gemma::AddOp add) {
  for (Value operand : add->getOperands()) {
    if (auto found = stream.find(operand); found != stream.end()) {
      const unsigned branches = found->second + 1;
      stream[add.getResult()] = branches;
      return;
    }
  }
}

void StreamWalk::visitNorm(gemma::RmsNormOp norm) {
  if (auto found = stream.find(norm.getInput()); found != stream.end()) {
    readings[norm.getResult()] = static_cast<unsigned>(result.readings.size());
    result.readings.push_back({checkpointSymbol(norm.getWeight()).str(), {}, found->second});
  }
}

void StreamWalk::visitProduct(Value input, Value weight) {
  auto found = stream.find(input);
  if (found != stream.end() && !readings.count(input)) {
    readings[input] = static_cast<unsigned>(result.readings.size());
    result.readings.push_back({"", {}, found->second});
  }
  StringRef symbol = checkpointSymbol(weight);
  if (auto reading = readings.find(input); reading != readings.end() && !symbol.empty()) {
    result.readings[reading->second].weights.push_back(symbol.str());
  }
}

/// `to` is `from`, scaled or rounded.
void StreamWalk::passOn(Value from, Value to) {
  if (auto found = stream.find(from); found != stream.end()) {
    const unsigned branches = found->second;
    stream[to] = branches;
  } else if (auto found = readings.find(from); found != readings.end()) {
    const unsigned reading = found->second;
    readings[to] = reading;
  }
}

void StreamWalk::visit(Operation *op) {
  if (auto embedding = dyn_cast<gemma::EmbeddingOp>(op)) {
    visitEmbedding(embedding);
  } else if (auto add = dyn_cast<gemma::AddOp>(op)) {
    visitAdd(add);
  } else if (auto norm = dyn_cast<gemma::RmsNormOp>(op)) {
    visitNorm(norm);
  } else if (isa<gemma::ScaleOp, gemma::ScaleByWeightOp, gemma::StaticRoundOp>(op)) {
    passOn(op->getOperand(0), op->getResult(0));
  } else if (auto experts = dyn_cast<gemma::ExpertsOp>(op)) {
    visitProduct(experts.getInput(), experts.getGateUp());
  } else if (auto linear = dyn_cast<gemma::LinearOp>(op); linear && !isOutputHead(linear)) {
    visitProduct(linear.getInput(), linear.getWeight());
  }
}

} // namespace

TokenStream findTokenStream(ModuleOp module) {
  StreamWalk walk;
  if (auto score = module.lookupSymbol<func::FuncOp>("score")) {
    score.walk([&](Operation *op) { walk.visit(op); });
  }
  llvm::erase_if(walk.result.readings, [](const StreamReading &reading) { return reading.weights.empty(); });
  return std::move(walk.result);
}

} // namespace lapidary
