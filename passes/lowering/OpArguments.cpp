//===- OpArguments.cpp - driver and argument block of every compute op -----------===//
// SPDX-License-Identifier: Apache-2.0
//
// One function per op, each filling the struct of the same name in ProgramAbi.h (or GpuAbi.h).
//===----------------------------------------------------------------------===//
#include "passes/lowering/AbiArguments.h"

#include "lapidary/GpuAbi.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

namespace {

template <typename Arguments> DriverCall call(StringRef driver, const Arguments &arguments) {
  return {driver, std::string(reinterpret_cast<const char *>(&arguments), sizeof(arguments))};
}

/// The step of an i8 buffer; 0 for the others.
float stepOf(FloatAttr step) { return step ? step.getValue().convertToFloat() : 0.0f; }

uint32_t columnsOf(Value buffer) { return cast<kernel::BufferType>(buffer.getType()).getColumns(); }

DriverCall arguments(const AbiArguments &abi, kernel::EmbedOp op) {
  lap_embed_args args = {};
  args.out = abi.buffer(op.getOut());
  args.table = abi.weight(op.getTable());
  args.tiled = cast<kernel::PackedType>(op.getTable().getType()).isTable() ? 0 : 1;
  args.scale = op.getScale().convertToFloat();
  return call("embed", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::MatmulOp op) {
  lap_matmul_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.w = abi.weight(op.getWeight());
  args.input_step = stepOf(op.getInputStepAttr());
  ArrayRef<float> steps = op.getOutputSteps().value_or(ArrayRef<float>());
  assert(steps.size() <= LAP_STACK && "more weights stacked than the merge passes do");
  for (auto [step, end] : llvm::zip(steps, op.getOutputEnds().value_or(ArrayRef<int64_t>()))) {
    args.out_steps[args.out_step_count++] = {static_cast<uint32_t>(llvm::alignTo(end, LAP_COLUMN_PAD)), step};
  }
  return call("matmul", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::QuantizeOp op) {
  lap_quantize_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.step = stepOf(op.getStepAttr());
  return call("quantize", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::RmsNormOp op) {
  lap_rms_norm_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.w = abi.weight(op.getWeight());
  args.heads = op.getHeads();
  args.width = columnsOf(op.getInput()) / op.getHeads();
  args.eps = op.getEps().convertToFloat();
  args.step = stepOf(op.getStepAttr());
  return call("rms_norm", args);
}

template <typename Op> lap_residual_norm_args residualNormArguments(const AbiArguments &abi, Op op) {
  lap_residual_norm_args args = {};
  args.residual = abi.buffer(op.getResidual());
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.w = abi.weight(op.getWeight());
  args.scale = abi.weight(op.getScale());
  args.width = columnsOf(op.getInput());
  args.eps = op.getEps().convertToFloat();
  return args;
}

DriverCall arguments(const AbiArguments &abi, kernel::ResidualNormOp op) {
  return call("residual_norm", residualNormArguments(abi, op));
}

DriverCall arguments(const AbiArguments &abi, kernel::ResidualNormRoundedOp op) {
  lap_residual_norm_rounded_args args = {};
  args.sum = residualNormArguments(abi, op);
  args.rounded = abi.buffer(op.getRounded());
  args.next = abi.weight(op.getNext());
  args.next_eps = op.getNextEps() ? op.getNextEps()->convertToFloat() : 0.0f;
  args.step = stepOf(op.getStepAttr());
  return call("residual_norm_rounded", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::RotaryTableOp op) {
  lap_rotary_table_args args = {};
  args.out = abi.buffer(op.getOut());
  args.out.columns = columnsOf(op.getOut()); // the head size itself: the sines start in its middle
  args.frequencies = abi.weight(op.getFrequencies());
  args.head_dim = columnsOf(op.getOut());
  return call("rotary_table", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::NormRotaryOp op) {
  lap_norm_rotary_args args = {};
  args.x = abi.buffer(op.getInput());
  args.table = abi.buffer(op.getTable());
  args.out = abi.buffer(op.getOut());
  args.w = abi.weight(op.getWeight());
  args.heads = op.getHeads();
  args.head_dim = columnsOf(op.getInput()) / op.getHeads();
  args.eps = op.getEps().convertToFloat();
  return call("norm_rotary", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::KvAppendOp op) {
  lap_kv_append_args args = {};
  args.key = abi.buffer(op.getKey());
  args.value = abi.buffer(op.getValue());
  args.cache = abi.cache(op.getCacheAttr());
  return call("kv_append", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::KvNormAppendOp op) {
  lap_kv_norm_append_args args = {};
  args.append.key = abi.buffer(op.getKey());
  args.append.value = abi.buffer(op.getValue());
  args.append.cache = abi.cache(op.getCacheAttr());
  args.w = abi.weight(op.getWeight());
  args.table = abi.buffer(op.getTable());
  args.eps = op.getEps().convertToFloat();
  if (op.getQuery()) {
    args.query = abi.buffer(op.getQuery());
    args.query_out = abi.buffer(op.getOut());
    args.query_w = abi.weight(op.getQueryWeight());
    args.query_heads = *op.getHeads();
  }
  return call("kv_norm_append", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::AttentionOp op) {
  lap_attention_args args = {};
  args.query = abi.buffer(op.getQuery());
  args.out = abi.buffer(op.getOut());
  args.cache = abi.cache(op.getCacheAttr());
  args.heads = op.getHeads();
  args.step = stepOf(op.getStepAttr());
  return call("attention", args);
}

/// A slice that shares its last group (per-layer inputs of 16 columns) narrows the whole op: the columns it leaves out
/// are padding of the gate, which the output overwrites, and stay zero.
DriverCall arguments(const AbiArguments &abi, kernel::GeluMulOp op) {
  lap_gelu_mul_args args = {};
  args.gate = abi.buffer(op.getGate());
  args.up = abi.buffer(op.getUp());
  args.out = abi.buffer(op.getOut());
  uint32_t columns = std::min({args.gate.columns, args.up.columns, args.out.columns});
  args.gate.columns = args.up.columns = args.out.columns = columns;
  args.step = stepOf(op.getStepAttr());
  return call("gelu_mul", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::AddOp op) {
  lap_add_args args = {};
  args.a = abi.buffer(op.getLhs());
  args.b = abi.buffer(op.getRhs());
  args.out = abi.buffer(op.getOut());
  args.scale = op.getScale().convertToFloat();
  return call("add", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::ScaleOp op) {
  lap_scale_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.scale = op.getFactor().convertToFloat();
  return call("scale", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::SoftcapOp op) {
  lap_softcap_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  args.cap = op.getCap().convertToFloat();
  return call("softcap", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::SelectLastOp op) {
  lap_select_last_args args = {};
  args.x = abi.buffer(op.getInput());
  args.out = abi.buffer(op.getOut());
  return call("select_last", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::RouteOp op) {
  lap_route_args args = {};
  args.logits = abi.buffer(op.getLogits());
  args.weights = abi.buffer(op.getWeights());
  args.indices = abi.buffer(op.getIndices());
  args.expert_scale = abi.weight(op.getExpertScale());
  args.experts = columnsOf(op.getLogits());
  args.top_k = op.getTopK();
  return call("route", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::SortExpertsOp op) {
  lap_sort_experts_args args = {};
  args.indices = abi.buffer(op.getIndices());
  args.order = abi.buffer(op.getOrder());
  args.experts = op.getExperts();
  args.top_k = op.getTopK();
  return call("sort_experts", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::ExpertMatmulOp op) {
  lap_expert_matmul_args args = {};
  args.x = abi.buffer(op.getInput());
  args.order = abi.buffer(op.getOrder());
  args.out = abi.buffer(op.getOut());
  args.w = abi.weight(op.getWeight());
  args.experts = cast<kernel::PackedType>(op.getWeight().getType()).getShape().front();
  args.rows_per_source = op.getRowsPerSource();
  return call("expert_matmul", args);
}

DriverCall arguments(const AbiArguments &abi, kernel::CombineExpertsOp op) {
  lap_combine_experts_args args = {};
  args.x = abi.buffer(op.getInput());
  args.weights = abi.buffer(op.getWeights());
  args.out = abi.buffer(op.getOut());
  args.top_k = op.getTopK();
  return call("combine_experts", args);
}

} // namespace

DriverCall lapidary::driverCall(const AbiArguments &abi, Operation *op) {
  return llvm::TypeSwitch<Operation *, DriverCall>(op)
      .Case<kernel::EmbedOp, kernel::MatmulOp, kernel::QuantizeOp, kernel::RmsNormOp, kernel::ResidualNormOp,
            kernel::ResidualNormRoundedOp, kernel::RotaryTableOp, kernel::NormRotaryOp, kernel::KvAppendOp,
            kernel::KvNormAppendOp, kernel::AttentionOp, kernel::GeluMulOp, kernel::AddOp, kernel::ScaleOp,
            kernel::SoftcapOp, kernel::SelectLastOp, kernel::RouteOp, kernel::SortExpertsOp, kernel::ExpertMatmulOp,
            kernel::CombineExpertsOp>([&](auto typed) { return arguments(abi, typed); });
}
