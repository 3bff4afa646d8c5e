// I8AttentionKernel.cpp - attention over int8 caches, in libkernels_<isa>.a.
// SPDX-License-Identifier: Apache-2.0
#include "targets/x86/kernels/I8AttentionSlice.h"

using lap::B;

extern "C" int LAPIDARY_SYMBOL(i8_attention_slice_8x16, LAPIDARY_ISA)(B query, B queryStep, B key, B value, B low,
                                                                      B high, int32_t position, int32_t firstBlock,
                                                                      int32_t blocks, int32_t ringBlocks, B maximum,
                                                                      B total, B sum) {
  return lap::x86::attentionSlice<lap::x86::I8Sums>(query, queryStep, key, value, low, high, position, firstBlock,
                                                    blocks, ringBlocks, maximum, total, sum);
}
