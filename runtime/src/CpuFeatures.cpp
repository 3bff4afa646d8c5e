//===- CpuFeatures.cpp - the missing-feature message ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// x86-64 and 64-bit ARM ask the CPU or the kernel, each in a file of its own; on other architectures the kernel's list
// in /proc/cpuinfo is read.
//===----------------------------------------------------------------------===//
#include "runtime/src/CpuFeatures.h"
#include "runtime/src/Error.h"

#include <stdio.h>
#include <string.h>

namespace lap {

#if !defined(__x86_64__) && !defined(__aarch64__)

bool cpuHasFeature(const char *name, size_t bytes) {
  FILE *file = fopen("/proc/cpuinfo", "re");
  bool found = false;
  char word[64];
  while (file && !found && fscanf(file, "%63s", word) == 1) {
    found = strlen(word) == bytes && memcmp(word, name, bytes) == 0;
  }
  if (file) {
    fclose(file);
  }
  return found;
}

#endif

lap_status checkCpuFeatures(const char *required, const char *target, FeatureTest *has, lap_error *error) {
  char missing[256] = "";
  size_t used = 0;
  for (const char *name = required; *name;) {
    size_t bytes = strcspn(name, " ");
    if (bytes != 0 && !has(name, bytes) && used + bytes + 2 < sizeof(missing)) {
      used += static_cast<size_t>(snprintf(missing + used, sizeof(missing) - used, " %.*s", int(bytes), name));
    }
    name += bytes + (name[bytes] == ' ');
  }
  if (used == 0) {
    return LAP_OK;
  }
  return fail(error, LAP_UNSUPPORTED_CPU,
              "this CPU lacks features the program was compiled for (%s):%s; compile it for this machine: "
              "lapidary compile MODEL_DIR -o OUT --target=native",
              target, missing);
}

} // namespace lap
