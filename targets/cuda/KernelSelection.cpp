//===- KernelSelection.cpp - which kernels run an op on a GPU ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names in the order of the drivers' parameters (GpuAbi.h). An op asks for a dtype and an operation; the tile in a
// kernel's name is its author's.
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/common/packing/PackedShape.h"
#include "targets/cuda/CudaTarget.h"
#include "targets/cuda/kernels/KernelList.h"

#include "llvm/ADT/TypeSwitch.h"

namespace lapidary::cuda {

namespace {

/// The kernel named `dtype-op-..` that runs on all devices; where there is none, that prefix: emitting the program
/// reports it. Forms for one capability are added there (isExactFormOf).
std::string named(llvm::StringRef dtype, llvm::StringRef op) {
  const std::string prefix = (dtype + "-" + op + "-").str();
  for (const Kernel &kernel : allKernels()) {
    if (kernel.exactly == 0 && llvm::StringRef(kernel.name).starts_with(prefix)) {
      return kernel.name;
    }
  }
  return prefix;
}

llvm::StringRef elementOf(mlir::Value buffer) { return llvm::cast<kernel::BufferType>(buffer.getType()).getElement(); }

kernel::PackedType packedOf(mlir::Value weight) { return llvm::cast<kernel::PackedType>(weight.getType()); }

/// "w4g32_bf16s_q8": the weight's format, and the element of its input unless that is f32.
std::string productType(mlir::Value weight, mlir::Value input) {
  std::string dtype(formatName(storedFormat(packedOf(weight))));
  llvm::StringRef element = elementOf(input);
  return element == "f32" ? dtype : dtype + "_" + element.str();
}

/// The name of `op` with the rows that it writes: those of `out`.
std::string roundedOp(llvm::StringRef op, mlir::Value out) {
  llvm::StringRef element = elementOf(out);
  return element == "f32" ? op.str() : (op + "_" + element).str();
}

/// The kernel of `op` that writes rows like `out`.
std::vector<std::string> rounding(llvm::StringRef op, mlir::Value out) { return {named("f32", roundedOp(op, out))}; }

std::string cacheType(mlir::Operation *op, mlir::FlatSymbolRefAttr name) {
  auto cache = mlir::SymbolTable::lookupNearestSymbolFrom<kernel::KvCacheOp>(op, name);
  return cache ? cache.getGeometry().getElement().str() : "f32";
}

/// Flash kernels hold all columns of a head in registers, so smaller heads have their own. Long slices cost a quarter
/// of the scratch memory, short ones fill more of a GPU.
std::vector<std::string> attentionKernels(kernel::AttentionOp attention) {
  constexpr int64_t smallHead = 256;
  constexpr uint32_t longContext = 16384;
  auto cache = mlir::SymbolTable::lookupNearestSymbolFrom<kernel::KvCacheOp>(attention, attention.getCacheAttr());
  const std::string dtype = cacheType(attention, attention.getCacheAttr());
  const bool isSmall = cache && cache.getDim() <= smallHead;
  const bool isLong = cache && cache.getWindow() == 0 && cache.getGeometry().getSlots() > longContext;
  return {named(dtype, isLong ? "attention_slice-256x8" : "attention_slice-64x8"),
          named("f32", roundedOp("attention_merge", attention.getOut())),
          named(dtype, roundedOp(isSmall ? "flash_256" : "flash", attention.getOut()))};
}

/// Blocks of attention have a head, so groups and rows that share a scale must not reach beyond one.
template <typename AttentionOp> bool attentionRounds(AttentionOp attention, llvm::StringRef element) {
  const int64_t columns = llvm::cast<mlir::RankedTensorType>(attention.getType()).getDimSize(1);
  const bool wholeGroups = columns / attention.getHeads() % LAP_GROUP == 0;
  return element == "i8" || (element != "r24" && wholeGroups);
}

} // namespace

bool CudaTarget::rounds(mlir::Operation *op, llvm::StringRef element) const {
  return llvm::TypeSwitch<mlir::Operation *, bool>(op)
      // The scale of an r24 row is that of all its columns, which no block of the elementwise kernels sees.
      .Case<gemma::GeluMulOp>([&](auto) { return element != "r24"; })
      .Case<gemma::SlidingAttentionOp, gemma::GlobalAttentionOp>(
          [&](auto attention) { return attentionRounds(attention, element); })
      .Default([](mlir::Operation *) { return true; });
}

std::vector<std::string> CudaTarget::selectKernels(kernel::ComputeOpInterface op) const {
  using Names = std::vector<std::string>;
  auto plain = [](llvm::StringRef name) { return Names{named("f32", name)}; };
  return llvm::TypeSwitch<mlir::Operation *, Names>(op)
      .Case<kernel::MatmulOp>([&](auto product) {
        const std::string dtype = productType(product.getWeight(), product.getInput());
        return Names{named(dtype, "matvec"), named(dtype, "matmat")};
      })
      .Case<kernel::ExpertMatmulOp>([&](auto product) {
        const std::string dtype = productType(product.getWeight(), product.getInput());
        return Names{named(dtype, "expert_matvec"), named(dtype, "expert_matmat")};
      })
      .Case<kernel::EmbedOp>([&](auto embed) {
        kernel::PackedType table = packedOf(embed.getTable());
        return Names{named(formatName(storedFormat(table)), table.isTable() ? "embed_table" : "embed")};
      })
      .Case<kernel::KvAppendOp>(
          [&](auto append) { return Names{named(cacheType(append, append.getCacheAttr()), "kv_append")}; })
      .Case<kernel::KvNormAppendOp>(
          [&](auto append) { return Names{named(cacheType(append, append.getCacheAttr()), "kv_norm_append")}; })
      .Case<kernel::AttentionOp>([&](auto attention) { return attentionKernels(attention); })
      .Case<kernel::QuantizeOp>(
          [&](auto quantize) { return plain(("quantize_" + elementOf(quantize.getOut())).str()); })
      .Case<kernel::RmsNormOp>([&](auto norm) { return rounding("rms_norm", norm.getOut()); })
      .Case<kernel::ResidualNormOp>([&](auto) { return plain("residual_norm"); })
      .Case<kernel::ResidualNormRoundedOp>([&](auto norm) { return rounding("residual_norm", norm.getRounded()); })
      .Case<kernel::RotaryTableOp>([&](auto) { return plain("rotary_table"); })
      .Case<kernel::NormRotaryOp>([&](auto) { return plain("norm_rotary"); })
      .Case<kernel::GeluMulOp>([&](auto product) { return rounding("gelu_mul", product.getOut()); })
      .Case<kernel::AddOp>([&](auto) { return plain("add"); })
      .Case<kernel::ScaleOp>([&](auto) { return plain("scale"); })
      .Case<kernel::SoftcapOp>([&](auto) { return plain("softcap"); })
      .Case<kernel::RouteOp>([&](auto) { return plain("route"); })
      .Case<kernel::SortExpertsOp>([&](auto) { return Names{named("i32", "sort_experts")}; })
      .Case<kernel::CombineExpertsOp>([&](auto) { return plain("combine_experts"); })
      .Default([](mlir::Operation *) { return Names(); });
}

} // namespace lapidary::cuda
