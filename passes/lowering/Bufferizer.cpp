//===- Bufferizer.cpp - which buffer holds which tensor -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tensors alias through split_heads, merge_heads (same memory) and slice_columns (some columns of it). Overwriting is
// decided on the tensors, where "is read later" is visible: all users of all aliases that share a group of 32 columns.
//===----------------------------------------------------------------------===//
#include "passes/lowering/Bufferizer.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

namespace {

constexpr int64_t groupColumns = 32; // LAP_COLUMN_PAD: kernels read and write whole groups

int64_t columnsOf(Type type) {
  if (auto quantized = dyn_cast<gemma::Q8Type>(type)) {
    return quantized.getColumns();
  }
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getRank() == 3 ? tensor.getDimSize(1) * tensor.getDimSize(2) : tensor.getDimSize(1);
}

int64_t rowsOf(Type type) {
  auto quantized = dyn_cast<gemma::Q8Type>(type);
  return quantized ? quantized.getRows() : cast<RankedTensorType>(type).getDimSize(0);
}

/// The buffer element of rows (ProgramAbi.h, lap_element).
StringRef elementOf(Type type) {
  if (auto ranked = dyn_cast<RankedTensorType>(type)) {
    return ranked.getElementType().isInteger(32) ? "i32" : "f32";
  }
  auto quantized = cast<gemma::Q8Type>(type);
  bool wide = quantized.getPlanes() == 3;
  return quantized.getGroup() == 0 ? (wide ? "r24" : "i8") : (wide ? "q24" : "q8");
}

/// A tensor as columns of the tensor it is a view of.
struct Alias {
  Value root;
  int64_t first;      ///< its first column in the root
  int64_t begin, end; ///< the columns it touches: whole groups

  bool meets(const Alias &other) const { return begin < other.end && other.begin < end; }
};

Alias wholeGroups(Value root, int64_t begin, int64_t columns) {
  return {root, begin, begin / groupColumns * groupColumns,
          static_cast<int64_t>(llvm::alignTo(begin + columns, groupColumns))};
}

Alias aliasOf(Value tensor) {
  int64_t begin = 0, columns = columnsOf(tensor.getType());
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto slice = dyn_cast<gemma::SliceColumnsOp>(op)) {
      begin += slice.getOffset();
    } else if (!isa<gemma::SplitHeadsOp, gemma::MergeHeadsOp>(op)) {
      break;
    }
    tensor = op->getOperand(0);
  }
  return wholeGroups(tensor, begin, columns);
}

/// Calls `visit` for every read of `tensor` (columns from `begin` of its root) and of its views. A selected last row is
/// one read, of all columns; with `throughSelected` the reads of that copy count instead, as reads of the same columns.
void forEachRead(Value root, Value tensor, int64_t begin, bool throughSelected,
                 llvm::function_ref<void(OpOperand &, const Alias &)> visit) {
  for (OpOperand &use : tensor.getUses()) {
    Operation *user = use.getOwner();
    if (auto slice = dyn_cast<gemma::SliceColumnsOp>(user)) {
      forEachRead(root, slice.getResult(), begin + slice.getOffset(), throughSelected, visit);
    } else if (isa<gemma::SplitHeadsOp, gemma::MergeHeadsOp>(user) ||
               (throughSelected && isa<gemma::SelectLastOp>(user))) {
      forEachRead(root, user->getResult(0), begin, throughSelected, visit);
    } else {
      visit(use, wholeGroups(root, begin, columnsOf(tensor.getType())));
    }
  }
}

} // namespace

Bufferizer::Bufferizer(func::FuncOp function, const TargetBackend &target, PackedSymbols &symbols, unsigned chunk)
    : builder(function.getContext()), function(function), target(target), symbols(symbols), chunk(chunk) {}

