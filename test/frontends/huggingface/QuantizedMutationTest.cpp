//===- QuantizedMutationTest.cpp - damaged quantized checkpoints never crash -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Seeded mutations of quantization_config and of the tensor list with its values, over both formats. What is accepted
// must be safe to pack: every read stays inside its tensor. Run it in the asan-ubsan preset to look for memory errors.
// LAPIDARY_SEED repeats a run.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/StorageSummary.h"
#include "test/frontends/TinyCheckpoint.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace lapidary;
using namespace lapidary::test;

namespace {

using Random = std::mt19937_64;

constexpr unsigned rounds = 1500;

size_t below(Random &random, size_t bound) { return static_cast<size_t>(random() % bound); }

Random seeded() {
  const char *wanted = std::getenv("LAPIDARY_SEED");
  uint64_t seed = wanted ? std::strtoull(wanted, nullptr, 0) : 20261124;
  std::printf("seed %llu (LAPIDARY_SEED repeats)\n", static_cast<unsigned long long>(seed));
  return Random(seed);
}

const char *const pieces[] = {"null", "true",   "-1",        "0",           "2",      "3",   "4",    "8",
                              "16",   "1e300",  "\"",        "\"4\"",       "{}",     "[]",  "(",    ")",
                              "[",    "(?!x)",  "\\\\d",     "\\\\",        ".*",     "a*",  "|",    "{1000}",
                              "re:",  "Linear", "\"re:.*\"", "$",           "^",      "lm_", "\xff", "32",
                              "48",   "group",  "channel",   "audio_tower", "\\u0000"};

/// Keeps most texts JSON, so that the rules are reached.
void mutateText(std::string &text, Random &random) {
  size_t at = below(random, text.size());
  const std::string piece = pieces[below(random, std::size(pieces))];
  switch (below(random, 5)) {
  case 0:
    text[at] = static_cast<char>(random());
    break;
  case 1:
    text.insert(at, piece);
    break;
  case 2:
    text.erase(at, 1 + below(random, 6));
    break;
  case 3: { // another value after a colon
    size_t colon = text.find(':', at), end = text.find_first_of(",}", colon);
    if (end != std::string::npos) {
      text.replace(colon + 1, end - colon - 1, piece);
    }
    break;
  }
  default: { // another name between quotes
    size_t quote = text.find('"', at), end = text.find('"', quote + 1);
    if (quote != std::string::npos && end != std::string::npos) {
      text.insert(quote + 1 + below(random, end - quote), piece);
    }
    break;
  }
  }
}

void mutateTensor(TinyModel &model, Random &random) {
  static const char *const types[] = {"U8", "I8", "I32", "I64", "F32", "BF16", "F16"};
  const float numbers[] = {0, -1, 1, std::nanf(""), std::numeric_limits<float>::infinity(), 1e-45f};
  TinyTensor &tensor = model.tensors[below(random, model.tensors.size())];
  switch (below(random, 7)) {
  case 0:
    tensor.dtype = types[below(random, std::size(types))];
    break;
  case 1:
    if (!tensor.shape.empty()) {
      tensor.shape[below(random, tensor.shape.size())] = below(random, 40);
    }
    break;
  case 2:
    tensor.shape.resize(below(random, 4), 1 + below(random, 4));
    break;
  case 3:
    tensor.name += ".weight_packed";
    break;
  case 4: // another tensor's values
    tensor.bytes = model.tensors[below(random, model.tensors.size())].bytes;
    break;
  case 5:
    tensor.bytes = f32Bytes(numbers[below(random, std::size(numbers))], 1 + below(random, 20));
    break;
  default:
    model.tensors.erase(model.tensors.begin() + static_cast<std::ptrdiff_t>(below(random, model.tensors.size())));
    break;
  }
}

void expectSoundStorage(const TensorRole &role, const Checkpoint &checkpoint) {
  const TensorInfo *integers = checkpoint.find(role.tensor);
  ASSERT_TRUE(integers) << role.tensor;
  if (!role.quantized) {
    ASSERT_EQ(integers->shape, role.shape);
    return;
  }
  const QuantizedStorage &storage = *role.quantized;
  const TensorInfo *scales = checkpoint.find(storage.scales);
  ASSERT_TRUE(scales);
  ASSERT_TRUE(storage.bits == 2 || storage.bits == 4 || storage.bits == 8);
  ASSERT_EQ((std::vector<uint64_t>{storage.rows, storage.columns}), role.shape);
  ASSERT_EQ(integers->end - integers->begin, storage.rows * storage.rowBytes);
  ASSERT_GE(storage.rowBytes * 8, storage.columns * storage.bits);
  ASSERT_NE(storage.scaleColumns, 0u);
  ASSERT_EQ(storage.columns % storage.scaleColumns, 0u);
  ASSERT_EQ(scales->elements(), storage.rows * (storage.columns / storage.scaleColumns));
  ASSERT_EQ(scales->dtype, storage.scaleType);
  ASSERT_TRUE(std::isfinite(storage.inputStep) && storage.inputStep >= 0);
  ASSERT_TRUE(std::isfinite(storage.outputStep) && storage.outputStep >= 0);
}

struct Outcomes {
  unsigned accepted = 0, rejected = 0;
};

/// Resolves `checkpoint` by the directory's configuration; every refusal must be told, every acceptance sound.
void resolve(const std::string &directory, const Checkpoint *checkpoint, Diagnostics &diagnostics, Outcomes &outcomes) {
  std::optional<ModelConfig> config = readModelConfig(directory, diagnostics);
  ImportReport report;
  std::optional<TextTensors> tensors;
  if (config && checkpoint) {
    tensors = resolveTextTensors(*config, *checkpoint, diagnostics, report);
  }
  ASSERT_EQ(tensors.has_value(), !diagnostics.hadError());
  ASSERT_LE(diagnostics.all().size(), 60u);
  ++(tensors ? outcomes.accepted : outcomes.rejected);
  if (tensors) {
    for (const TensorRole &role : tensors->roles()) {
      expectSoundStorage(role, *checkpoint);
    }
    ASSERT_GT(summarizeStorage(*config, *checkpoint, *tensors).bytes, 0u);
  }
}

} // namespace

