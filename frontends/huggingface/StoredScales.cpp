//===- StoredScales.cpp - the values of scales and ranges --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Safetensors is little-endian; so are the machines Lapidary runs on.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/StoredScales.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace lapidary {

namespace {

constexpr uint64_t pieceBytes = 1u << 18;

std::string numberText(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(value));
  return text;
}

float valueAt(const std::vector<unsigned char> &bytes, uint64_t index, bool bf16) {
  uint32_t bits = 0;
  if (bf16) { // the upper half of an F32
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + index * sizeof half, sizeof half);
    bits = static_cast<uint32_t>(half) << 16;
  } else {
    std::memcpy(&bits, bytes.data() + index * sizeof bits, sizeof bits);
  }
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

} // namespace

bool checkScaleValues(const TensorInfo &tensor, uint64_t perRow, const Checkpoint &checkpoint, CappedErrors &errors,
                      Diagnostics &diagnostics) {
  uint64_t size = tensor.end - tensor.begin;
  unsigned width = byteSize(tensor.dtype);
  std::vector<unsigned char> bytes;
  for (uint64_t at = 0; at < size; at += pieceBytes) {
    bytes.resize(std::min(pieceBytes, size - at));
    if (!checkpoint.read(tensor, at, bytes.data(), bytes.size(), diagnostics)) {
      return false;
    }
    for (uint64_t i = 0; i < bytes.size() / width; ++i) {
      float value = valueAt(bytes, i, tensor.dtype == DType::BF16);
      if (std::isfinite(value) && value > 0) {
        continue;
      }
      uint64_t index = at / width + i;
      std::string place = "row " + std::to_string(index / perRow);
      if (perRow > 1) {
        place += ", column " + std::to_string(index % perRow);
      }
      return errors.error(ErrorCode::WeightScaleValue,
                          "tensor " + quoted(tensor.name) + " has the scale " + numberText(value) + " in " + place +
                              ", expected a finite number above 0",
                          checkpoint.shardFiles()[tensor.shard], "download the file again and compare its sha256");
    }
  }
  return true;
}

std::optional<float> readStep(const TensorInfo &tensor, const Checkpoint &checkpoint, CappedErrors &errors,
                              Diagnostics &diagnostics) {
  const std::string &shard = checkpoint.shardFiles()[tensor.shard];
  if (tensor.dtype != DType::F32 || tensor.elements() != 1) {
    errors.error(ErrorCode::ActivationRange,
                 "tensor " + quoted(tensor.name) + " is " + dtypeName(tensor.dtype) + " " + shapeText(tensor.shape) +
                     ", expected one F32 number: the step of an 8-bit range",
                 shard, "download the checkpoint again, or convert it again from the original");
    return std::nullopt;
  }
  float value = 0;
  if (!checkpoint.read(tensor, 0, &value, sizeof value, diagnostics)) {
    return std::nullopt;
  }
  if (!std::isfinite(value) || value < 0) {
    errors.error(ErrorCode::ActivationRange,
                 "tensor " + quoted(tensor.name) + " is " + numberText(value) +
                     ", expected a finite step, or 0 for no rounding",
                 shard, "download the file again and compare its sha256");
    return std::nullopt;
  }
  return value;
}

} // namespace lapidary
