// Library.cpp - the shared library of kernels under test, and the suite's main.
// SPDX-License-Identifier: Apache-2.0
//
// usage: kernel-conformance --kernels=PATH.so --isa=NAME [--features=a,b,c] [GoogleTest options]
#include "targets/common/conformance/Library.h"

#include "targets/common/conformance/Harness.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace lapidary::conformance {

namespace {
struct {
  void *handle = nullptr;
  std::string isa, skip;
} library;

/// The words of the first "flags" (x86) or "Features" (ARM) line.
std::string cpuFlags() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("flags", 0) == 0 || line.rfind("Features", 0) == 0) {
      return line.substr(line.find(':') + 1) + " ";
    }
  }
  return {};
}
} // namespace

bool loadLibrary(const std::string &path, const std::string &isa, const std::string &features) {
  library.isa = isa;
  std::stringstream wanted(features);
  const std::string flags = cpuFlags();
  for (std::string feature; std::getline(wanted, feature, ',');) {
    if (flags.find(" " + feature + " ") == std::string::npos) {
      library.skip = "this CPU lacks " + feature;
    }
  }
  library.handle = dlopen(path.c_str(), RTLD_NOW);
  if (!library.handle) {
    std::fprintf(stderr, "error: cannot load kernels: %s\n", dlerror());
  }
  return library.handle != nullptr;
}

lap_kernel *kernel(KernelOp op, lap_format format) {
  const std::string symbol = kernelSymbol(kernelName(op, format, library.isa));
  void *found = dlsym(library.handle, symbol.c_str());
  if (!found) {
    std::fprintf(stderr, "error: the kernel library has no '%s'\n", symbol.c_str());
    std::exit(1);
  }
  return reinterpret_cast<lap_kernel *>(found);
}

const std::string &skipReason() { return library.skip; }

} // namespace lapidary::conformance

int main(int count, char **words) {
  testing::InitGoogleTest(&count, words);
  std::string path, isa, features;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word.rfind("--kernels=", 0) == 0) {
      path = word.substr(10);
    } else if (word.rfind("--isa=", 0) == 0) {
      isa = word.substr(6);
    } else if (word.rfind("--features=", 0) == 0) {
      features = word.substr(11);
    }
  }
  if (path.empty() || isa.empty()) {
    std::fprintf(stderr, "usage: %s --kernels=PATH.so --isa=NAME [--features=a,b,c]\n", words[0]);
    return 2;
  }
  return lapidary::conformance::loadLibrary(path, isa, features) ? RUN_ALL_TESTS() : 1;
}
