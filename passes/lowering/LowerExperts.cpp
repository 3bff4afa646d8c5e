//===- LowerExperts.cpp - mixture of experts on buffers --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
//   %r  = route                         weights and expert of every (token, rank)
//   %o  = sort_experts                  those rows grouped by expert, once per route
//   %gu = expert_matmul %y, %o, gate_up          [tokens * top_k, gate | up]
//   %h  = gelu_mul %gu.gate, %gu.up              overwrites the gate half
//   %d  = expert_matmul %h, %o, down             [tokens * top_k, hidden]
//   %m  = combine_experts %d, %weights
// With integer storage both products read quantized rows. Each half of gate_up is padded to 32 rows by the layout, so
// the halves of the product are views.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Bufferizer.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

namespace {

const ArrayAttr noKernels; // select-kernels sets them

LogicalResult lower(Bufferizer &s, gemma::RouteOp op) {
  Value weights = s.allocateFor(op.getWeights()), indices = s.allocateFor(op.getIndices());
  kernel::RouteOp::create(s.builder, op.getLoc(), s.bufferOf(op.getLogits()), op.getExpertScale(), op.getTopKAttr(),
                          weights, indices, noKernels);
  s.setBuffer(op.getWeights(), weights);
  s.setBuffer(op.getIndices(), indices);
  return success();
}

/// first[experts + 1], then the rows of every token and rank, in one row that is long enough for a whole chunk.
Value sortedRows(Bufferizer &s, gemma::ExpertsOp op, int64_t experts, int64_t topK) {
  Value &order = s.sortedRows(op.getIndices());
  if (!order) {
    auto indices = cast<RankedTensorType>(op.getIndices().getType());
    int64_t tokens = indices.isDynamicDim(0) ? s.chunk : indices.getDimSize(0);
    auto type = kernel::BufferType::get(op.getContext(), false, 1, experts + 1 + tokens * topK, "i32");
    order = s.allocate(type, op.getLoc());
    kernel::SortExpertsOp::create(s.builder, op.getLoc(), s.bufferOf(op.getIndices()),
                                  s.builder.getI64IntegerAttr(experts), s.builder.getI64IntegerAttr(topK), order,
                                  noKernels);
  }
  return order;
}

/// `rows`, quantized into a new buffer when the weights are integers.
Value quantized(Bufferizer &s, gemma::ExpertsOp op, Value rows) {
  if (!op.getStorage() || !op.getStorage()->isInteger()) {
    return rows;
  }
  auto type = cast<kernel::BufferType>(rows.getType());
  Value out =
      s.allocate(kernel::BufferType::get(op.getContext(), type.getPerToken(), type.getRows(), type.getColumns(), "q8"),
                 op.getLoc());
  kernel::QuantizeOp::create(s.builder, op.getLoc(), rows, /*step=*/FloatAttr(), out, noKernels);
  return out;
}

Value product(Bufferizer &s, gemma::ExpertsOp op, Value input, Value order, Value weight, int64_t rowsPerSource,
              kernel::BufferType type) {
  Value out = s.allocate(type, op.getLoc());
  kernel::ExpertMatmulOp::create(s.builder, op.getLoc(), input, order, weight,
                                 s.builder.getI64IntegerAttr(rowsPerSource), out, noKernels);
  return out;
}

LogicalResult lower(Bufferizer &s, gemma::ExpertsOp op) {
  auto down = dyn_cast<kernel::PackedType>(op.getDown().getType());
  if (!down || !isa<kernel::PackedType>(op.getGateUp().getType())) {
    return op.emitOpError("weights are not packed; run layout-moe-experts first");
  }
  int64_t experts = down.getShape()[0], hidden = down.getShape()[1], width = down.getShape()[2];
  int64_t topK = cast<RankedTensorType>(op.getWeights().getType()).getDimSize(1);
  int64_t half = llvm::alignTo(width, 32);
  Value input = op.getInput();
  auto viewType = s.routedType(input, topK, width, "f32");

  Value order = sortedRows(s, op, experts, topK);
  Value both = product(s, op, quantized(s, op, s.bufferOf(input)), order, op.getGateUp(), topK,
                       s.routedType(input, topK, 2 * half, "f32"));
  auto view = [&](int64_t from) -> Value {
    return kernel::ColumnsOp::create(s.builder, op.getLoc(), viewType, both, s.builder.getI64IntegerAttr(from));
  };
  Value gate = view(0), up = view(half);
  kernel::GeluMulOp::create(s.builder, op.getLoc(), gate, up, /*step=*/FloatAttr(), gate, noKernels);
  Value mixed =
      product(s, op, quantized(s, op, gate), order, op.getDown(), 1, s.routedType(input, topK, hidden, "f32"));

  Value out = s.allocateFor(op.getResult());
  kernel::CombineExpertsOp::create(s.builder, op.getLoc(), mixed, s.bufferOf(op.getWeights()),
                                   s.builder.getI64IntegerAttr(topK), out, noKernels);
  s.setBuffer(op.getResult(), out);
  return success();
}

} // namespace

LogicalResult lapidary::lowerExperts(Bufferizer &state, Operation *op, bool &out_known) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<gemma::RouteOp, gemma::ExpertsOp>([&](auto typed) { return lower(state, typed); })
      .Default([&](Operation *) {
        out_known = false;
        return success();
      });
}
