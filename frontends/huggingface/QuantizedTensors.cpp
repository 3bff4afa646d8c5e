//===- QuantizedTensors.cpp - the tensors of one quantized module ------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The shape of the integers comes from config.json alone: bytes are never counted to guess a width. Products fit 64
// bits by the limits ModelConfig keeps.
//===----------------------------------------------------------------------===//
#include "frontends/huggingface/QuantizedTensors.h"

#include "frontends/huggingface/StoredScales.h"

namespace lapidary {

namespace {
constexpr uint64_t blockMultiple = 32; ///< columns that packed tables keep together (LAP_COLUMN_PAD)

constexpr const char *sameModel = "config.json and the weights must be from the same model";

/// Suffixes of the tensors that a module of either method can have, besides its plain ".weight".
constexpr const char *gemmaSuffixes[] = {".weight_scale", ".input_activation_scale", ".output_activation_scale",
                                         ".embedding_quantized", ".embedding_scale"};
constexpr const char *packedSuffixes[] = {".weight_packed", ".weight_scale", ".weight_shape"};

bool isFloat(DType type) {
  return type == DType::BF16 || type == DType::F32 || type == DType::F16 || type == DType::F64;
}

std::string shapeAndType(const TensorInfo &tensor) {
  return std::string(dtypeName(tensor.dtype)) + " " + shapeText(tensor.shape);
}

uint64_t roundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit; }

} // namespace

std::string placeOfAll(const Checkpoint &checkpoint) {
  const std::vector<std::string> &shards = checkpoint.shardFiles();
  return shards.size() == 1 ? shards[0] : shards[0] + " and " + std::to_string(shards.size() - 1) + " more shards";
}

bool QuantizedTensors::fail(ErrorCode code, const TensorInfo &tensor, const std::string &message,
                            const std::string &help) {
  return errors.error(code, "tensor " + quoted(tensor.name) + " " + message, checkpoint.shardFiles()[tensor.shard],
                      help);
}

bool QuantizedTensors::failMissing(ErrorCode code, const std::string &name, const std::string &expected) {
  return errors.error(code, "tensor " + quoted(name) + " is missing: found none, expected " + expected,
                      placeOfAll(checkpoint), sameModel);
}

std::string QuantizedTensors::integersName(const TensorRole &role) const {
  if (!gemma) {
    return role.module() + ".weight_packed";
  }
  return role.kind() == ModuleKind::Embedding ? role.module() + ".embedding_quantized" : role.name;
}

std::vector<std::string> QuantizedTensors::namesOf(const TensorRole &role) const {
  std::vector<std::string> names = {role.name};
  if (role.kind() == ModuleKind::Other) {
    return names;
  }
  for (const char *suffix : gemmaSuffixes) {
    names.push_back(role.module() + suffix);
  }
  for (const char *suffix : packedSuffixes) {
    names.push_back(role.module() + suffix);
  }
  return names;
}

bool QuantizedTensors::expectPlain(const TensorRole &role) {
  const TensorInfo *plain = find(role.name), *integers = nullptr;
  for (const char *suffix : {".weight_packed", ".embedding_quantized"}) {
    integers = integers ? integers : find(role.module() + suffix);
  }
  std::string found = integers ? quoted(integers->name) : "";
  if (integers && plain && isFloat(plain->dtype)) {
    return fail(ErrorCode::WeightStoredTwice, *plain, "is there beside " + found + ", expected one of them",
                "delete the one that config.json does not mean");
  }
  if (!integers && plain && !isFloat(plain->dtype)) {
    integers = plain;
  }
  if (integers) {
    return fail(ErrorCode::QuantizedInsteadOfPlain, *integers,
                "is " + shapeAndType(*integers) + ", expected plain " + shapeText(role.shape) +
                    ": the rules of quantization_config leave " + quoted(role.module()) + " as it is",
                sameModel);
  }
  return true;
}

const TensorInfo *QuantizedTensors::findIntegers(const TensorRole &role, const std::vector<uint64_t> &shape) {
  const TensorInfo *integers = find(integersName(role)), *plain = find(role.name);
  // Two forms of one weight: the plain name and a packed one.
  for (const char *suffix : {".weight_packed", ".embedding_quantized"}) {
    const TensorInfo *other = find(role.module() + suffix);
    if (plain && other) {
      fail(ErrorCode::WeightStoredTwice, *plain, "is there beside " + quoted(other->name) + ", expected one of them",
           "delete the one that config.json does not mean");
      return nullptr;
    }
  }
  if (plain && (!integers || isFloat(plain->dtype))) {
    fail(ErrorCode::PlainInsteadOfQuantized, *plain,
         "is " + shapeAndType(*plain) + ", expected integers " + shapeText(shape) +
             ": a rule of quantization_config names " + quoted(role.module()),
         std::string("name the module in ") + (gemma ? "modules_to_not_convert" : "ignore") + " if it is plain; " +
             sameModel);
    return nullptr;
  }
  if (!integers) {
    failMissing(ErrorCode::TensorMissing, integersName(role), shapeText(shape));
  }
  return integers;
}

