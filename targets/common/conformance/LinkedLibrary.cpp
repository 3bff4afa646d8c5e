// LinkedLibrary.cpp - kernels under test that are linked into the suite.
// SPDX-License-Identifier: Apache-2.0
//
// The table is written by test/targets/kernels/kernel_table.py from the symbols of the objects.
#include "targets/common/conformance/Library.h"

#include <cstdio>
#include <cstring>

extern "C" {
struct lap_linked_kernel {
  const char *symbol;
  void (*kernel)(void);
};
extern const lap_linked_kernel lap_linked_kernels[]; // ends with a null symbol
}

namespace lapidary::conformance {

bool openLibrary(const std::string &path) {
  if (!path.empty()) {
    std::fprintf(stderr, "error: this suite has its kernels linked in; --kernels=%s has no meaning\n", path.c_str());
  }
  return path.empty();
}

void *findKernel(const std::string &symbol) {
  for (const lap_linked_kernel *entry = lap_linked_kernels; entry->symbol; ++entry) {
    if (symbol == entry->symbol) {
      return reinterpret_cast<void *>(entry->kernel);
    }
  }
  return nullptr;
}

} // namespace lapidary::conformance
