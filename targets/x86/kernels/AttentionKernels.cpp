// AttentionKernels.cpp - attention over bf16 and int8 caches, in libkernels_<isa>.a.
// SPDX-License-Identifier: Apache-2.0
//
// LAPIDARY_ISA, of the command line, is the last word of the symbol that kernelSymbol(kernelName(..)) gives
// (targets/common/KernelNames.h).
#include "targets/x86/kernels/Bf16AttentionSlice.h"
#include "targets/x86/kernels/I8AttentionSlice.h"

#define LAPIDARY_JOINED(name, isa) name##_##isa
#define LAPIDARY_SYMBOL(name, isa) LAPIDARY_JOINED(name, isa)

using lap::B;

extern "C" int LAPIDARY_SYMBOL(bf16_attention_slice_8x16, LAPIDARY_ISA)(B query, B key, B value, B low, B high,
                                                                        int32_t position, int32_t firstBlock,
                                                                        int32_t blocks, int32_t ringBlocks, B maximum,
                                                                        B total, B sum) {
  return lap::x86::attentionSlice<lap::x86::Bf16Sums>(query, nullptr, key, value, low, high, position, firstBlock,
                                                      blocks, ringBlocks, maximum, total, sum);
}

extern "C" int LAPIDARY_SYMBOL(i8_attention_slice_8x16, LAPIDARY_ISA)(B query, B queryStep, B key, B value, B low,
                                                                      B high, int32_t position, int32_t firstBlock,
                                                                      int32_t blocks, int32_t ringBlocks, B maximum,
                                                                      B total, B sum) {
  return lap::x86::attentionSlice<lap::x86::I8Sums>(query, queryStep, key, value, low, high, position, firstBlock,
                                                    blocks, ringBlocks, maximum, total, sum);
}
