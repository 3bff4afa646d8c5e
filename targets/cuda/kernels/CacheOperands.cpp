//===- CacheOperands.cpp - tensor core operands straight from the K/V caches -===//
// SPDX-License-Identifier: Apache-2.0
//
// See CacheOperands.h.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/CacheOperands.h"

#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr double log2e = 1.44269504088896340736;

unsigned planesOf(lap_format format) { return format == LAP_F32 ? 3 : 1; }

/// Half `index` of the i32 words, as i16.
Val halfOf(KernelBuilder &k, llvm::ArrayRef<Val> words, unsigned index) {
  return element(bitsOf(words[index / 2], k.vectorType(k.i16Type(), 2)), index % 2);
}

Val wordOf(KernelBuilder &k, Val low, Val high) { return bitsOf(vectorOf({low, high}), k.i32Type()); }

/// Elements j of two octets of int8 as a word of two bf16 numbers: 128 + (x & 127) and 128 + (x & 128) are bf16 numbers
/// with exponents of their own, so their difference, x, is two `or`s away from the bits.
Val pairOfBytes(KernelBuilder &k, llvm::ArrayRef<Val> low, llvm::ArrayRef<Val> high, unsigned j) {
  // Bytes 1 and 3 are masked below.
  const unsigned byte = j % 4;
  Val both = k.permuteBytes(low[j / 4], high[j / 4], byte | (byte + 4) << 8);
  Val magnitude = bitsOf((both & 0x7f007f) | 0x43004300, k.vectorType(k.builder.getBF16Type(), 2));
  Val offset = bitsOf((both & 0x800080) | 0x43004300, k.vectorType(k.builder.getBF16Type(), 2));
  return bitsOf(magnitude - offset, k.i32Type());
}

/// Words of elements j = 0..7 of two octets, by plane: [plane][j].
llvm::SmallVector<Vals, 3> pairUp(KernelBuilder &k, lap_format format, llvm::ArrayRef<Val> low,
                                  llvm::ArrayRef<Val> high) {
  llvm::SmallVector<Vals, 3> planes(planesOf(format));
  for (unsigned j = 0; j < 8; ++j) {
    if (format == LAP_F32) {
      const Vals a = splitFloat(k, low[j], 3), b = splitFloat(k, high[j], 3);
      for (unsigned plane = 0; plane < 3; ++plane) {
        planes[plane].push_back(packHigh(k, a[plane], b[plane]));
      }
    } else if (format == LAP_BF16) {
      planes[0].push_back(wordOf(k, halfOf(k, low, j), halfOf(k, high, j)));
    } else {
      planes[0].push_back(pairOfBytes(k, low, high, j));
    }
  }
  return planes;
}

Vals elementsOf(Val vector, unsigned count) {
  Vals result;
  for (unsigned i = 0; i < count; ++i) {
    result.push_back(element(vector, i));
  }
  return result;
}

Vals loadOctet(KernelBuilder &k, lap_format format, Val base, Val index) {
  const Val at = index * elementBytes(format);
  if (format == LAP_F32) {
    Vals octet = elementsOf(k.loadConstant(k.vectorType(k.f32Type(), 4), base, at), 4);
    octet.append(elementsOf(k.loadConstant(k.vectorType(k.f32Type(), 4), base, at + 16), 4));
    return octet;
  }
  const unsigned words = 2 * elementBytes(format);
  return elementsOf(k.loadConstant(k.vectorType(k.i32Type(), words), base, at), words);
}

} // namespace

Lane laneOf(KernelBuilder &k) {
  const Val lane = k.laneId(), g = lane / 4;
  return {g, lane % 4, g / 2, (g % 2) * 8};
}

RawOperand loadOperand(KernelBuilder &k, lap_format format, Val base, Val index) {
  RawOperand raw;
  for (unsigned r = 0; r < 4; ++r) {
    raw[r] = loadOctet(k, format, base, index + r * 4 * LAP_ROW_TILE);
  }
  return raw;
}

