//===- MutationTest.cpp - damaged headers never crash the parser -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Seeded, structure-aware: most mutations keep the text almost JSON, so that they reach the checks behind the lexer.
// Run it in the asan-ubsan preset to look for memory errors. LAPIDARY_SEED repeats a run.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/HeaderParser.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

using namespace lapidary;

namespace {

constexpr uint64_t dataBytes = 64;
const char *const seedHeader =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"I64","shape":[],"data_offsets":[32,40]},)"
    R"("d":{"dtype":"U8","shape":[0,7],"data_offsets":[40,40]},"e":{"dtype":"U8","shape":[24],"data_offsets":[40,64]}})";

const char *const tokens[] = {"{",
                              "}",
                              "[",
                              "]",
                              ",",
                              ":",
                              "\"",
                              "\"a\"",
                              "\"dtype\"",
                              "\"F32\"",
                              "\"BF16\"",
                              "0",
                              "1",
                              "-1",
                              "1.5",
                              "null",
                              "true",
                              "1e308",
                              "4294967296",
                              "18446744073709551615",
                              "18446744073709551616",
                              "\\u0061",
                              "\\u0000",
                              " ",
                              "\n",
                              "\xff",
                              "\"\"",
                              "\"__metadata__\"",
                              "\"shape\"",
                              "\"data_offsets\"",
                              "40",
                              "64"};

using Random = std::mt19937_64;

size_t below(Random &random, size_t bound) { return static_cast<size_t>(random() % bound); }

/// Start and end of a random run of digits, or an empty range when there is none near.
std::pair<size_t, size_t> someNumber(const std::string &text, Random &random) {
  size_t start = text.find_first_of("0123456789", below(random, text.size()));
  if (start == std::string::npos) {
    return {0, 0};
  }
  return {start, std::min(text.find_first_not_of("0123456789", start), text.size())};
}

void mutate(std::string &text, Random &random) {
  size_t at = below(random, text.size());
  const char *token = tokens[below(random, std::size(tokens))];
  switch (below(random, 7)) {
  case 0:
    text[at] = static_cast<char>(random());
    break;
  case 1:
    text.insert(at, token);
    break;
  case 2:
    text.erase(at, 1 + below(random, 8));
    break;
  case 3: // another number
    if (auto [start, end] = someNumber(text, random); end > start) {
      text.replace(start, end - start, std::to_string(below(random, 2) ? below(random, 80) : random()));
    }
    break;
  case 4: // a token in place of a number
    if (auto [start, end] = someNumber(text, random); end > start) {
      text.replace(start, end - start, token);
    }
    break;
  case 5: // a piece twice
    text.insert(at, text.substr(below(random, text.size()), 1 + below(random, 60)));
    break;
  default:
    text.resize(std::max<size_t>(1, text.size() - below(random, 4)));
    break;
  }
  if (text.empty()) {
    text = "{";
  }
}

/// What parseSafetensorsHeader promises about a header it accepts.
void expectSound(const std::vector<TensorInfo> &tensors) {
  uint64_t total = 0;
  for (const TensorInfo &tensor : tensors) {
    ASSERT_LE(tensor.begin, tensor.end);
    ASSERT_LE(tensor.end, dataBytes);
    ASSERT_LE(tensor.shape.size(), 8u);
    total += tensor.end - tensor.begin;
  }
  ASSERT_EQ(total, dataBytes) << "the data is covered exactly once";
}

} // namespace

TEST(HeaderMutation, NeverCrashesAndNeverAcceptsAnUnsoundHeader) {
  const char *wanted = std::getenv("LAPIDARY_SEED");
  uint64_t seed = wanted ? std::strtoull(wanted, nullptr, 0) : 20240601;
  std::printf("seed %llu (LAPIDARY_SEED=%llu repeats)\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  Random random(seed);
  unsigned accepted = 0, rejected = 0;
  for (unsigned round = 0; round < 60000; ++round) {
    std::string text = seedHeader;
    for (size_t i = below(random, 4); i != ~size_t(0); --i) {
      mutate(text, random);
    }
    Diagnostics diagnostics;
    auto tensors = parseSafetensorsHeader(text, dataBytes, "mutant", diagnostics);
    ASSERT_EQ(tensors.has_value(), !diagnostics.hadError()) << text;
    ASSERT_LE(diagnostics.all().size(), 40u);
    if (tensors) {
      expectSound(*tensors);
    }
    ++(tensors ? accepted : rejected);
  }
  EXPECT_GT(accepted, 200u) << "mutants must reach the accepting path too";
  EXPECT_GT(rejected, 20000u);
}