TEST(QuantizedMutation, RulesNeverCrashAndNeverMisdescribe) {
  Random random = seeded();
  Outcomes outcomes;
  for (Variant variant : {Variant::Mobile, Variant::Packed}) {
    TinyModel model = tinyModel(variant);
    TempDirectory directory;
    model.write(directory);
    Diagnostics opening;
    std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory.path(), opening);
    ASSERT_TRUE(checkpoint);
    const std::string original = model.config["quantization_config"].dump();
    model.config["quantization_config"] = "RULES";
    const std::string frame = model.config.dump();
    for (unsigned round = 0; round < rounds; ++round) {
      std::string rules = original, config = frame;
      for (size_t i = below(random, 3); i != ~size_t(0); --i) {
        mutateText(rules, random);
      }
      SCOPED_TRACE(rules);
      directory.write("config.json", config.replace(config.find("\"RULES\""), 7, rules));
      Diagnostics diagnostics;
      resolve(directory.path(), checkpoint.get(), diagnostics, outcomes);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(outcomes.accepted, rounds / 20) << "mutants must reach the accepting path too";
  EXPECT_GT(outcomes.rejected, rounds / 2);
}

TEST(QuantizedMutation, TensorsNeverCrashAndNeverMisdescribe) {
  Random random = seeded();
  Outcomes outcomes;
  for (Variant variant : {Variant::Mobile, Variant::Packed}) {
    const TinyModel original = tinyModel(variant);
    TempDirectory directory;
    original.write(directory);
    for (unsigned round = 0; round < rounds / 3; ++round) {
      TinyModel model = original;
      for (size_t i = below(random, 2); i != ~size_t(0); --i) {
        mutateTensor(model, random);
      }
      directory.write("model.safetensors", fileBytes(model.tensors));
      Diagnostics diagnostics;
      std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(directory.path(), diagnostics);
      resolve(directory.path(), checkpoint.get(), diagnostics, outcomes);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(outcomes.accepted, rounds / 30) << "mutants must reach the accepting path too";
  EXPECT_GT(outcomes.rejected, rounds / 4);
}
