// Bf16AttentionKernel.cpp - attention over bf16 caches, in libkernels_<isa>.a.
// SPDX-License-Identifier: Apache-2.0
#include "targets/x86/kernels/Bf16AttentionSlice.h"

using lap::B;

extern "C" int LAPIDARY_SYMBOL(bf16_attention_slice_8x16, LAPIDARY_ISA)(B query, B key, B value, B low, B high,
                                                                        int32_t position, int32_t firstBlock,
                                                                        int32_t blocks, int32_t ringBlocks, B maximum,
                                                                        B total, B sum) {
  return lap::x86::attentionSlice<lap::x86::Bf16Sums>(query, nullptr, key, value, low, high, position, firstBlock,
                                                      blocks, ringBlocks, maximum, total, sum);
}
