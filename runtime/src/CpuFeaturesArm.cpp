//===- CpuFeaturesArm.cpp - features of 64-bit ARM by getauxval ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernel's words and bits: Documentation/arch/arm64/elf_hwcaps.rst, arch/arm64/include/uapi/asm/hwcap.h.
//===----------------------------------------------------------------------===//
#if defined(__aarch64__)

#include "runtime/src/CpuFeatures.h"

#include <string.h>
#include <sys/auxv.h>

namespace lap {

namespace {

struct Feature {
  const char *name; // as /proc/cpuinfo spells it
  unsigned long word;
  uint8_t bit;
};

constexpr Feature Features[] = {
    {"fp", AT_HWCAP, 0},        {"asimd", AT_HWCAP, 1},    {"aes", AT_HWCAP, 3},       {"pmull", AT_HWCAP, 4},
    {"sha1", AT_HWCAP, 5},      {"sha2", AT_HWCAP, 6},     {"crc32", AT_HWCAP, 7},     {"atomics", AT_HWCAP, 8},
    {"fphp", AT_HWCAP, 9},      {"asimdhp", AT_HWCAP, 10}, {"asimdrdm", AT_HWCAP, 12}, {"fcma", AT_HWCAP, 14},
    {"sha3", AT_HWCAP, 17},     {"asimddp", AT_HWCAP, 20}, {"sha512", AT_HWCAP, 21},   {"sve", AT_HWCAP, 22},
    {"asimdfhm", AT_HWCAP, 23}, {"sve2", AT_HWCAP2, 1},    {"svei8mm", AT_HWCAP2, 9},  {"svebf16", AT_HWCAP2, 12},
    {"i8mm", AT_HWCAP2, 13},    {"bf16", AT_HWCAP2, 14},
};

} // namespace

bool cpuHasFeature(const char *name, size_t bytes) {
  for (const Feature &feature : Features) {
    if (strlen(feature.name) == bytes && memcmp(feature.name, name, bytes) == 0) {
      return getauxval(feature.word) >> feature.bit & 1;
    }
  }
  return false;
}

} // namespace lap

#endif
