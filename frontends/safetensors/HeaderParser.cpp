//===- HeaderParser.cpp - one safetensors header, checked before use ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Order: frame ('{' first, spaces last), grammar (HeaderHandler), names unique, sizes match shapes, ranges tile the
// data section without holes. Later steps run only when the earlier ones found nothing, since they would report the
// same problem again in other words.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/HeaderParser.h"

#include "frontends/safetensors/HeaderHandler.h"
#include "support/Checked.h"

#include <algorithm>
#include <numeric>

namespace lapidary {

namespace {

struct TypeRow {
  DType type;
  const char *name;
  unsigned bytes;
};

constexpr TypeRow types[] = {
    {DType::F64, "F64", 8},   {DType::F32, "F32", 4},        {DType::F16, "F16", 2},        {DType::BF16, "BF16", 2},
    {DType::I64, "I64", 8},   {DType::I32, "I32", 4},        {DType::I16, "I16", 2},        {DType::I8, "I8", 1},
    {DType::U64, "U64", 8},   {DType::U32, "U32", 4},        {DType::U16, "U16", 2},        {DType::U8, "U8", 1},
    {DType::Bool, "BOOL", 1}, {DType::F8E4M3, "F8_E4M3", 1}, {DType::F8E5M2, "F8_E5M2", 1},
};

/// Bytes of a tensor. The product skips zeros, so that an overflow is found whatever the order of dimensions.
std::optional<uint64_t> tensorBytes(const TensorInfo &tensor) {
  std::optional<uint64_t> bytes = byteSize(tensor.dtype);
  bool empty = false;
  for (uint64_t dimension : tensor.shape) {
    empty |= dimension == 0;
    bytes = dimension == 0 ? bytes : checkedMul(*bytes, dimension);
    if (!bytes) {
      return std::nullopt;
    }
  }
  return empty ? 0 : bytes;
}

std::string byteRange(const std::string &file, const TensorInfo &tensor) {
  return file + ": bytes " + std::to_string(tensor.begin) + ".." + std::to_string(tensor.end);
}

bool checkFrame(std::string_view &header, const std::string &file, CappedErrors &errors) {
  if (header.empty() || header.front() != '{') {
    std::string found = header.empty() ? "an empty header" : quoted(header.substr(0, 1));
    return errors.error(ErrorCode::HeaderFirstByte, "the header begins with " + found + ", expected '{'",
                        file + ": byte 8", "the file is damaged or not a safetensors file; download it again");
  }
  size_t last = header.find_last_not_of(' ');
  std::string_view trimmed = header.substr(0, last + 1);
  constexpr std::string_view otherPadding("\t\n\r\v\f\0", 6);
  if (otherPadding.find(trimmed.back()) != std::string_view::npos) {
    return errors.error(ErrorCode::HeaderPadding,
                        "the header is padded with " + quoted(trimmed.substr(last)) + ", expected spaces only",
                        file + ": header byte " + std::to_string(last));
  }
  header = trimmed;
  return true;
}

bool checkNames(const std::vector<TensorInfo> &sorted, const std::string &file, CappedErrors &errors) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].name == sorted[i - 1].name) {
      errors.error(ErrorCode::DuplicateTensor,
                   "tensor " + quoted(sorted[i].name) + " occurs twice: " + dtypeName(sorted[i - 1].dtype) + " " +
                       shapeText(sorted[i - 1].shape) + " and " + dtypeName(sorted[i].dtype) + " " +
                       shapeText(sorted[i].shape),
                   file + ": header");
    }
  }
  return !errors.any();
}

void checkSize(const TensorInfo &tensor, const std::string &file, CappedErrors &errors) {
  std::string typed = std::string(dtypeName(tensor.dtype)) + " " + shapeText(tensor.shape);
  std::optional<uint64_t> expected = tensorBytes(tensor);
  if (!expected) {
    errors.error(ErrorCode::ShapeOverflow, "tensor " + quoted(tensor.name) + " is too large: " + typed,
                 byteRange(file, tensor));
    return;
  }
  if (tensor.begin > tensor.end) {
    errors.error(ErrorCode::BadOffsets,
                 "tensor " + quoted(tensor.name) + " ends at byte " + std::to_string(tensor.end) +
                     ", before it begins at " + std::to_string(tensor.begin),
                 byteRange(file, tensor));
    return;
  }
  uint64_t found = tensor.end - tensor.begin;
  if (found != *expected) {
    errors.error(ErrorCode::SizeMismatch,
                 "tensor " + quoted(tensor.name) + " has " + bytesText(found) + " of data, expected " +
                     bytesText(*expected) + " for " + typed,
                 byteRange(file, tensor));
  }
}

