//===- KernelBuilder.cpp - one GPU kernel as MLIR ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See KernelBuilder.h. Memory accesses are LLVM dialect, so that a load can be a vector of any element and say that it
// never changes (ld.global.nc).
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace lapidary::cuda {

using namespace mlir;

namespace {
constexpr unsigned globalSpace = 1, sharedSpace = 3; // of the NVPTX backend

llvm::SmallVector<Value> valuesOf(llvm::ArrayRef<Val> vals) {
  return llvm::map_to_vector(vals, [](Val val) { return val.value(); });
}

/// Of weights: the `if` of KernelBuilder::prefetchWeights.
[[maybe_unused]] bool isPrefetch(Operation &op) {
  auto branch = dyn_cast<scf::IfOp>(op);
  return branch && llvm::any_of(*branch.thenBlock(), llvm::IsaPred<NVVM::CpAsyncBulkPrefetchOp>);
}
} // namespace

KernelBuilder::KernelBuilder(gpu::GPUModuleOp module, llvm::StringRef symbol, unsigned threads)
    : builder(module.getContext()), module(module), blockThreads(threads) {
  builder.setInsertionPointToEnd(module.getBody());
  function = gpu::GPUFuncOp::create(builder, loc(), symbol, builder.getFunctionType({}, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  builder.setInsertionPointToStart(&function.getBody().front());
  NVVM::GriddepcontrolOp::create(builder, loc(), NVVM::GridDepActionKind::launch_dependents);
  wait = NVVM::GriddepcontrolOp::create(builder, loc(), NVVM::GridDepActionKind::wait);
}

void KernelBuilder::finish() { gpu::ReturnOp::create(builder, loc()); }

Val KernelBuilder::parameter(Type type) {
  const unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, type, {}, loc());
  return wrap(function.getArgument(index));
}

void KernelBuilder::prefetchWeights(Val address, Val bytes) {
  assert(builder.getBlock() == wait->getBlock() && "weights are prefetched at the top level of a kernel");
  Val whole = bytes & -16;
  ifThen((threadId() == 0) & (address != 0) & (whole > 0), [&] {
    NVVM::CpAsyncBulkPrefetchOp::create(builder, loc(), pointer(address, i32(0)).value(), whole.value(), Value());
  });
  assert(llvm::all_of(llvm::make_range(std::next(wait->getIterator()), builder.getInsertionPoint()),
                      [](Operation &op) { return isMemoryEffectFree(&op) || isPrefetch(op); }) &&
         "weights are prefetched before anything is loaded");
  wait->moveBefore(builder.getBlock(), builder.getInsertionPoint());
}

void KernelBuilder::fewestBlocks(unsigned count) {
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(static_cast<int32_t>(count)));
}

Val KernelBuilder::threadId() { return wrap(NVVM::ThreadIdXOp::create(builder, loc(), builder.getI32Type())); }
Val KernelBuilder::blockX() { return wrap(NVVM::BlockIdXOp::create(builder, loc(), builder.getI32Type())); }
Val KernelBuilder::blockY() { return wrap(NVVM::BlockIdYOp::create(builder, loc(), builder.getI32Type())); }
Val KernelBuilder::blockZ() { return wrap(NVVM::BlockIdZOp::create(builder, loc(), builder.getI32Type())); }
Val KernelBuilder::gridX() { return wrap(NVVM::GridDimXOp::create(builder, loc(), builder.getI32Type())); }

Val KernelBuilder::i32(int64_t number) {
  return wrap(arith::ConstantOp::create(builder, loc(), builder.getI32IntegerAttr(static_cast<int32_t>(number))));
}
Val KernelBuilder::i64(int64_t number) {
  return wrap(arith::ConstantOp::create(builder, loc(), builder.getI64IntegerAttr(number)));
}
Val KernelBuilder::f32(double number) {
  return wrap(arith::ConstantOp::create(builder, loc(), builder.getF32FloatAttr(static_cast<float>(number))));
}
Val KernelBuilder::f64(double number) {
  return wrap(arith::ConstantOp::create(builder, loc(), builder.getF64FloatAttr(number)));
}

Val KernelBuilder::row(Val base, Val stride, Val index) { return base + toInt(index, 64, false) * toInt(stride, 64); }

Val KernelBuilder::pointer(Val base, Val offset) {
  Value start = base.value();
  if (isa<IntegerType>(base.type())) {
    start =
        LLVM::IntToPtrOp::create(builder, loc(), LLVM::LLVMPointerType::get(builder.getContext(), globalSpace), start);
  }
  Val bytes = toInt(offset, 64, false);
  return wrap(
      LLVM::GEPOp::create(builder, loc(), start.getType(), builder.getI8Type(), start, ValueRange{bytes.value()}));
}

Val KernelBuilder::load(Type type, Val base, Val offset) {
  return wrap(LLVM::LoadOp::create(builder, loc(), type, pointer(base, offset).value()));
}

Val KernelBuilder::loadConstant(Type type, Val base, Val offset) {
  Value loaded = LLVM::LoadOp::create(builder, loc(), type, pointer(base, offset).value(), /*alignment=*/0,
                                      /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariant=*/true);
  // LLVM turns a vector of which elements are extracted into loads of the elements, which become a vector again later,
  // but not an invariant one (VectorCombine, scalarizeLoad). A freeze between them keeps it whole.
  return wrap(isa<VectorType>(type) ? LLVM::FreezeOp::create(builder, loc(), loaded).getResult() : loaded);
}

void KernelBuilder::store(Val value, Val base, Val offset) {
  LLVM::StoreOp::create(builder, loc(), value.value(), pointer(base, offset).value());
}

Val KernelBuilder::shared(uint64_t bytes, uint64_t alignment) {
  std::string name = (function.getName() + "_shared" + llvm::Twine(sharedParts++)).str();
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(builder, loc(), type, /*isConstant=*/false, LLVM::Linkage::Internal, name, Attribute(),
                           alignment, sharedSpace);
  }
  return wrap(
      LLVM::AddressOfOp::create(builder, loc(), LLVM::LLVMPointerType::get(builder.getContext(), sharedSpace), name));
}

