// SharedLibrary.cpp - kernels under test from a shared library.
// SPDX-License-Identifier: Apache-2.0
#include "targets/common/conformance/Library.h"

#include <cstdio>
#include <dlfcn.h>

namespace lapidary::conformance {

static void *handle = nullptr;

bool openLibrary(const std::string &path) {
  handle = dlopen(path.c_str(), RTLD_NOW);
  if (!handle) {
    std::fprintf(stderr, "error: cannot load kernels: %s\n", dlerror());
  }
  return handle != nullptr;
}

void *findKernel(const std::string &symbol) { return dlsym(handle, symbol.c_str()); }

} // namespace lapidary::conformance
