//===- KvAppend.cpp - keys and values into their caches ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one K/V head of one row, a thread every 128th column. Per row and head 8 head_dim bytes are read and
// 2 head_dim elements written; keys go to every 16th element, a 32-byte sector each, so a row of a head of 512 columns
// in bf16 writes 16 KiB of sectors for 1 KiB of keys: nothing beside the layer's weights, and neighbouring rows of a
// call share them in L2. Limited by launch.
//
// kv_norm_append norms and rotates what it writes, and the query besides: a block has a head of any of the three, and
// the bits of the kernels it stands for.
//===----------------------------------------------------------------------===//
#include "targets/common/KernelNames.h"
#include "targets/cuda/kernels/CacheOperands.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"
#include "targets/cuda/kernels/Norms.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockColumns = 128;

Val toElement(KernelBuilder &k, lap_format format, Val value, Val step) {
  return format == LAP_F32 ? value : format == LAP_BF16 ? toBf16(k, value) : toInt8(k, value, step);
}

/// Where a row's K and V of one head go.
struct HeadCaches {
  KernelBuilder &k;
  lap_format format;
  Val slots, headDim;
  Val keys, values, slot; ///< the head's caches; the position in them

  HeadCaches(KernelBuilder &k, lap_format format, const RowPlace &place, Val keyOffset, Val valueOffset, Val slots,
             Val headDim, Val head)
      : k(k), format(format), slots(slots), headDim(headDim), slot(place.position % slots) {
    const Val start = toInt(head, 64) * toInt(slots, 64) * toInt(headDim, 64) * elementBytes(format);
    keys = place.caches + keyOffset + start;
    values = place.caches + valueOffset + start;
  }

  void storeKey(Val d, Val key, Val step) const {
    const Val at = (slot / LAP_ROW_TILE * headDim + d) * LAP_ROW_TILE + slot % LAP_ROW_TILE;
    k.store(toElement(k, format, key, step), keys, at * elementBytes(format));
  }
  void storeValue(Val d, Val value, Val step) const {
    const Val at = (d / LAP_ROW_TILE * slots + slot) * LAP_ROW_TILE + d % LAP_ROW_TILE;
    k.store(toElement(k, format, value, step), values, at * elementBytes(format));
  }
};

void buildKvAppend(KernelBuilder &k, lap_format format) {
  Val key = k.address(), keyBytes = k.int32(), value = k.address(), valueBytes = k.int32(), places = k.address();
  Val keyOffset = k.int64(), valueOffset = k.int64(), slots = k.int32(), headDim = k.int32();
  Val keyStep = k.float32(), valueStep = k.float32();
  const Val row = k.blockY(), head = k.blockX();
  const HeadCaches caches(k, format, loadPlace(k, places, row), keyOffset, valueOffset, slots, headDim, head);
  const Val keyRow = k.row(key, keyBytes, row), valueRow = k.row(value, valueBytes, row);
  k.forLoop(k.threadId(), headDim, k.i32(blockColumns), [&](Val d) {
    const Val from = head * headDim + d;
    caches.storeKey(d, k.loadFloat(keyRow, from), keyStep);
    caches.storeValue(d, k.loadFloat(valueRow, from), valueStep);
  });
}

/// Blocks of query heads, then of K heads, then of V heads.
void buildKvNormAppend(KernelBuilder &k, lap_format format) {
  Val key = k.address(), keyBytes = k.int32(), value = k.address(), valueBytes = k.int32(), query = k.address();
  Val queryBytes = k.int32(), w = k.address(), queryW = k.address(), table = k.address(), tableBytes = k.int32();
  Val queryOut = k.address(), queryOutBytes = k.int32(), queryHeads = k.int32(), kvHeads = k.int32();
  Val places = k.address(), keyOffset = k.int64(), valueOffset = k.int64(), slots = k.int32(), headDim = k.int32();
  Val epsilon = k.float32(), keyStep = k.float32(), valueStep = k.float32();
  const Val row = k.blockY(), block = k.blockX(), stride = k.i32(k.threads()), pairs = headDim / 2;
  const Val isQuery = block < queryHeads, isKey = block < queryHeads + kvHeads;
  const auto choose = [&](Val q, Val kk, Val v) { return select(isQuery, q, select(isKey, kk, v)); };
  const Val head = choose(block, block - queryHeads, block - queryHeads - kvHeads), headBytes = headDim * 4;
  const Val x = k.row(choose(query, key, value), choose(queryBytes, keyBytes, valueBytes), row);
  const Val own = k.row(x, headBytes, head), angles = k.row(table, tableBytes, row);
  const Val weight = select(isQuery, queryW, w), out = k.row(k.row(queryOut, queryOutBytes, row), headBytes, head);
  // The place of a query head in the caches is not used.
  const HeadCaches caches(k, format, loadPlace(k, places, row), keyOffset, valueOffset, slots, headDim, head);
  const Val factor = normFactor(k, own, headDim, headDim, epsilon);
  k.ifThen(isKey, [&] {
    k.forLoop(k.threadId(), pairs, stride, [&](Val pair) {
      const HeadPair rotated = rotatedPair(k, own, factor, weight, angles, pair, pairs);
      k.ifThen(isQuery, [&] {
        k.storeFloat(rotated.low, out, pair);
        k.storeFloat(rotated.high, out, pairs + pair);
      });
      k.ifThen(block >= queryHeads, [&] {
        caches.storeKey(pair, rotated.low, keyStep);
        caches.storeKey(pairs + pair, rotated.high, keyStep);
      });
    });
  });
  k.ifThen(block >= queryHeads + kvHeads, [&] {
    k.forLoop(k.threadId(), headDim, stride,
              [&](Val d) { caches.storeValue(d, k.load(k.f32Type(), own, d * 4) * factor, valueStep); });
  });
}

} // namespace

void addKvAppendKernels(KernelList &list) {
  for (lap_format format : {LAP_F32, LAP_BF16, LAP_I8}) {
    const std::string dtype(formatName(format));
    list.push_back({dtype + "-kv_append-1x128-cuda", blockColumns, {blockColumns, 1}, 0, [=](KernelBuilder &k) {
                      buildKvAppend(k, format);
                    }});
    list.push_back({dtype + "-kv_norm_append-1x256-cuda", normThreads, {1, 1}, 0, [=](KernelBuilder &k) {
                      buildKvNormAppend(k, format);
                    }});
  }
}

} // namespace lapidary::cuda
