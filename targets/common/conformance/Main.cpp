// Main.cpp - the suite's command line.
// SPDX-License-Identifier: Apache-2.0
//
// usage: kernel-conformance [--kernels=PATH.so] --isa=NAME [--features=a,b,c] [--integers=signed|offset]
// [--floats=reordered|own] [--slow] [GoogleTest options]
// --kernels: unless they are linked in. --features: names of /proc/cpuinfo; without all of them the tests are skipped.
#include "runtime/src/CpuFeatures.h"
#include "targets/common/conformance/Harness.h"
#include "targets/common/conformance/Library.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sstream>

namespace lapidary::conformance {

static std::string isa, skip;
static IntegerCode code = IntegerCode::Offset;
static bool sameBits = true, roundsOnItsOwn = false, slow = false;

lap_kernel *kernel(KernelOp op, lap_format format) {
  const std::string symbol = kernelSymbol(kernelName(op, format, isa));
  void *found = findKernel(symbol);
  if (!found) {
    std::fprintf(stderr, "error: the kernel library has no '%s'\n", symbol.c_str());
    std::exit(1);
  }
  return reinterpret_cast<lap_kernel *>(found);
}

const std::string &skipReason() { return skip; }

IntegerCode integerCode() { return code; }
bool definedBits() { return sameBits; }
bool ownRounding() { return roundsOnItsOwn; }
bool slowMachine() { return slow; }

static void requireFeatures(const std::string &features) {
  std::stringstream wanted(features);
  for (std::string feature; std::getline(wanted, feature, ',');) {
    if (!lap::cpuHasFeature(feature.data(), feature.size())) {
      skip = "this CPU lacks " + feature;
    }
  }
}

} // namespace lapidary::conformance

int main(int count, char **words) {
  using namespace lapidary::conformance;
  testing::InitGoogleTest(&count, words);
  std::string path;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word.rfind("--kernels=", 0) == 0) {
      path = word.substr(10);
    } else if (word.rfind("--isa=", 0) == 0) {
      isa = word.substr(6);
    } else if (word.rfind("--features=", 0) == 0) {
      requireFeatures(word.substr(11));
    } else if (word == "--integers=signed") {
      code = lapidary::IntegerCode::Signed;
    } else if (word == "--floats=reordered" || word == "--floats=own") {
      sameBits = false;
      roundsOnItsOwn = word == "--floats=own";
    } else if (word == "--slow") {
      slow = true;
    }
  }
  if (isa.empty()) {
    std::fprintf(stderr,
                 "usage: %s [--kernels=PATH.so] --isa=NAME [--features=a,b,c] [--integers=signed|offset] "
                 "[--floats=reordered|own] [--slow]\n",
                 words[0]);
    return 2;
  }
  return openLibrary(path) ? RUN_ALL_TESTS() : 1;
}