Vals walkSteps(KernelBuilder &k, const CacheSteps &steps, const RawOperand &start, llvm::ArrayRef<Val> sums,
               llvm::function_ref<Vals(Val, const Operand &, llvm::ArrayRef<Val>)> body) {
  const size_t count = sums.size(), words = start[0].size();
  Vals carried(sums);
  for (const Vals &octet : start) {
    carried.append(octet);
  }
  Vals end = k.forLoop(steps.first, steps.end, steps.stride, carried, [&](Val step, llvm::ArrayRef<Val> before) {
    RawOperand raw;
    for (unsigned r = 0; r < raw.size(); ++r) {
      raw[r] = Vals(before.slice(count + r * words, words));
    }
    const Operand operand = unpackOperand(k, steps.format, raw); // whose registers the next step's take
    const RawOperand next = steps.load(k, step + steps.stride);
    Vals after = body(step, operand, before.take_front(count));
    for (const Vals &octet : next) {
      after.append(octet);
    }
    return after;
  });
  end.resize(count);
  return end;
}

RawOperand CacheSteps::load(KernelBuilder &k, Val step) const {
  return loadOperand(k, format, base, index(maximum(minimum(step, end - 1), k.i32(0))));
}

Operand unpackOperand(KernelBuilder &k, lap_format format, const RawOperand &raw) {
  const auto first = pairUp(k, format, raw[0], raw[1]), second = pairUp(k, format, raw[2], raw[3]);
  Operand operand(first.size());
  for (unsigned plane = 0; plane < first.size(); ++plane) {
    for (unsigned i = 0; i < 4; ++i) {
      operand[plane][i] = {first[plane][i], first[plane][i + 4], second[plane][i], second[plane][i + 4]};
    }
  }
  return operand;
}

Vals splitFloat(KernelBuilder &k, Val value, unsigned parts) {
  Vals result;
  for (unsigned part = 0; part < parts; ++part) {
    // Three parts are exact however they are cut; of fewer, each is rounded, ties away from zero.
    Val bits = bitsOf(value, k.i32Type());
    bits = parts < 3 ? bits + 0x8000 : bits;
    result.push_back(bits);
    value = part + 1 < parts ? value - bitsOf(bits & -0x10000, k.f32Type()) : value;
  }
  return result;
}

Val packHigh(KernelBuilder &k, Val low, Val high) { return wordOf(k, halfOf(k, {low}, 1), halfOf(k, {high}, 1)); }

Parts splitQuery(KernelBuilder &k, const std::array<Val, 4> &values, unsigned parts) {
  std::array<Vals, 4> split;
  for (unsigned i = 0; i < 4; ++i) {
    split[i] = splitFloat(k, values[i], parts);
  }
  Parts result(parts);
  for (unsigned part = 0; part < parts; ++part) {
    result[part] = {packHigh(k, split[0][part], split[1][part]), packHigh(k, split[2][part], split[3][part])};
  }
  return result;
}

Vals multiply(KernelBuilder &k, const Operand &operand, const Parts &query, llvm::ArrayRef<Val> sums) {
  Vals result(sums);
  const unsigned most = std::max(operand.size(), query.size());
  for (unsigned order = most; order-- > 0;) { // the smallest products first
    for (unsigned plane = 0; plane <= order; ++plane) {
      if (plane >= operand.size() || order - plane >= query.size()) {
        continue;
      }
      for (unsigned i = 0; i < 4; ++i) {
        const Vals product =
            k.mmaBf16(operand[plane][i], query[order - plane], llvm::ArrayRef<Val>(result).slice(i * 4, 4));
        llvm::copy(product, result.begin() + i * 4);
      }
    }
  }
  return result;
}

RowPlace loadPlace(KernelBuilder &k, Val places, Val row) {
  static_assert(sizeof(lap_row_place) == 16 && offsetof(lap_row_place, position) == 8);
  const Val at = row * static_cast<double>(sizeof(lap_row_place));
  return {k.loadConstant(k.i64Type(), places, at), k.loadConstant(k.i32Type(), places, at + 8)};
}

Val ringBlock(Val base, Val distance, Val blocks) {
  const Val block = base + distance;
  return select(block < blocks, block, block - blocks);
}

Val lowestVisible(Val position, Val window) {
  return select(window == 0, position.constant(0), maximum(position - window + 1, position.constant(0)));
}

Val softmaxWeight(KernelBuilder &k, Val score, Val maximum) {
  return select(score == unseen, k.f32(0), k.exp2Approximate((score - maximum) * log2e));
}

} // namespace lapidary::cuda
