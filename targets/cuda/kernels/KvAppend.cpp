//===- KvAppend.cpp - keys and values into their caches ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A block has one K/V head of one row, a thread every 128th column. Per row and head 8 head_dim bytes are read and
// 2 head_dim elements written; keys go to every 16th element, a 32-byte sector each, so a row of a head of 512 columns
// in bf16 writes 16 KiB of sectors for 1 KiB of keys: nothing beside the layer's weights, and neighbouring rows of a
// call share them in L2. Limited by launch.
//===----------------------------------------------------------------------===//
#include "targets/cuda/kernels/CacheOperands.h"
#include "targets/cuda/kernels/KernelList.h"
#include "targets/cuda/kernels/Math.h"

namespace lapidary::cuda {

namespace {

constexpr unsigned blockColumns = 128;

Val toElement(KernelBuilder &k, lap_format format, Val value, Val step) {
  return format == LAP_F32 ? value : format == LAP_BF16 ? toBf16(k, value) : toInt8(k, value, step);
}

void buildKvAppend(KernelBuilder &k, lap_format format) {
  Val key = k.address(), keyBytes = k.int32(), value = k.address(), valueBytes = k.int32(), places = k.address();
  Val keyOffset = k.int64(), valueOffset = k.int64(), slots = k.int32(), headDim = k.int32();
  Val keyStep = k.float32(), valueStep = k.float32();
  const Val row = k.blockY(), head = k.blockX();
  const RowPlace place = loadPlace(k, places, row);
  const Val slot = place.position % slots;
  const Val headStart = toInt(head, 64) * toInt(slots, 64) * toInt(headDim, 64) * elementBytes(format);
  const Val keys = place.caches + keyOffset + headStart, values = place.caches + valueOffset + headStart;
  const Val keyRow = k.row(key, keyBytes, row), valueRow = k.row(value, valueBytes, row);
  k.forLoop(k.threadId(), headDim, k.i32(blockColumns), [&](Val d) {
    const Val from = head * headDim + d;
    const Val keyAt = (slot / LAP_ROW_TILE * headDim + d) * LAP_ROW_TILE + slot % LAP_ROW_TILE;
    const Val valueAt = (d / LAP_ROW_TILE * slots + slot) * LAP_ROW_TILE + d % LAP_ROW_TILE;
    k.store(toElement(k, format, k.loadFloat(keyRow, from), keyStep), keys, keyAt * elementBytes(format));
    k.store(toElement(k, format, k.loadFloat(valueRow, from), valueStep), values, valueAt * elementBytes(format));
  });
}

} // namespace

void addKvAppendKernels(KernelList &list) {
  auto add = [&](const char *name, lap_format format) {
    list.push_back({name, blockColumns, {blockColumns, 1}, 0, [=](KernelBuilder &k) { buildKvAppend(k, format); }});
  };
  add("f32-kv_append-1x128-cuda", LAP_F32);
  add("bf16-kv_append-1x128-cuda", LAP_BF16);
  add("i8-kv_append-1x128-cuda", LAP_I8);
}

} // namespace lapidary::cuda