Val KernelBuilder::dynamicShared(uint64_t alignment) {
  const std::string name = "lapidary_dynamic_shared" + (alignment == 16 ? "" : std::to_string(alignment));
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(builder, loc(), LLVM::LLVMArrayType::get(builder.getI8Type(), 0), /*isConstant=*/false,
                           LLVM::Linkage::External, name, Attribute(), alignment, sharedSpace);
  }
  return wrap(
      LLVM::AddressOfOp::create(builder, loc(), LLVM::LLVMPointerType::get(builder.getContext(), sharedSpace), name));
}

void KernelBuilder::copyAsync(Val to, Val toOffset, Val from, Val fromOffset, unsigned bytes, Val wanted) {
  auto cache = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(builder, loc(), pointer(to, toOffset).value(), pointer(from, fromOffset).value(), bytes,
                          cache, wanted.value());
}

void KernelBuilder::commitCopies() { NVVM::CpAsyncCommitGroupOp::create(builder, loc()); }
void KernelBuilder::waitCopies(unsigned pending) { NVVM::CpAsyncWaitGroupOp::create(builder, loc(), pending); }

void KernelBuilder::ifThen(Val condition, llvm::function_ref<void()> body) {
  auto op = scf::IfOp::create(builder, loc(), condition.value(), /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op.thenYield());
  body();
}

Vals KernelBuilder::ifElse(Val condition, llvm::function_ref<Vals()> then, llvm::function_ref<Vals()> otherwise) {
  auto yield = [&](OpBuilder &nested, llvm::function_ref<Vals()> body) {
    OpBuilder::InsertionGuard guard(builder);
    builder.restoreInsertionPoint(nested.saveInsertionPoint());
    Vals results = body();
    scf::YieldOp::create(builder, loc(), valuesOf(results));
  };
  auto op = scf::IfOp::create(
      builder, loc(), condition.value(), [&](OpBuilder &nested, Location) { yield(nested, then); },
      [&](OpBuilder &nested, Location) { yield(nested, otherwise); });
  return llvm::map_to_vector(op.getResults(), [&](Value value) { return wrap(value); });
}

void KernelBuilder::forLoop(Val begin, Val end, Val step, llvm::function_ref<void(Val)> body) {
  forLoop(begin, end, step, {}, [&](Val index, llvm::ArrayRef<Val>) {
    body(index);
    return Vals();
  });
}

Vals KernelBuilder::forLoop(Val begin, Val end, Val step, llvm::ArrayRef<Val> start,
                            llvm::function_ref<Vals(Val, llvm::ArrayRef<Val>)> body) {
  auto loop = scf::ForOp::create(builder, loc(), begin.value(), end.value(), step.value(), valuesOf(start),
                                 [&](OpBuilder &nested, Location, Value index, ValueRange carried) {
                                   OpBuilder::InsertionGuard guard(builder);
                                   builder.restoreInsertionPoint(nested.saveInsertionPoint());
                                   Vals values = llvm::map_to_vector(carried, [&](Value value) { return wrap(value); });
                                   Vals results = body(wrap(index), values);
                                   scf::YieldOp::create(builder, loc(), valuesOf(results));
                                 });
  return llvm::map_to_vector(loop.getResults(), [&](Value value) { return wrap(value); });
}

void KernelBuilder::barrier() { gpu::BarrierOp::create(builder, loc()); }

Val KernelBuilder::shuffleXor(Val value, unsigned mask) {
  return wrap(NVVM::ShflOp::create(builder, loc(), value.type(), i32(-1).value(), value.value(), i32(mask).value(),
                                   i32(31).value(), NVVM::ShflKind::bfly, UnitAttr()));
}

