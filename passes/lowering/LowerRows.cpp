//===- LowerRows.cpp - products, norms and elementwise ops on buffers -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// One small function per op. Which results overwrite an operand: norms and elementwise ops where nothing reads it
// later (ProgramAbi.h lets their output be an input); products and gathers always write a buffer of their own.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Bufferizer.h"

#include "llvm/ADT/TypeSwitch.h"

#include <optional>

using namespace mlir;
using namespace lapidary;

namespace {

const ArrayAttr noKernels; // select-kernels sets them

LogicalResult lower(Bufferizer &s, gemma::EmbeddingOp op) {
  Value out = s.allocateFor(op.getResult());
  kernel::EmbedOp::create(s.builder, op.getLoc(), op.getTable(), op.getScaleAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::QuantizeActivationOp op) {
  if (s.bufferOf(op.getResult())) {
    return success(); // part of the op that made the rows
  }
  Value out = s.allocateFor(op.getResult());
  kernel::QuantizeOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getStepAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::LinearOp op) {
  Value out = s.allocateFor(op.getResult());
  kernel::MatmulOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getWeight(), op.getInputStepAttr(),
                           op.getOutputStepsAttr(), op.getOutputEndsAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::RmsNormOp op) {
  if (s.bufferOf(op.getResult())) {
    return success(); // part of the residual norm
  }
  auto type = cast<RankedTensorType>(op.getType());
  int64_t heads = type.getRank() == 3 ? type.getDimSize(1) : 1;
  gemma::QuantizeActivationOp round = s.onlyRounding(op, op);
  Value out = round ? s.allocateFor(round.getResult()) : s.destinationFor(op.getResult(), {op.getInput()}, op);
  kernel::RmsNormOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getWeight(),
                            s.builder.getI64IntegerAttr(heads), op.getEpsAttr(),
                            round ? round.getStepAttr() : FloatAttr(), out, noKernels);
  s.setRoundedBuffer(op.getResult(), round, out);
  return success();
}

/// The first reader of a residual sum that only rounds it: itself, or its norm.
struct RoundedSum {
  gemma::RmsNormOp norm; ///< null: the sum is rounded as it is
  gemma::QuantizeActivationOp round;
};

std::optional<RoundedSum> roundedSum(const Bufferizer &s, gemma::ResidualNormOp sum) {
  SmallVector<Operation *> users(sum->getUsers());
  llvm::sort(users, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *user : users) {
    auto norm = dyn_cast<gemma::RmsNormOp>(user);
    if (norm && norm.getWeight() && norm.getWeight().getDefiningOp<kernel::WeightOp>()) {
      if (gemma::QuantizeActivationOp round = s.onlyRounding(norm, sum)) {
        return RoundedSum{norm, round};
      }
    }
    auto round = dyn_cast<gemma::QuantizeActivationOp>(user);
    if (s.canRound(sum, round)) {
      return RoundedSum{{}, round};
    }
  }
  return std::nullopt;
}

LogicalResult lower(Bufferizer &s, gemma::ResidualNormOp op) {
  Value out = s.destinationFor(op.getResult(), {op.getResidual(), op.getInput()}, op);
  if (std::optional<RoundedSum> next = roundedSum(s, op)) {
    // The norm stands further down, maybe its weight, too.
    Value weight = next->norm ? s.builder.clone(*next->norm.getWeight().getDefiningOp())->getResult(0) : Value();
    Value rounded = s.allocateFor(next->round.getResult());
    kernel::ResidualNormRoundedOp::create(s.builder, op.getLoc(), s.bufferOf(op.getResidual()),
                                          s.bufferOf(op.getInput()), op.getWeight(), op.getScale(), op.getEpsAttr(),
                                          weight, next->norm ? next->norm.getEpsAttr() : FloatAttr(),
                                          next->round.getStepAttr(), out, rounded, noKernels);
    s.setBuffer(op.getResult(), out);
    s.setBuffer(next->round.getResult(), rounded);
    if (next->norm) {
      s.setBuffer(next->norm.getResult(), rounded);
    }
    return success();
  }
  kernel::ResidualNormOp::create(s.builder, op.getLoc(), s.bufferOf(op.getResidual()), s.bufferOf(op.getInput()),
                                 op.getWeight(), op.getScale(), op.getEpsAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::GeluMulOp op) {
  // Padding of an integer buffer must be written, so the factor must have whole groups.
  gemma::QuantizeActivationOp round =
      s.ownsItsGroups(op.getUp()) ? s.onlyRounding(op, op) : gemma::QuantizeActivationOp();
  Value out = round ? s.allocateFor(round.getResult()) : s.destinationFor(op.getResult(), {op.getGate()}, op);
  if (!s.ownsItsGroups(op.getUp()) && out != s.bufferOf(op.getGate())) {
    // Columns past the slice must stay as they are, and only the gate's own padding is known to be zero.
    return op.emitOpError("multiplies by a slice that shares a group of 32 columns with other values; then the gate "
                          "must be overwritten, but it is read later");
  }
  kernel::GeluMulOp::create(s.builder, op.getLoc(), s.bufferOf(op.getGate()), s.bufferOf(op.getUp()),
                            round ? round.getStepAttr() : FloatAttr(), out, noKernels);
  s.setRoundedBuffer(op.getResult(), round, out);
  return success();
}

/// (a + b), or (a + b) * f when a scale is all that reads the sum.
LogicalResult lower(Bufferizer &s, gemma::AddOp op) {
  Value result = op.getResult();
  FloatAttr factor = s.builder.getF32FloatAttr(1.0f);
  if (result.hasOneUse()) {
    if (auto scale = dyn_cast<gemma::ScaleOp>(*result.getUsers().begin())) {
      result = scale.getResult();
      factor = scale.getFactorAttr();
    }
  }
  Value out = s.destinationFor(result, {op.getLhs(), op.getRhs()}, op);
  kernel::AddOp::create(s.builder, op.getLoc(), s.bufferOf(op.getLhs()), s.bufferOf(op.getRhs()), factor, out,
                        noKernels);
  s.setBuffer(op.getResult(), out);
  s.setBuffer(result, out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::ScaleOp op) {
  if (s.bufferOf(op.getResult())) {
    return success(); // part of the add
  }
  Value out = s.destinationFor(op.getResult(), {op.getInput()}, op);
  kernel::ScaleOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getFactorAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::SoftcapOp op) {
  Value out = s.destinationFor(op.getResult(), {op.getInput()}, op);
  kernel::SoftcapOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), op.getCapAttr(), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::SelectLastOp op) {
  if (isa<BlockArgument>(op.getInput())) {
    return success(); // ids and positions: a buffer of one row means the last token
  }
  Value out = s.allocateFor(op.getResult());
  kernel::SelectLastOp::create(s.builder, op.getLoc(), s.bufferOf(op.getInput()), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

LogicalResult lower(Bufferizer &s, gemma::SliceColumnsOp op) {
  Value result = op.getResult();
  bool onlyFactor = llvm::all_of(op->getUsers(), [&](Operation *user) {
    auto product = dyn_cast<gemma::GeluMulOp>(user);
    return product && product.getGate() != result;
  });
  if (op.getOffset() % 16 != 0 || !(onlyFactor || s.ownsItsGroups(result))) {
    return op.emitOpError() << "takes columns from " << op.getOffset()
                            << ", which share a group of 32 with other values; expected a multiple of 32 (16 where "
                               "gemma.gelu_mul multiplies by it)";
  }
  Value view = kernel::ColumnsOp::create(s.builder, op.getLoc(), s.typeOf(result), s.bufferOf(op.getInput()),
                                         op.getOffsetAttr());
  s.setBuffer(result, view);
  return success();
}

/// The same memory under another shape.
LogicalResult lowerReshape(Bufferizer &s, Operation *op) {
  s.setBuffer(op->getResult(0), s.bufferOf(op->getOperand(0)));
  return success();
}

} // namespace

LogicalResult lapidary::lowerRows(Bufferizer &state, Operation *op, bool &out_known) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<gemma::EmbeddingOp, gemma::QuantizeActivationOp, gemma::LinearOp, gemma::RmsNormOp, gemma::ResidualNormOp,
            gemma::GeluMulOp, gemma::AddOp, gemma::ScaleOp, gemma::SoftcapOp, gemma::SelectLastOp,
            gemma::SliceColumnsOp>([&](auto typed) { return lower(state, typed); })
      .Case<gemma::SplitHeadsOp, gemma::MergeHeadsOp>([&](auto typed) { return lowerReshape(state, typed); })
      .Default([&](Operation *) {
        out_known = false;
        return success();
      });
}