bool QuantizedTensors::checkIntegers(const TensorRole &role, const TensorInfo &integers,
                                     const std::vector<uint64_t> &shape) {
  const QuantizedStorage &storage = *role.quantized;
  std::string bits = " for " + std::to_string(storage.bits) + "-bit weights";
  DType wanted = !gemma ? DType::I32 : storage.bits == 8 ? DType::I8 : DType::U8;
  if (integers.dtype != wanted) {
    return fail(ErrorCode::PackedDType, integers,
                std::string("has dtype ") + dtypeName(integers.dtype) + ", expected " + dtypeName(wanted) + bits,
                sameModel);
  }
  if (integers.shape != shape) {
    return fail(ErrorCode::PackedShape, integers,
                "has shape " + shapeText(integers.shape) + ", expected " + shapeText(shape) + bits + " of " +
                    std::to_string(storage.columns) + " columns",
                "the rule's num_bits is wrong, or " + std::string(sameModel));
  }
  // The PLE table is only looked up; everything else is summed along its rows.
  bool summed = role.name.find("embed_tokens_per_layer") == std::string::npos;
  if (summed && storage.columns > limits::integerColumns) {
    return fail(ErrorCode::IntegerRowTooLong, integers,
                "has rows of " + countText(storage.columns) + " integers, expected at most " +
                    countText(limits::integerColumns) + ", which 32-bit sums hold",
                "no released model has such rows; check the sizes in config.json");
  }
  return true;
}

bool QuantizedTensors::resolve(TensorRole &role, const WeightScheme &scheme) {
  uint64_t rows = role.shape[0], columns = role.shape[1];
  uint64_t unit = gemma ? 8 : 32; // bits of an element
  std::vector<uint64_t> shape = {rows, roundUp(columns * scheme.bits, unit)};
  const TensorInfo *integers = findIntegers(role, shape);
  if (!integers) {
    return false;
  }
  QuantizedStorage storage;
  storage.bits = scheme.bits;
  storage.offsetBinary = !gemma || scheme.bits != 8;
  storage.rows = rows;
  storage.columns = columns;
  storage.rowBytes = shape[1] * unit / 8;
  storage.wideActivations = !gemma;
  role.tensor = integers->name;
  role.quantized = storage;
  bool good = checkIntegers(role, *integers, shape);
  good &= resolveScales(role, scheme);
  good &= gemma ? resolveSteps(role) : checkStoredShape(role);
  return refuseExtras(role) && good;
}

bool QuantizedTensors::resolveScales(TensorRole &role, const WeightScheme &scheme) {
  QuantizedStorage &storage = *role.quantized;
  bool table = gemma && role.kind() == ModuleKind::Embedding;
  storage.scales = role.module() + (table ? ".embedding_scale" : ".weight_scale");
  const TensorInfo *scales = find(storage.scales);
  if (!scales) {
    return failMissing(ErrorCode::WeightScaleMissing, storage.scales,
                       std::string(gemma ? "F32" : "BF16") + " scales of " + quoted(role.tensor));
  }
  bool grouped = !gemma && scheme.groupSize != 0;
  bool typeFits = (!grouped && scales->dtype == DType::F32) || (!gemma && scales->dtype == DType::BF16);
  if (!typeFits) {
    const char *wanted = gemma ? "F32" : grouped ? "BF16" : "BF16 or F32";
    return fail(ErrorCode::WeightScaleDType, *scales,
                std::string("has dtype ") + dtypeName(scales->dtype) + ", expected " + wanted,
                "convert the checkpoint again from the original");
  }
  storage.scaleType = scales->dtype;
  if (!scalesFit(role, scheme, *scales)) {
    return false;
  }
  storage.scaleColumns = storage.columns / scales->shape[1];
  return checkScaleValues(*scales, scales->shape[1], checkpoint, errors, diagnostics);
}

