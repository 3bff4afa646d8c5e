//===- KernelSelection.cpp - which kernels run an op on a CPU ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names in the order of the op driver's kernel parameters (ProgramAbi.h). Ops that are not here need none.
//===----------------------------------------------------------------------===//
#include "runtime/src/cpu/Kernels.h"
#include "runtime/src/cpu/Work.h"
#include "support/Limits.h"
#include "targets/common/KernelNames.h"
#include "targets/common/cpu/CpuTarget.h"
#include "targets/common/packing/PackedShape.h"

#include "llvm/ADT/TypeSwitch.h"

namespace lapidary {

namespace {
static_assert(limits::integerHeadDim == lap::MostIntegerHeadDim, "what is compiled is what kernels take");
static_assert(lap::ColumnChunk == kernel::chunkColumns &&
                  lap::itemColumns(kernel::wholeRowColumns) == kernel::wholeRowColumns &&
                  lap::itemColumns(kernel::wholeRowColumns + 1) == kernel::chunkColumns,
              "barriers are left out where drivers share out the same items");

lap_format weightFormat(mlir::Value weight) { return storedFormat(llvm::cast<kernel::PackedType>(weight.getType())); }

lap_format cacheElement(mlir::Operation *op, mlir::FlatSymbolRefAttr name) {
  auto cache = mlir::SymbolTable::lookupNearestSymbolFrom<kernel::KvCacheOp>(op, name);
  llvm::StringRef element = cache ? cache.getGeometry().getElement() : "f32";
  return element == "i8" ? LAP_I8 : element == "bf16" ? LAP_BF16 : LAP_F32;
}

llvm::StringRef elementOf(mlir::Value buffer) { return llvm::cast<kernel::BufferType>(buffer.getType()).getElement(); }

/// The kernels of lap_op_quantize; only q24 uses the second.
std::pair<KernelOp, KernelOp> roundingKernels(llvm::StringRef element) {
  if (element == "i8") {
    return {KernelOp::QuantizeStatic, KernelOp::QuantizeStatic};
  }
  if (element == "r24") {
    return {KernelOp::QuantizeRow, KernelOp::QuantizeRow};
  }
  return {KernelOp::Quantize, element == "q24" ? KernelOp::QuantizeResidual : KernelOp::Quantize};
}

} // namespace

std::vector<std::string> CpuTarget::selectKernels(kernel::ComputeOpInterface op) const {
  auto names = [&](lap_format format, std::initializer_list<KernelOp> kernels) {
    std::vector<std::string> result;
    for (KernelOp kernel : kernels) {
      result.push_back(kernelName(kernel, format, std::string_view(level->isa)));
    }
    return result;
  };
  auto plain = [&](KernelOp kernel) { return names(LAP_F32, {kernel}); };
  using Names = std::vector<std::string>;
  return llvm::TypeSwitch<mlir::Operation *, Names>(op)
      .Case<kernel::MatmulOp, kernel::ExpertMatmulOp>(
          [&](auto product) { return names(weightFormat(product.getWeight()), {KernelOp::Matvec, KernelOp::Matmat}); })
      .Case<kernel::EmbedOp>([&](auto embed) { return names(weightFormat(embed.getTable()), {KernelOp::Embed}); })
      .Case<kernel::KvAppendOp>(
          [&](auto append) { return names(cacheElement(append, append.getCacheAttr()), {KernelOp::KvAppend}); })
      .Case<kernel::AttentionOp>([&](auto attention) {
        return names(cacheElement(attention, attention.getCacheAttr()),
                     {KernelOp::AttentionSlice, KernelOp::AttentionMerge});
      })
      .Case<kernel::QuantizeOp>([&](auto quantize) {
        auto [first, second] = roundingKernels(elementOf(quantize.getOut()));
        return names(LAP_F32, {first, second});
      })
      .Case<kernel::RmsNormOp>([&](auto norm) {
        return plain(elementOf(norm.getOut()) == "i8" ? KernelOp::RmsNormStatic : KernelOp::RmsNorm);
      })
      .Case<kernel::ResidualNormOp>([&](auto) { return plain(KernelOp::ResidualNorm); })
      .Case<kernel::NormRotaryOp>([&](auto) { return plain(KernelOp::NormRotary); })
      .Case<kernel::GeluMulOp>([&](auto product) {
        return plain(elementOf(product.getOut()) == "i8" ? KernelOp::GeluMulStatic : KernelOp::GeluMul);
      })
      .Case<kernel::AddOp>([&](auto) { return plain(KernelOp::Add); })
      .Case<kernel::ScaleOp>([&](auto) { return plain(KernelOp::Scale); })
      .Case<kernel::SoftcapOp>([&](auto) { return plain(KernelOp::Softcap); })
      .Case<kernel::CombineExpertsOp>([&](auto) { return plain(KernelOp::CombineExperts); })
      .Default([](mlir::Operation *) { return Names(); });
}

} // namespace lapidary
