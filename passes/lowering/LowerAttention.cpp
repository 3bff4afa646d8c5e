//===- LowerAttention.cpp - rotary norms, caches and attention on buffers -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The keys and values that gemma.kv_update returns are the cache itself, so attention names the cache that its keys
// come from. Layers that share K/V name another layer's.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Bufferizer.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lapidary;

namespace {

const ArrayAttr noKernels; // select-kernels sets them

LogicalResult lower(Bufferizer &s, gemma::NormRotaryOp op) {
  FailureOr<Value> table = s.rotaryTable(op);
  if (failed(table)) {
    return failure();
  }
  int64_t heads = cast<RankedTensorType>(op.getType()).getDimSize(1);
  Value out = s.destinationFor(op.getResult(), {op.getInput()}, op);
  kernel::NormRotaryOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getWeight(), *table,
                               s.builder.getI64IntegerAttr(heads), op.getEpsAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::KvUpdateOp op) {
  kernel::KvAppendOp::create(s.builder, op.getLoc(), op.getCacheAttr(), s.bufferOf(op.getKey()),
                             s.bufferOf(op.getValue()), noKernels);
  return success();
}

template <typename AttentionOp> LogicalResult lowerAttentionOp(Bufferizer &s, AttentionOp op) {
  auto update = op.getKeys().template getDefiningOp<gemma::KvUpdateOp>();
  if (!update || op.getValues().getDefiningOp() != update) {
    return op.emitOpError("keys and values are not the results of one gemma.kv_update: kernels read them from a cache");
  }
  gemma::QuantizeActivationOp round = s.onlyRounding(op, op);
  Value out = s.allocateFor(round ? Value(round.getResult()) : Value(op.getResult()));
  kernel::AttentionOp::create(s.builder, op.getLoc(), update.getCacheAttr(), s.bufferOf(op.getQuery()),
                              op.getHeadsAttr(), round ? round.getStepAttr() : FloatAttr(), out, noKernels);
  s.setRoundedBuffer(op.getResult(), round, out);
  return success();
}

} // namespace

LogicalResult lapidary::lowerAttention(Bufferizer &state, Operation *op, bool &out_known) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<gemma::NormRotaryOp, gemma::KvUpdateOp>([&](auto typed) { return lower(state, typed); })
      .Case<gemma::SlidingAttentionOp, gemma::GlobalAttentionOp>(
          [&](auto typed) { return lowerAttentionOp(state, typed); })
      .Default([&](Operation *) {
        out_known = false;
        return success();
      });
}