Val KernelBuilder::shuffle(Val value, Val lane) {
  return wrap(NVVM::ShflOp::create(builder, loc(), value.type(), i32(-1).value(), value.value(), lane.value(),
                                   i32(31).value(), NVVM::ShflKind::idx, UnitAttr()));
}

Val KernelBuilder::reduceWarp(Val value, Combine combine, unsigned width) {
  for (unsigned mask = width / 2; mask != 0; mask /= 2) {
    value = combine(value, shuffleXor(value, mask));
  }
  return value;
}

Val KernelBuilder::reduceBlock(Val value, Combine combine) {
  value = reduceWarp(value, combine);
  if (warps() == 1) {
    return value;
  }
  Val parts = shared(warps() * 4, 4);
  ifThen(laneId() == 0, [&] { store(value, parts, warpId() * 4); });
  barrier();
  Val total = load(value.type(), parts, i32(0));
  for (unsigned warp = 1; warp < warps(); ++warp) {
    total = combine(total, load(value.type(), parts, i32(warp * 4)));
  }
  return total;
}

Val KernelBuilder::scanWarp(Val value) {
  Val lane = laneId();
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    Val lower = shuffle(value, (lane - distance) & 31);
    value = value + select(lane >= distance, lower, i32(0));
  }
  return value;
}

std::pair<Val, Val> KernelBuilder::scanBlock(Val value) {
  Val through = scanWarp(value), before = through - value, all = i32(0);
  Val totals = shared(warps() * 4, 4);
  ifThen(laneId() == 31, [&] { store(through, totals, warpId() * 4); });
  barrier();
  for (unsigned warp = 0; warp < warps(); ++warp) {
    Val total = load(value.type(), totals, i32(warp * 4));
    before = before + select(warpId() > warp, total, i32(0));
    all = all + total;
  }
  return {before, all};
}

Val KernelBuilder::matchLanes(Val value) {
  return wrap(
      NVVM::MatchSyncOp::create(builder, loc(), i32Type(), i32(-1).value(), value.value(), NVVM::MatchSyncKind::any));
}

Val KernelBuilder::countBits(Val value) {
  return wrap(LLVM::CtPopOp::create(builder, loc(), value.type(), value.value()));
}

void KernelBuilder::syncWarp() { NVVM::SyncWarpOp::create(builder, loc(), i32(-1).value()); }

Val KernelBuilder::permuteBytes(Val a, Val b, unsigned selector) {
  auto name = builder.getStringAttr("llvm.nvvm.prmt");
  return wrap(LLVM::CallIntrinsicOp::create(builder, loc(), i32Type(), name,
                                            ValueRange{a.value(), b.value(), i32(selector).value()})
                  .getResults());
}

Val KernelBuilder::dot4(Val a, Val b, Val c) {
  Type bytes = vectorType(builder.getI8Type(), 4);
  constexpr auto isSigned = NVVM::DotAccumulateType::SIGNED;
  return wrap(NVVM::DotAccumulate4WayOp::create(builder, loc(), builder.getI32Type(), bitsOf(a, bytes).value(),
                                                isSigned, bitsOf(b, bytes).value(), isSigned, c.value()));
}

Val KernelBuilder::results(Operation *mma, unsigned index) {
  return wrap(LLVM::ExtractValueOp::create(builder, loc(), mma->getResult(0), index));
}

Vals KernelBuilder::mmaS8(llvm::ArrayRef<Val> a, llvm::ArrayRef<Val> b, llvm::ArrayRef<Val> c) {
  Type type = LLVM::LLVMStructType::getLiteral(builder.getContext(), llvm::SmallVector<Type>(4, i32Type()));
  auto mma = NVVM::MmaOp::create(builder, loc(), type, valuesOf(a), valuesOf(b), valuesOf(c),
                                 llvm::ArrayRef<int64_t>{16, 8, 32}, std::nullopt, NVVM::MMAIntOverflow::wrapped,
                                 std::array{NVVM::MMATypes::s8, NVVM::MMATypes::s8},
                                 std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return {results(mma, 0), results(mma, 1), results(mma, 2), results(mma, 3)};
}

Vals KernelBuilder::mmaBf16(llvm::ArrayRef<Val> a, llvm::ArrayRef<Val> b, llvm::ArrayRef<Val> c) {
  Type type = LLVM::LLVMStructType::getLiteral(builder.getContext(), llvm::SmallVector<Type>(4, f32Type()));
  auto mma = NVVM::MmaOp::create(builder, loc(), type, valuesOf(a), valuesOf(b), valuesOf(c),
                                 llvm::ArrayRef<int64_t>{16, 8, 16}, std::nullopt, std::nullopt,
                                 std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
                                 std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return {results(mma, 0), results(mma, 1), results(mma, 2), results(mma, 3)};
}

Val KernelBuilder::exp2Approximate(Val a) {
  auto name = builder.getStringAttr("llvm.nvvm.ex2.approx.ftz");
  return wrap(LLVM::CallIntrinsicOp::create(builder, loc(), a.type(), name, ValueRange{a.value()}).getResults());
}

} // namespace lapidary::cuda
