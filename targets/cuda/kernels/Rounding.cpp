//===- Rounding.cpp - f32 rows to the integers that products read ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Groups of 32 columns lie in a warp: a lane has a column, or eight. The group's maximum and sum are shuffles. Rows
// with one scale are a block.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/Rounding.h"
#include "targets/cuda/kernels/Math.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

namespace lapidary::cuda {

namespace {

/// What a lane has of a group of 32 columns.
struct GroupPart {
  Vals values;        ///< of successive columns
  Val column;         ///< the first of them
  unsigned laneBits;  ///< in which the numbers of the group's lanes differ
  Val wanted = Val(); ///< whether to store; the same for all lanes of a group. Null: always
};

void ifWanted(KernelBuilder &k, const GroupPart &part, llvm::function_ref<void()> body) {
  part.wanted ? k.ifThen(part.wanted, body) : body();
}

/// The combination of all values of the group. Its order is no matter: maxima and integers.
Val combineGroup(KernelBuilder &k, llvm::ArrayRef<Val> values, unsigned laneBits, KernelBuilder::Combine combine) {
  Val result = values.front();
  for (Val value : values.drop_front()) {
    result = combine(result, value);
  }
  for (unsigned bit = 16; bit != 0; bit /= 2) {
    result = laneBits & bit ? combine(result, k.shuffleXor(result, bit)) : result;
  }
  return result;
}

/// Stores integers of 8 bits (i32), eight of them as one.
void storeIntegers(KernelBuilder &k, llvm::ArrayRef<Val> integers, Val out, Val column) {
  if (integers.size() == 1) {
    return k.store(toInt(integers[0], 8), out, column);
  }
  Vals words;
  for (size_t first = 0; first < integers.size(); first += 4) {
    Val word = integers[first] & 255;
    for (unsigned i = 1; i < 4; ++i) {
      word = word | ((integers[first + i] & 255) << (8 * i));
    }
    words.push_back(word);
  }
  k.store(vectorOf(words), out, column);
}

/// Rounds the group to one q8 plane at `plane` and returns what is left of this lane's values.
Vals roundGroup(KernelBuilder &k, const GroupPart &part, Val plane, Val columns) {
  const Vals magnitudes = llvm::map_to_vector(part.values, [](Val value) { return absolute(value); });
  const Val scale = combineGroup(k, magnitudes, part.laneBits, larger) / 127.0;
  const Vals integers = llvm::map_to_vector(part.values, [&](Val value) {
    Val nearest = roundEven(value / scale); // the scale of a group of (almost) zeros is 0
    Val whole = toIntegerOf(minimum(maximum(nearest, k.f32(-127)), k.f32(127)), 32);
    return select(scale > 0.0, whole, k.i32(0));
  });
  const Val total = combineGroup(k, integers, part.laneBits, sum);
  ifWanted(k, part, [&] {
    storeIntegers(k, integers, plane, part.column);
    k.ifThen((k.laneId() & part.laneBits) == 0, [&] {
      Val group = part.column / LAP_GROUP;
      k.store(scale, plane, columns + group * 4);
      k.store(total, plane, columns + columns / LAP_GROUP * 4 + group * 4);
    });
  });
  Vals left;
  for (auto [value, integer] : llvm::zip(part.values, integers)) {
    left.push_back(fusedMulAdd(-scale, toFloat(integer), value));
  }
  return left;
}

void roundGroups(KernelBuilder &k, unsigned planes, GroupPart part, Val plane, Val columns) {
  Val planeBytes = (columns + columns / LAP_GROUP * 8 + 63) / 64 * 64;
  for (unsigned i = 0; i < planes; ++i) {
    part.values = roundGroup(k, part, plane, columns);
    plane = plane + toInt(planeBytes, 64);
  }
}

/// Three planes of 8 bits with one scale: v = 65536 high + 256 middle + low.
void roundRow(KernelBuilder &k, Val out, Val columns, llvm::function_ref<Val(Val)> valueOf) {
  constexpr double steps = 127.0 * 65536.0;
  Val thread = k.threadId(), stride = k.i32(k.threads());
  Val own = k.forLoop(thread, columns, stride, {k.f32(0)}, [&](Val column, llvm::ArrayRef<Val> most) {
    return Vals{maximum(most[0], absolute(valueOf(column)))};
  })[0];
  Val scale = k.reduceBlock(own, larger) / steps;
  k.ifThen(thread == 0, [&] { k.store(scale, out, columns * 3); });
  k.forLoop(thread, columns, stride, [&](Val column) {
    Val quotient = roundEven(valueOf(column) / scale);
    Val bounded = minimum(maximum(quotient, k.f32(-steps)), k.f32(steps));
    Val whole = select(scale > 0.0, toIntegerOf(bounded, 32), k.i32(0));
    Val upper = shiftSigned(whole + 128, 8), top = shiftSigned(upper + 128, 8);
    k.store(toInt(top, 8), out, column);
    k.store(toInt(upper - (top << 8), 8), out, columns + column);
    k.store(toInt(whole - (upper << 8), 8), out, columns * 2 + column);
  });
}

} // namespace

llvm::StringRef roundingSuffix(lap_element element) {
  switch (element) {
  case LAP_ROWS_F32:
    return "";
  case LAP_ROWS_I8:
    return "_i8";
  case LAP_ROWS_Q8:
    return "_q8";
  case LAP_ROWS_Q24:
    return "_q24";
  case LAP_ROWS_R24:
    return "_r24";
  default:
    llvm_unreachable("rows of indices are not rounded");
  }
}

void storeRounded(KernelBuilder &k, lap_element element, Val value, Val out, Val column, Val columns, Val step) {
  switch (element) {
  case LAP_ROWS_I8:
    return k.store(toInt8(k, value, step), out, column);
  case LAP_ROWS_Q8:
    return roundGroups(k, 1, {{value}, column, 31}, out, columns);
  case LAP_ROWS_Q24:
    return roundGroups(k, LAP_PLANES, {{value}, column, 31}, out, columns);
  default:
    assert(element == LAP_ROWS_F32 && "r24 rows have one scale: storeRow");
    return k.storeFloat(value, out, column);
  }
}

void storeOctet(KernelBuilder &k, lap_element element, llvm::ArrayRef<Val> values, Val out, Val column, Val columns,
                Val step, Val wanted) {
  const GroupPart part = {Vals(values), column, octetLaneBits, wanted};
  switch (element) {
  case LAP_ROWS_I8:
    return ifWanted(k, part, [&] {
      const auto rounded = [&](Val value) { return toInt(toInt8(k, value, step), 32); };
      storeIntegers(k, llvm::map_to_vector(values, rounded), out, column);
    });
  case LAP_ROWS_Q8:
    return roundGroups(k, 1, part, out, columns);
  case LAP_ROWS_Q24:
    return roundGroups(k, LAP_PLANES, part, out, columns);
  default:
    assert(element == LAP_ROWS_F32 && "r24 rows have one scale: storeRow");
    return ifWanted(k, part, [&] {
      k.store(vectorOf(values.take_front(4)), out, column * 4);
      k.store(vectorOf(values.drop_front(4)), out, (column + 4) * 4);
    });
  }
}

void storeRow(KernelBuilder &k, lap_element element, Val out, Val columns, Val step,
              llvm::function_ref<Val(Val)> valueOf) {
  if (element == LAP_ROWS_R24) {
    return roundRow(k, out, columns, valueOf);
  }
  k.forLoop(k.threadId(), columns, k.i32(k.threads()),
            [&](Val column) { storeRounded(k, element, valueOf(column), out, column, columns, step); });
}

} // namespace lapidary::cuda