bool QuantizedTensors::scalesFit(const TensorRole &role, const WeightScheme &scheme, const TensorInfo &scales) {
  const QuantizedStorage &storage = *role.quantized;
  std::string found = "has shape " + shapeText(scales.shape) + ", expected ";
  if (scheme.groupSize != 0 && storage.columns % scheme.groupSize != 0) {
    return fail(ErrorCode::WeightScaleShape, scales,
                found + "groups that divide the rows: group_size is " + std::to_string(scheme.groupSize) +
                    ", a row has " + std::to_string(storage.columns) + " columns",
                sameModel);
  }
  if (gemma && role.kind() == ModuleKind::Embedding) {
    bool divides = scales.shape.size() == 2 && scales.shape[0] == storage.rows && scales.shape[1] != 0 &&
                   storage.columns % scales.shape[1] == 0;
    if (!divides) {
      return fail(ErrorCode::WeightScaleShape, scales,
                  found + "[" + std::to_string(storage.rows) + ", blocks], where the number of blocks divides " +
                      std::to_string(storage.columns) + " columns",
                  sameModel);
    }
    uint64_t block = storage.columns / scales.shape[1];
    return scales.shape[1] == 1 || block % blockMultiple == 0 ||
           fail(ErrorCode::WeightScaleShape, scales,
                found + "one block per row, or blocks of a multiple of " + std::to_string(blockMultiple) +
                    " columns: these have " + std::to_string(block),
                "there are no kernels for such blocks; use one scale per row");
  }
  std::vector<uint64_t> wanted = {storage.rows, scheme.groupSize ? storage.columns / scheme.groupSize : 1};
  return scales.shape == wanted || fail(ErrorCode::WeightScaleShape, scales, found + shapeText(wanted), sameModel);
}

std::optional<float> QuantizedTensors::step(const std::string &name) {
  const TensorInfo *tensor = find(name);
  return tensor ? readStep(*tensor, checkpoint, errors, diagnostics) : std::optional<float>(0.0f);
}

bool QuantizedTensors::resolveSteps(TensorRole &role) {
  if (role.kind() == ModuleKind::Embedding) {
    return true;
  }
  std::optional<float> input = step(role.module() + ".input_activation_scale");
  std::optional<float> output = step(role.module() + ".output_activation_scale");
  role.quantized->inputStep = input.value_or(0);
  role.quantized->outputStep = output.value_or(0);
  return input && output;
}

CacheSteps QuantizedTensors::cacheSteps(unsigned layer) {
  CacheSteps steps;
  if (!gemma) {
    return steps;
  }
  float key = step(layerTensor(config, layer, "self_attn.k_cache_scale")).value_or(0);
  float value = step(layerTensor(config, layer, "self_attn.v_cache_scale")).value_or(0);
  steps.key = key > 0 ? std::optional<float>(key) : std::nullopt;
  steps.value = value > 0 ? std::optional<float>(value) : std::nullopt;
  return steps;
}

bool QuantizedTensors::checkStoredShape(const TensorRole &role) {
  std::string name = role.module() + ".weight_shape";
  const TensorInfo *stored = find(name);
  if (!stored) {
    return failMissing(ErrorCode::TensorMissing, name, "the shape " + shapeText(role.shape) + " as two I64 numbers");
  }
  if (stored->dtype != DType::I64 || stored->shape != std::vector<uint64_t>{2}) {
    return fail(ErrorCode::WeightShapeDisagrees, *stored, "is " + shapeAndType(*stored) + ", expected I64 [2]",
                sameModel);
  }
  int64_t values[2] = {};
  if (!checkpoint.read(*stored, 0, values, sizeof values, diagnostics)) {
    return false;
  }
  bool same = values[0] >= 0 && values[1] >= 0 && static_cast<uint64_t>(values[0]) == role.shape[0] &&
              static_cast<uint64_t>(values[1]) == role.shape[1];
  return same || fail(ErrorCode::WeightShapeDisagrees, *stored,
                      "says [" + std::to_string(values[0]) + ", " + std::to_string(values[1]) + "], expected " +
                          shapeText(role.shape),
                      sameModel);
}

bool QuantizedTensors::refuseExtras(const TensorRole &role) {
  for (const char *suffix : {".weight_zero_point", ".weight_g_idx"}) {
    if (const TensorInfo *extra = find(role.module() + suffix)) {
      return fail(ErrorCode::UnsupportedQuantization, *extra,
                  "is there, expected symmetric weights with their columns in order",
                  "use the bf16 form of the model and let --quant=w4 or --quant=w8 quantize it");
    }
  }
  return true;
}

} // namespace lapidary
