// Isa.cpp - the x86-64 instruction set levels kernels are built for.
// SPDX-License-Identifier: Apache-2.0
//
// avx2 is x86-64-v3, avx512 is x86-64-v4, vnni adds avx512vnni (Ice Lake server, Zen 4 and later).
#include "targets/x86/schedules/Schedules.h"

namespace lapidary::x86 {

namespace {
constexpr X86Isa levels[] = {
    {"avx2", "sse41-avx-f16c-fma-avx2", 8, ByteProducts::Pairs, 4},
    {"avx512", "sse41-avx-f16c-fma-avx2-avx512-avx512_skylake", 16, ByteProducts::Pairs, 8},
    {"vnni", "sse41-avx-f16c-fma-avx2-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4", 16, ByteProducts::Fours, 8},
};
} // namespace

const X86Isa *findIsa(std::string_view name) {
  for (const X86Isa &isa : levels) {
    if (isa.name == name) {
      return &isa;
    }
  }
  return nullptr;
}

} // namespace lapidary::x86
