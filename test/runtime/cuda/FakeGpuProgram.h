//===- FakeGpuProgram.h - the fake program's kernels -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The fake program (test/runtime/FakeProgram.h) on a fake GPU: its functions launch the kernels below, which the fake
// libcuda runs in the same process. The GPU's memory is the host's, so a kernel is a function of addresses.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_RUNTIME_CUDA_FAKEGPUPROGRAM_H
#define LAPIDARY_TEST_RUNTIME_CUDA_FAKEGPUPROGRAM_H

#include "runtime/src/cuda/Kernels.h"
#include "test/runtime/FakeProgram.h"

/// fakePredict of all rows. `reach` must be above the positions of all of them, and `gathered` have the tokens' rows of
/// the fake's table.
using FakePredict = void(uint64_t ids, uint64_t places, int32_t tokens, uint64_t arena, int32_t reach,
                         uint64_t gathered);
/// fakeLogits of `rows` rows from `first` on.
using FakeLogits = void(uint64_t arena, uint64_t weights, uint64_t logits, int32_t first, int32_t rows);
/// fake_embed, fake_logit_maxima, fake_logit_search and fake_logit_weigh are those of Kernels.h; the maxima are left
/// undone, and the search finds the FakeFound largest logits and what equals the last.

enum {
  FakeTableOffset = 50016, // behind the resident weights
  FakeTableRowBytes = 67,  // odd: the rows of all ids differ
  FakeGpuCapability = 80,
  FakeFound = 24
};

#endif // LAPIDARY_TEST_RUNTIME_CUDA_FAKEGPUPROGRAM_H
