//===- FakeGpuProgram.cpp - the fake program's functions on a GPU ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the compiler emits for a GPU program: constant kernels and arguments, functions that call drivers. See
// FakeGpuProgram.h.
//===----------------------------------------------------------------------===//
#include "test/runtime/cuda/FakeGpuProgram.h"
#include "runtime/src/cuda/Launch.h"

using namespace lap::cuda;

namespace {

const lap_gpu_kernel PredictKernel = {"fake_predict", 0, 32, 0, {1, 1}, 0, nullptr};
const lap_gpu_kernel LogitsKernel = {"fake_logits", 1, 32, 0, {1, 1}, 0, nullptr};
const lap_gpu_kernel EmbedKernel = {"fake_embed", 2, 32, 49152 + 1024, {32, 1}, 0, nullptr};
const lap_gpu_kernel MaximaKernel = {"fake_logit_maxima", 3, 32, 0, {32, 1}, 0, nullptr};
const lap_gpu_kernel SearchKernel = {"fake_logit_search", 4, 32, 0, {32, 1}, 0, nullptr};
const lap_gpu_kernel WeighKernel = {"fake_logit_weigh", 5, 32, 0, {32, 1}, 0, nullptr};
const lap_gpu_kernel ExactKernel = {"fake_exact", 6, 32, 0, {1, 1}, 0, nullptr}; // never launched
const lap_gpu_kernel *const Kernels[] = {&PredictKernel, &LogitsKernel, &EmbedKernel, &MaximaKernel,
                                         &SearchKernel,  &WeighKernel,  &ExactKernel};
const char Ptx[] = ".version 7.0\n.target sm_80\n", ExactPtx[] = ".version 8.0\n.target sm_90a\n";
const lap_gpu_image Images[] = {{"cubin", 5, 90, 0},
                                {ExactPtx, sizeof(ExactPtx), 90, LAP_GPU_PTX | LAP_GPU_EXACT | LAP_GPU_WAITS},
                                {Ptx, sizeof(Ptx), FakeGpuCapability, LAP_GPU_PTX}};

const lap_embed_args AllRows = {{0, 32, 128, 1, 0, LAP_ARENA, LAP_ROWS_F32},
                                {FakeTableOffset, 0, FakeTableRowBytes, FakeVocab, 32, LAP_BF16, 0},
                                0,
                                1};
const lap_embed_args LastRow = {{0, 32, 128, 0, 1, LAP_ARENA, LAP_ROWS_F32},
                                {FakeTableOffset, 0, FakeTableRowBytes, FakeVocab, 32, LAP_BF16, 0},
                                0,
                                1};

lap_kernel *use(const lap_gpu_kernel &kernel) {
  return reinterpret_cast<lap_kernel *>(const_cast<lap_gpu_kernel *>(&kernel));
}

void predict(const lap_step *step) {
  const Call &call = callOf(step);
  launch<FakePredict>(step, use(PredictKernel), {1, 1}, call.idBlock, call.placeBlock, step->tokens,
                      reinterpret_cast<uint64_t>(step->arena), call.reach, call.tableBlock[0]);
}

void logits(const lap_step *step, uint32_t first, uint32_t rows) {
  launch<FakeLogits>(step, use(LogitsKernel), {rows, 1}, reinterpret_cast<uint64_t>(step->arena),
                     reinterpret_cast<uint64_t>(step->weights), reinterpret_cast<uint64_t>(step->logits), first, rows);
}

} // namespace

extern "C" {

const lap_gpu_module lap_gpu_module_data = {Kernels, Images, 7, 3, 1, 0, &MaximaKernel, &SearchKernel, &WeighKernel};

void lap_program_extend(const lap_step *step, uint32_t lane, uint32_t lanes) {
  lap_gpu_embed(step, &AllRows, use(EmbedKernel), lane, lanes);
  predict(step);
}

void lap_program_step(const lap_step *step, uint32_t lane, uint32_t lanes) {
  lap_gpu_embed(step, &AllRows, use(EmbedKernel), lane, lanes);
  predict(step);
  lap_gpu_embed(step, &LastRow, use(EmbedKernel), lane, lanes);
  logits(step, step->tokens - 1, 1);
}

void lap_program_score(const lap_step *step, uint32_t lane, uint32_t lanes) {
  lap_gpu_embed(step, &AllRows, use(EmbedKernel), lane, lanes);
  predict(step);
  logits(step, 0, step->tokens);
}
}
