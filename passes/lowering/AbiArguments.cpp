//===- AbiArguments.cpp - IR values as the C structs of ProgramAbi.h -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every struct is zeroed first, so that reserved fields and the bytes of a program are the same on every machine.
//===----------------------------------------------------------------------===//
#include "passes/lowering/AbiArguments.h"

#include "passes/lowering/BufferRanges.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lapidary;

uint32_t AbiArguments::safeColumns(Value value) {
  auto type = cast<kernel::BufferType>(value.getType());
  BufferRange range = rangeOf(value);
  int64_t padded = type.getPaddedColumns();
  int64_t rootColumns = cast<kernel::BufferType>(range.root.getType()).getPaddedColumns();
  bool wholeGroups = range.begin % LAP_COLUMN_PAD == 0 && range.end <= rootColumns;
  return wholeGroups ? padded : llvm::alignTo(type.getColumns(), LAP_COLUMN_PAD / 2);
}

lap_buffer AbiArguments::buffer(Value value) const {
  BufferRange range = rangeOf(value);
  auto type = cast<kernel::BufferType>(value.getType());
  lap_buffer result = {};
  result.columns = safeColumns(value);
  result.row_bytes = cast<kernel::BufferType>(range.root.getType()).getRowBytes();
  result.rows_per_token = type.getPerToken() ? type.getRows() : 0;
  result.fixed_rows = type.getPerToken() ? 0 : type.getRows();
  result.offset = range.begin * sizeof(float); // only f32 buffers have views; others begin at 0
  result.space = LAP_LOGITS;
  result.element = llvm::StringSwitch<lap_element>(type.getElement())
                       .Case("q8", LAP_ROWS_Q8)
                       .Case("q24", LAP_ROWS_Q24)
                       .Case("i8", LAP_ROWS_I8)
                       .Case("r24", LAP_ROWS_R24)
                       .Default(LAP_ROWS_F32);
  if (auto alloc = range.root.getDefiningOp<kernel::AllocOp>()) {
    result.space = LAP_ARENA;
    result.offset += *alloc.getOffset();
  }
  return result;
}

lap_weight AbiArguments::weight(Value value) const {
  lap_weight result = {};
  if (!value) {
    return result;
  }
  auto use = value.getDefiningOp<kernel::WeightOp>();
  result = target.describeWeight(cast<kernel::PackedType>(value.getType()));
  result.offset = symbols.lookup<kernel::PackedWeightOp>(use.getWeight()).getOffset();
  return result;
}

lap_cache AbiArguments::cache(FlatSymbolRefAttr name) const {
  auto op = symbols.lookup<kernel::KvCacheOp>(name.getValue());
  kernel::CacheAttr geometry = op.getGeometry();
  lap_cache result = {};
  result.key_offset = geometry.getKey();
  result.value_offset = geometry.getValue();
  result.slots = geometry.getSlots();
  result.kv_heads = op.getHeads();
  result.head_dim = op.getDim();
  result.window = op.getWindow();
  result.element =
      llvm::StringSwitch<lap_format>(geometry.getElement()).Case("bf16", LAP_BF16).Case("i8", LAP_I8).Default(LAP_F32);
  bool integers = result.element == LAP_I8;
  result.key_step = integers ? op.getKeyStep()->convertToFloat() : 1.0f;
  result.value_step = integers ? op.getValueStep()->convertToFloat() : 1.0f;
  return result;
}
