//===- Warpgroup.cpp - products of four warps together (wgmma) ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Warpgroup.h. nvvm.wgmma.mma_async takes both operands from shared memory, so the products are inline assembly
// here.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Warpgroup.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace lapidary::cuda {

using namespace mlir;

namespace {

/// "$first, $first+1, .."
std::string operandNumbers(size_t first, size_t count) {
  std::string text;
  for (size_t i = first; i < first + count; ++i) {
    text += (i == first ? "$" : ", $") + std::to_string(i);
  }
  return text;
}

/// Constraints of outputs and of the inputs tied to them, the first ones.
std::string tiedConstraints(llvm::ArrayRef<Val> values) {
  std::string outputs, inputs;
  for (auto [index, value] : llvm::enumerate(values)) {
    outputs += isa<FloatType>(value.type()) ? "=f," : "=r,";
    inputs += std::to_string(index) + ",";
  }
  return outputs + inputs;
}

/// Assembly with outputs tied to the first inputs, `tied`; gives the outputs.
Vals assembly(KernelBuilder &k, const std::string &text, llvm::ArrayRef<Val> tied, const std::string &moreConstraints,
              llvm::ArrayRef<Val> more) {
  OpBuilder &builder = k.builder;
  Location loc = builder.getUnknownLoc();
  llvm::SmallVector<Value> operands;
  for (Val value : llvm::concat<const Val>(tied, more)) {
    operands.push_back(value.value());
  }
  Type result = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                                 llvm::map_to_vector(tied, [](Val value) { return value.type(); }));
  const std::string constraints = tiedConstraints(tied) + moreConstraints + "~{memory}";
  Value all = LLVM::InlineAsmOp::create(builder, loc, TypeRange(result), operands, text, constraints,
                                        /*has_side_effects=*/true, /*is_align_stack=*/false,
                                        LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr())
                  .getResult(0);
  Vals values;
  for (size_t i = 0; i < tied.size(); ++i) {
    values.push_back({builder, LLVM::ExtractValueOp::create(builder, loc, all, static_cast<int64_t>(i))});
  }
  return values;
}

} // namespace

Val swizzledPlace(Val row, Val piece) {
  return row * swizzledRowBytes + (piece ^ (row % (swizzledAlignment / swizzledRowBytes))) * swizzledPieceBytes;
}

Val swizzledDescriptor(KernelBuilder &k, Val shared, Val offset) {
  // "Matrix Descriptor Format": start address and distances in units of 16 bytes. The leading distance is not used in
  // swizzled layouts ("assumed to be 1"); the stride is that of 8 rows.
  constexpr uint64_t leading = uint64_t(1) << 16, stride = uint64_t(swizzledAlignment / 16) << 32;
  constexpr uint64_t swizzle128 = uint64_t(1) << 62;
  Val address{k.builder, LLVM::PtrToIntOp::create(k.builder, k.builder.getUnknownLoc(), k.i64Type(), shared.value())};
  Val start = ((toInt(address, 32) + offset) & 0x3ffff) >> k.i32(4);
  return toInt(start, 64, false) | k.i64(static_cast<int64_t>(leading | stride | swizzle128));
}

void fenceForWarpgroup(KernelBuilder &k) {
  MLIRContext *context = k.builder.getContext();
  NVVM::FenceProxyOp::create(k.builder, k.builder.getUnknownLoc(),
                             NVVM::ProxyKindAttr::get(context, NVVM::ProxyKind::async_shared),
                             NVVM::SharedSpaceAttr::get(context, NVVM::SharedSpace::shared_cta));
}

Vals warpgroupFence(KernelBuilder &k, llvm::ArrayRef<Val> registers) {
  return assembly(k, "wgmma.fence.sync.aligned;", registers, "", {});
}

Vals warpgroupMultiply(KernelBuilder &k, WarpgroupElement element, llvm::ArrayRef<Val> a, Val descriptor,
                       llvm::ArrayRef<Val> sums) {
  constexpr const char *types[] = {"k32.s32.s8.s8", "k16.f32.bf16.bf16", "k16.f32.f16.f16"};
  const size_t count = sums.size();
  const bool isFloat = element != WarpgroupElement::S8;
  assert(isFloat == isa<FloatType>(sums.front().type()) && "sums of another type");
  const std::string shape = "m64n" + std::to_string(2 * count) + types[static_cast<unsigned>(element)];
  const std::string text = "{ .reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned." + shape + " {" +
                           operandNumbers(0, count) + "}, {" + operandNumbers(2 * count, a.size()) + "}, " +
                           operandNumbers(2 * count + a.size(), 1) + ", p" + (isFloat ? ", 1, 1, 0" : "") + "; }";
  Vals inputs(a.begin(), a.end());
  inputs.push_back(descriptor);
  return assembly(k, text, sums, "r,r,r,r,l,", inputs);
}

void warpgroupCommit(KernelBuilder &k) { NVVM::WgmmaGroupSyncAlignedOp::create(k.builder, k.builder.getUnknownLoc()); }

Vals warpgroupWait(KernelBuilder &k, unsigned pending, llvm::ArrayRef<Val> sums) {
  return assembly(k, "wgmma.wait_group.sync.aligned " + std::to_string(pending) + ";", sums, "", {});
}

} // namespace lapidary::cuda
