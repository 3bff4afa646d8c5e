//===- HeaderHandler.cpp - JSON events of a header into tensor entries ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// nlohmann only produces 'unsigned' events for whole numbers that fit 64 bits: "-0" is negative, 2^64 is a float.
//===----------------------------------------------------------------------===//
#include "frontends/safetensors/HeaderHandler.h"

#include "frontends/safetensors/HeaderParser.h"
#include "support/Json.h"

namespace lapidary {

namespace {

constexpr const char *metadataKey = "__metadata__";

bool validName(const std::string &name) {
  if (name.empty() || name.size() > limits::nameBytes) {
    return false;
  }
  for (unsigned char c : name) {
    if (c < 0x20 || c == 0x7f) {
      return false;
    }
  }
  return true; // UTF-8 was checked by the JSON lexer
}

} // namespace

bool HeaderHandler::push(Level next) {
  if (levels.size() >= limits::headerDepth) {
    return errors.error(ErrorCode::HeaderTooDeep,
                        "the header is nested more than " + std::to_string(limits::headerDepth) + " levels deep",
                        place());
  }
  levels.push_back(next);
  return true;
}

void HeaderHandler::badEntry(const std::string &what) {
  entryGood = false;
  errors.error(ErrorCode::BadTensorEntry, "tensor " + quoted(topKey) + ": " + what, place());
}

bool HeaderHandler::scalar(const std::string &found) {
  if (levels.empty()) {
    return errors.error(ErrorCode::HeaderSyntax, "the header is " + found + ", expected an object", place());
  }
  switch (level()) {
  case Level::Top:
    if (topKey == metadataKey) {
      errors.error(ErrorCode::BadMetadata, "__metadata__ is " + found + ", expected an object of strings", place());
    } else {
      badEntry("found " + found + ", expected an object with dtype, shape and data_offsets");
    }
    break;
  case Level::Metadata:
    errors.error(ErrorCode::BadMetadata, "__metadata__ has a value that is " + found + ", expected a string", place());
    break;
  case Level::Entry:
    if (field != UnknownField) {
      badEntry(std::string(field == DTypeField   ? "dtype"
                           : field == ShapeField ? "shape"
                                                 : "data_offsets") +
               " is " + found + ", expected " + (field == DTypeField ? "a string" : "a list of whole numbers"));
    }
    break;
  case Level::Shape:
    badEntry("shape contains " + found + ", expected whole numbers below 2^64");
    break;
  case Level::Offsets:
    badEntry("data_offsets contains " + found + ", expected whole numbers below 2^64");
    break;
  case Level::Skipped:
    break;
  }
  return true;
}

bool HeaderHandler::number_unsigned(uint64_t value) {
  if (!levels.empty() && level() == Level::Shape) {
    if (dimensions++ < limits::rank) {
      entry.shape.push_back(value);
    }
    return true;
  }
  if (!levels.empty() && level() == Level::Offsets) {
    ++offsetCount;
    (offsetCount == 1 ? entry.begin : entry.end) = value;
    return true;
  }
  return scalar("the number " + std::to_string(value));
}

bool HeaderHandler::string(std::string &value) {
  if (!levels.empty() && level() == Level::Metadata) {
    return true;
  }
  if (levels.empty() || level() != Level::Entry || field != DTypeField) {
    return scalar("the string " + quoted(value));
  }
  std::optional<DType> type = dtypeFromName(value);
  if (!type) {
    entryGood = false;
    errors.error(ErrorCode::UnknownDType, "tensor " + quoted(topKey) + " has the unknown dtype " + quoted(value),
                 place(), "known are F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL F8_E4M3 F8_E5M2");
    return true;
  }
  entry.dtype = *type;
  return true;
}

bool HeaderHandler::start_object(size_t) {
  if (levels.empty()) {
    return push(Level::Top);
  }
  if (level() == Level::Top) {
    otherKeys.clear();
    if (topKey == metadataKey) {
      return push(Level::Metadata);
    }
    openEntry();
    return push(Level::Entry);
  }
  return scalar("an object") && push(Level::Skipped);
}

bool HeaderHandler::start_array(size_t) {
  if (!levels.empty() && level() == Level::Entry && (field == ShapeField || field == OffsetsField)) {
    return push(field == ShapeField ? Level::Shape : Level::Offsets);
  }
  return scalar("a list") && push(Level::Skipped);
}

bool HeaderHandler::end_array() {
  levels.pop_back();
  return true;
}

bool HeaderHandler::end_object() {
  Level closed = level();
  levels.pop_back();
  return closed != Level::Entry || closeEntry();
}

bool HeaderHandler::key(std::string &name) {
  switch (level()) {
  case Level::Top:
    topKey = std::move(name);
    if (topKey == metadataKey && std::exchange(sawMetadata, true)) {
      errors.error(ErrorCode::DuplicateField, "__metadata__ occurs twice", place());
    }
    break;
  case Level::Metadata:
    if (!otherKeys.insert(name).second) {
      errors.error(ErrorCode::DuplicateField, "__metadata__ has the key " + quoted(name) + " twice", place());
    }
    break;
  case Level::Entry:
    entryKey(name);
    break;
  default:
    break;
  }
  return true;
}

void HeaderHandler::openEntry() {
  entry = TensorInfo();
  entry.dtype = DType::F32;
  seen = 0;
  dimensions = offsetCount = 0;
  entryGood = true;
  if (!validName(topKey)) {
    entryGood = false;
    errors.error(ErrorCode::BadTensorName,
                 "tensor name " + quoted(topKey) + " (" + bytesText(topKey.size()) +
                     ") is invalid: expected 1 to 1024 bytes without control characters",
                 place());
  }
}

void HeaderHandler::entryKey(const std::string &name) {
  field = name == "dtype"          ? DTypeField
          : name == "shape"        ? ShapeField
          : name == "data_offsets" ? OffsetsField
                                   : UnknownField;
  bool twice = field == UnknownField ? !otherKeys.insert(name).second : (seen & field) != 0;
  if (twice) {
    entryGood = false;
    errors.error(ErrorCode::DuplicateField, "tensor " + quoted(topKey) + " has the field " + quoted(name) + " twice",
                 place());
  }
  if (field == UnknownField && unknownFields++ < limits::namesInMessage) {
    diagnostics.warning(ErrorCode::UnknownEntryField,
                        "tensor " + quoted(topKey) + " has the unknown field " + quoted(name) + ", which is ignored",
                        place());
  }
  seen |= field;
}

bool HeaderHandler::closeEntry() {
  constexpr std::pair<Field, const char *> required[] = {
      {DTypeField, "dtype"}, {ShapeField, "shape"}, {OffsetsField, "data_offsets"}};
  for (auto [bit, name] : required) {
    if (!(seen & bit)) {
      badEntry(std::string("the field '") + name + "' is missing");
    }
  }
  if (entryGood && dimensions > limits::rank) {
    entryGood = errors.error(
        ErrorCode::RankTooLarge,
        "tensor " + quoted(topKey) + " has " + countText(dimensions) + " dimensions, at most 8 are accepted", place());
  }
  if (entryGood && offsetCount != 2) {
    badEntry("data_offsets has " + countText(offsetCount) + " numbers, expected 2: begin and end");
  }
  if (!entryGood) {
    return true;
  }
  if (tensors.size() >= limits::tensors) {
    return errors.error(ErrorCode::TooManyTensors,
                        "the header lists more than " + countText(limits::tensors) + " tensors", place());
  }
  entry.name = topKey;
  tensors.push_back(std::move(entry));
  return true;
}

bool HeaderHandler::parse_error(size_t position, const std::string &, const nlohmann::detail::exception &error) {
  return errors.error(ErrorCode::HeaderSyntax, "the header is not valid JSON: " + tidyJsonMessage(error.what()),
                      file + ": header byte " + std::to_string(position),
                      "the file is damaged or not a safetensors file; download it again");
}

} // namespace lapidary