kernel::BufferType Bufferizer::routedType(Value tensor, int64_t rows, int64_t columns, StringRef element) const {
  int64_t own = rowsOf(tensor.getType());
  bool perToken = ShapedType::isDynamic(own);
  return kernel::BufferType::get(tensor.getContext(), perToken, perToken ? rows : own * rows, columns, element);
}

kernel::BufferType Bufferizer::typeOf(Value tensor) const {
  Type type = tensor.getType();
  return routedType(tensor, 1, columnsOf(type), elementOf(type));
}

Value Bufferizer::allocate(kernel::BufferType type, Location loc) {
  ++numBuffers;
  return kernel::AllocOp::create(builder, loc, type, IntegerAttr());
}

Value Bufferizer::allocateFor(Value result) {
  if (!isReturned(result)) {
    return allocate(typeOf(result), result.getLoc());
  }
  if (!logits) {
    logits = kernel::LogitsOp::create(builder, result.getLoc(), typeOf(result));
  }
  return logits;
}

Value Bufferizer::destinationFor(Value result, ArrayRef<Value> inputs, Operation *op) {
  for (Value input : inputs) {
    Value buffer = bufferOf(input);
    bool wanted = !isReturned(result) || buffer == logits;
    if (buffer && wanted && buffer.getType() == typeOf(result) && mayOverwrite(input, op)) {
      ++numInPlace;
      return buffer;
    }
  }
  return allocateFor(result);
}

bool Bufferizer::mayOverwrite(Value tensor, Operation *op) const {
  Alias alias = aliasOf(tensor);
  Operation *owner = alias.root.getDefiningOp();
  if (!owner || isa<gemma::KvUpdateOp>(owner)) {
    return false; // belongs to the caller, or to a cache
  }
  unsigned ownReads = 0;
  bool free = true;
  forEachRead(alias.root, alias.root, 0, /*throughSelected=*/false, [&](OpOperand &use, const Alias &read) {
    if (!alias.meets(read)) {
      return;
    }
    ownReads += use.getOwner() == op;
    free &= use.getOwner() == op || use.getOwner()->isBeforeInBlock(op);
  });
  return free && ownReads == 1;
}

bool Bufferizer::ownsItsGroups(Value tensor) const {
  Alias alias = aliasOf(tensor);
  int64_t columns = columnsOf(tensor.getType());
  if (alias.root == tensor || alias.end - alias.begin == columns) {
    return true;
  }
  if (alias.end > static_cast<int64_t>(llvm::alignTo(columnsOf(alias.root.getType()), groupColumns))) {
    return false;
  }
  bool alone = true;
  forEachRead(alias.root, alias.root, 0, /*throughSelected=*/true, [&](OpOperand &use, const Alias &read) {
    bool same = read.first == alias.first && columnsOf(use.get().getType()) == columns;
    alone &= same || !alias.meets(read);
  });
  return alone;
}

bool Bufferizer::canRound(Operation *maker, gemma::QuantizeActivationOp round) const {
  return round && !round->use_empty() && target.rounds(maker, typeOf(round.getResult()).getElement());
}

gemma::QuantizeActivationOp Bufferizer::onlyRounding(Operation *op, Operation *maker) const {
  Value rows = op->getResult(0);
  auto round = rows.hasOneUse() ? dyn_cast<gemma::QuantizeActivationOp>(*rows.getUsers().begin())
                                : gemma::QuantizeActivationOp();
  return canRound(maker, round) ? round : gemma::QuantizeActivationOp();
}

void Bufferizer::setRoundedBuffer(Value rows, gemma::QuantizeActivationOp round, Value out) {
  setBuffer(rows, out);
  if (round) {
    setBuffer(round.getResult(), out);
  }
}

bool lapidary::isReturned(Value tensor) {
  return llvm::any_of(tensor.getUsers(), [](Operation *user) {
    auto softcap = dyn_cast<gemma::SoftcapOp>(user);
    return isa<func::ReturnOp>(user) || (softcap && isReturned(softcap.getResult()));
  });
}