/// Reports the gap or overlap in front of `tensor`; `previous` is the tensor that ends last so far, if any.
void checkStart(const TensorInfo &tensor, const TensorInfo *previous, uint64_t expected, const std::string &file,
                CappedErrors &errors) {
  std::string numbers = "starts at byte " + std::to_string(tensor.begin) + ", expected " + std::to_string(expected);
  if (tensor.begin > expected) {
    std::string after = previous ? " after tensor " + quoted(previous->name) : " at the start of the data";
    errors.error(ErrorCode::OffsetHole, "tensor " + quoted(tensor.name) + " leaves a hole" + after + ": " + numbers,
                 byteRange(file, tensor), "the file does not follow the safetensors rules; write it again");
  } else if (tensor.begin < expected) {
    errors.error(ErrorCode::OffsetOverlap,
                 "tensor " + quoted(tensor.name) + " overlaps tensor " + quoted(previous ? previous->name : "") + ": " +
                     numbers,
                 byteRange(file, tensor),
                 "the file does not follow the safetensors rules; download it again and compare its sha256");
  }
}

void checkLayout(const std::vector<TensorInfo> &tensors, uint64_t dataBytes, const std::string &file,
                 CappedErrors &errors) {
  std::vector<const TensorInfo *> order;
  order.reserve(tensors.size());
  for (const TensorInfo &tensor : tensors) {
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const TensorInfo *a, const TensorInfo *b) {
    return std::tie(a->begin, a->end, a->name) < std::tie(b->begin, b->end, b->name);
  });
  uint64_t end = 0;
  const TensorInfo *previous = nullptr;
  for (const TensorInfo *tensor : order) {
    checkStart(*tensor, previous, end, file, errors);
    if (!previous || tensor->end >= end) {
      end = tensor->end;
      previous = tensor;
    }
  }
  if (end > dataBytes) {
    errors.error(ErrorCode::DataTruncated,
                 "the file is truncated: " + bytesText(end - dataBytes) + " missing (tensor " + quoted(previous->name) +
                     " ends at byte " + std::to_string(end) + ", the data at " + std::to_string(dataBytes) + ")",
                 byteRange(file, *previous), "the download is incomplete; download the file again");
  } else if (end < dataBytes) {
    errors.error(ErrorCode::TrailingData,
                 bytesText(dataBytes - end) + " after the last tensor: the data has " + std::to_string(dataBytes) +
                     ", expected " + std::to_string(end),
                 file + ": bytes " + std::to_string(end) + ".." + std::to_string(dataBytes));
  }
}

} // namespace

unsigned byteSize(DType type) { return types[static_cast<unsigned>(type)].bytes; }

const char *dtypeName(DType type) { return types[static_cast<unsigned>(type)].name; }

std::optional<DType> dtypeFromName(std::string_view name) {
  for (const TypeRow &row : types) {
    if (name == row.name) {
      return row.type;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<TensorInfo>> parseSafetensorsHeader(std::string_view header, uint64_t dataBytes,
                                                              const std::string &file, Diagnostics &diagnostics) {
  CappedErrors errors(diagnostics, file);
  if (!checkFrame(header, file, errors)) {
    return std::nullopt;
  }
  HeaderHandler handler(file, errors, diagnostics);
  nlohmann::json::sax_parse(header.data(), header.data() + header.size(), &handler);
  if (errors.any()) {
    return std::nullopt;
  }
  std::vector<TensorInfo> tensors = std::move(handler.tensors);
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo &a, const TensorInfo &b) { return a.name < b.name; });
  if (!checkNames(tensors, file, errors)) {
    return std::nullopt;
  }
  for (const TensorInfo &tensor : tensors) {
    checkSize(tensor, file, errors);
  }
  if (!errors.any()) {
    checkLayout(tensors, dataBytes, file, errors);
  }
  if (errors.any()) {
    return std::nullopt;
  }
  return tensors;
}

} // namespace lapidary
