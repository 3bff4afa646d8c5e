//===- TinyCheckpoint.h - small valid checkpoints that tests then break ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds the configuration and tensor list of a four-layer model of each kind. A test changes what it wants, writes the
// directory, and looks at the diagnostics. The tensor list is written out here on its own, not taken from
// RequiredTensors, so that the two check each other. Values are zeros, except for scales: nothing here computes.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TEST_FRONTENDS_TINYCHECKPOINT_H
#define LAPIDARY_TEST_FRONTENDS_TINYCHECKPOINT_H

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::test {

/// A directory below the system's temporary directory, removed with the object.
class TempDirectory {
public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory &) = delete;
  const std::string &path() const { return directory; }
  std::string file(const std::string &name) const { return directory + "/" + name; }
  void write(const std::string &name, const std::string &content) const;

private:
  std::string directory;
};

struct TinyTensor {
  std::string name;
  std::vector<uint64_t> shape;
  std::string dtype = "BF16";
  std::string bytes = ""; ///< the values; empty: zeros
};

/// Dense: large sizes without PLE. Edge: PLE, K/V sharing, double-width MLP. KeyIsValue: attention_k_eq_v. Moe: that
/// and experts. TextOnly: Edge as Gemma4ForCausalLM. Mobile and Packed: Edge, quantized by the methods "gemma" and
/// "compressed-tensors" (TinyQuantized.cpp).
enum class Variant { Dense, Edge, KeyIsValue, Moe, TextOnly, Mobile, Packed };

struct TinyModel {
  nlohmann::json config;
  std::optional<nlohmann::json> generation;
  std::vector<TinyTensor> tensors;

  nlohmann::json &text(); ///< text_config, or the top level of TextOnly
  TinyTensor &tensor(const std::string &nameEnd);
  void remove(const std::string &nameEnd);
  void writeConfig(const TempDirectory &directory) const;
  void write(const TempDirectory &directory) const; ///< config files and model.safetensors
};

TinyModel tinyModel(Variant variant);

/// Turn a plain model into one of the released quantized formats: other tensors, and a quantization_config.
void quantizeMobile(TinyModel &model);
void quantizePacked(TinyModel &model);
/// `count` numbers as the bytes of an F32 or BF16 tensor.
std::string f32Bytes(float value, uint64_t count = 1);
std::string bf16Bytes(float value, uint64_t count = 1);

/// Header entries for `tensors`, laid out one after another; `dataBytes` receives the size of the data.
nlohmann::json headerOf(const std::vector<TinyTensor> &tensors, uint64_t &dataBytes);
/// A whole file: length, header, zeros.
std::string fileBytes(const std::string &header, uint64_t dataBytes);
std::string fileBytes(const std::vector<TinyTensor> &tensors);
std::string readFile(const std::string &path);

} // namespace lapidary::test

#endif // LAPIDARY_TEST_FRONTENDS_TINYCHECKPOINT_H
