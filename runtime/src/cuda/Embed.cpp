//===- Embed.cpp - lap_gpu_embed and lap_gpu_select_last -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Matrices (tied with lm_head) are on the GPU. Tables are not: the host has gathered the rows that this call needs, and
// the kernel reads them one after another.
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

namespace {

void collect(Tables &tables, const lap_embed_args *args) {
  if (tables.count < MaxTables) {
    tables.ops[tables.count] = args;
  }
  ++tables.count;
}

/// The rows that were gathered for this op.
Address gathered(const Call &call, const lap_embed_args *args) {
  uint32_t i = 0;
  while (call.tables->ops[i] != args) {
    ++i; // found at the latest where collect put it
  }
  return call.tableBlock[i];
}

} // namespace

extern "C" void lap_gpu_embed(const lap_step *step, const lap_embed_args *args, lap_kernel *embed, uint32_t, uint32_t) {
  const Call &call = callOf(step);
  if (call.collected) {
    return args->tiled ? void() : collect(*call.collected, args);
  }
  const lap_weight &table = args->table;
  const Address from = args->tiled ? addressOf(step, table) : gathered(call, args);
  const Address ids = args->tiled ? idsOf(step, args->out) : 0;
  launch<Embed>(step, embed, columnGrid(embed, table.columns, rowsOf(step, args->out)), from, table.tile_bytes, ids,
                addressOf(step, args->out), args->out.row_bytes, table.columns, table.scale_columns, args->scale);
}

extern "C" void lap_gpu_select_last(const lap_step *step, const lap_select_last_args *args, uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const Address last = addressOf(step, x) + uint64_t(rowsOf(step, x) - 1) * x.row_bytes;
  copy(step, addressOf(step, out), last, x.row_bytes < out.row_bytes ? x.row_bytes : out.row_bytes);
}
