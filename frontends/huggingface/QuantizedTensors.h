//===- QuantizedTensors.h - the tensors of one quantized module --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A quantized module is several tensors in the file: integers, scales, and with "gemma" two static ranges, with
// "compressed-tensors" the shape. This finds and checks them together.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZEDTENSORS_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZEDTENSORS_H

#include "frontends/huggingface/RequiredTensors.h"
#include "support/CappedErrors.h"

namespace lapidary {

class QuantizedTensors {
public:
  /// All must outlive this; config.quantization must be there.
  QuantizedTensors(const ModelConfig &config, const Checkpoint &checkpoint, CappedErrors &errors,
                   Diagnostics &diagnostics)
      : config(config), gemma(config.quantization->method == QuantizationConfig::Method::Gemma), checkpoint(checkpoint),
        errors(errors), diagnostics(diagnostics) {}

  /// Every name a tensor of the module can have in either form, quantized or plain.
  std::vector<std::string> namesOf(const TensorRole &role) const;

  /// Fills role.tensor and role.quantized, which is stored as `scheme` says. Reports E0254, E0255, E0260, E0262..E0269,
  /// E0290, E0291; false after an error.
  bool resolve(TensorRole &role, const WeightScheme &scheme);

  /// Checks that a module the rules leave plain is not stored as integers. Reports E0261, E0291.
  bool expectPlain(const TensorRole &role);

  /// Ranges of layer `layer`'s cache; each is absent when the file has none or 0. Reports E0268.
  CacheSteps cacheSteps(unsigned layer);

private:
  const TensorInfo *find(const std::string &name) const { return checkpoint.find(name); }
  const TensorInfo *findIntegers(const TensorRole &role, const std::vector<uint64_t> &shape);
  bool checkIntegers(const TensorRole &role, const TensorInfo &integers, const std::vector<uint64_t> &shape);
  bool resolveScales(TensorRole &role, const WeightScheme &scheme);
  bool scalesFit(const TensorRole &role, const WeightScheme &scheme, const TensorInfo &scales);
  bool resolveSteps(TensorRole &role);
  bool checkStoredShape(const TensorRole &role);
  bool refuseExtras(const TensorRole &role);
  /// The step in tensor `name`, 0 when there is none.
  std::optional<float> step(const std::string &name);
  std::string integersName(const TensorRole &role) const;
  bool fail(ErrorCode code, const TensorInfo &tensor, const std::string &message, const std::string &help);
  bool failMissing(ErrorCode code, const std::string &name, const std::string &expected);

  const ModelConfig &config;
  bool gemma;
  const Checkpoint &checkpoint;
  CappedErrors &errors;
  Diagnostics &diagnostics;
};

/// Compares the rules with the modules there are. Reports E0259 for a rule that matches none, W0306 when only towers
/// could have matched or when the rule keeps modules plain. `roles` are all of the text model.
void checkRuleCoverage(const ModelConfig &config, const Checkpoint &checkpoint, const std::vector<TensorRole> &roles,
                       CappedErrors &errors, Diagnostics &diagnostics);

/// The first file's name and how many more there are: the place of what is nowhere.
std::string placeOfAll(const Checkpoint &checkpoint);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_QUANTIZEDTENSORS_H
