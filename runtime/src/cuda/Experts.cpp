//===- Experts.cpp - GPU drivers of mixtures of experts --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Routing, the sort by expert and the products stay on the GPU: the host never knows which experts a token has, so the
// grids are those of the worst case (Kernels.h).
//===----------------------------------------------------------------------===//
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

namespace {

constexpr uint32_t FewTokens = 8; // an expert has at most one row of each, which share a block of matvec

} // namespace

extern "C" void lap_gpu_route(const lap_step *step, const lap_route_args *args, lap_kernel *route, uint32_t, uint32_t) {
  const lap_buffer &logits = args->logits, &weights = args->weights, &indices = args->indices;
  launch<Route>(step, route, {1, rowsOf(step, logits)}, addressOf(step, logits), logits.row_bytes,
                addressOf(step, weights), weights.row_bytes, addressOf(step, indices), indices.row_bytes,
                addressOf(step, args->expert_scale), args->experts, args->top_k, weights.columns);
}

extern "C" void lap_gpu_sort_experts(const lap_step *step, const lap_sort_experts_args *args, lap_kernel *sort_experts,
                                     uint32_t, uint32_t) {
  launch<SortExperts>(step, sort_experts, {1, 1}, addressOf(step, args->indices), args->indices.row_bytes,
                      addressOf(step, args->order), args->experts, args->top_k, rowsOf(step, args->indices));
}

extern "C" void lap_gpu_expert_matmul(const lap_step *step, const lap_expert_matmul_args *args, lap_kernel *matvec,
                                      lap_kernel *matmat, uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &out = args->out;
  const lap_weight &w = args->w;
  const uint32_t rows = rowsOf(step, out), tiles = w.rows / LAP_ROW_TILE;
  const bool few = step->tokens <= FewTokens;
  lap_kernel *kernel = few ? matvec : formFor(step, matmat, rows / args->experts); // of an expert, on average
  const Grid grid = {ceilDivide(tiles, tileOf(kernel, 0) / LAP_ROW_TILE),
                     few ? rows : ceilDivide(rows, tileOf(kernel, 1)) + args->experts};
  launch<ExpertMatmul>(step, kernel, grid, addressOf(step, x), x.row_bytes, addressOf(step, w), w.tile_bytes,
                       w.expert_bytes, w.columns, tiles, addressOf(step, args->order), args->experts,
                       args->rows_per_source, addressOf(step, out), out.row_bytes, rows);
  zeroPadding(step, out, w.rows);
}

extern "C" void lap_gpu_combine_experts(const lap_step *step, const lap_combine_experts_args *args, lap_kernel *combine,
                                        uint32_t, uint32_t) {
  const lap_buffer &x = args->x, &weights = args->weights, &out = args->out;
  launch<CombineExperts>(step, combine, columnGrid(combine, out.columns, rowsOf(step, out)), addressOf(step, x),
                         x.row_bytes, addressOf(step, weights), weights.row_bytes, addressOf(step, out), out.row_bytes,
                         out.columns, args->top_k);
}
