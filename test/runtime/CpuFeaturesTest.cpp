//===- CpuFeaturesTest.cpp - what this machine has, what a program needs --===//
// SPDX-License-Identifier: Apache-2.0
//
// The kernel's list is the reference.
//===----------------------------------------------------------------------===//
#include "runtime/src/CpuFeatures.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <vector>

using namespace lap;

TEST(CpuFeatures, NamesEveryMissingFeatureAndTheCommand) {
  lap_error error{};
  auto hasSse = [](const char *name, size_t bytes) { return std::string(name, bytes) == "sse2"; };
  EXPECT_EQ(checkCpuFeatures("sse2", "t", hasSse, &error), LAP_OK);
  EXPECT_EQ(checkCpuFeatures("", "t", hasSse, &error), LAP_OK);
  EXPECT_EQ(checkCpuFeatures("sse2 avx512f  avx512_vnni", "x86_64-linux+znver4", hasSse, &error), LAP_UNSUPPORTED_CPU);
  const std::string message = error.message;
  EXPECT_NE(message.find("(x86_64-linux+znver4): avx512f avx512_vnni;"), std::string::npos) << message;
  EXPECT_NE(message.find("lapidary compile MODEL_DIR -o OUT --target=native"), std::string::npos) << message;
}

TEST(CpuFeatures, AgreesWithTheKernel) {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line) && line.rfind("flags", 0) != 0) {
  }
  std::istringstream words(line);
  std::vector<std::string> flags{std::istream_iterator<std::string>(words), {}};
  int compared = 0;
  for (const char *name :
       {"sse2",       "ssse3",       "sse4_2",      "popcnt",   "avx",      "avx2",     "fma",
        "f16c",       "bmi1",        "bmi2",        "abm",      "avx512f",  "avx512bw", "avx512vl",
        "avx512vbmi", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "gfni",     "avx512_fp16"}) {
    bool kernel = std::find(flags.begin(), flags.end(), name) != flags.end();
    EXPECT_EQ(cpuHasFeature(name, strlen(name)), kernel) << name;
    ++compared;
  }
  EXPECT_GT(compared, 20);
  EXPECT_FALSE(cpuHasFeature("no_such_feature", 15));
}
