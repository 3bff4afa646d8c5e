//===- Statistics.cpp - what a calibration has observed --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Moments are read when the first piece of their weight is packed and forgotten with the last: all of them together can
// be larger than memory.
//===----------------------------------------------------------------------===//
#include "compiler/Statistics.h"

#include "compiler/LookupMoments.h"
#include "support/Quote.h"
#include "targets/common/PackedLayout.h"

#include <algorithm>

namespace lapidary {

namespace {

constexpr uint64_t sampleBytes = 4096; ///< of every tensor; tells a fine-tuned model from its base

bool mismatch(const std::string &path, const std::string &what, Diagnostics &diagnostics) {
  return diagnostics.error(ErrorCode::StatisticsMismatch, what, path,
                           "make statistics for this model: lapidary calibrate MODEL_DIR --text FILE -o STATS");
}

void addText(Sha256Stream &hash, const std::string &text) {
  hash.update(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size() + 1));
}

/// [rows, columns] that the moments of `weight` must have.
std::vector<uint64_t> momentShape(const SegmentWeight &weight) {
  return {padColumns(weight.columns), momentStride(weight.columns)};
}

} // namespace

const char *const fingerprintName = "lapidary.fingerprint";
const char *const inputPrefix = "lapidary.input:", *const outputPrefix = "lapidary.output:";
const char *const keyPrefix = "lapidary.keys:", *const valuePrefix = "lapidary.values:";

std::optional<Sha256> fingerprint(const Checkpoint &checkpoint, Diagnostics &diagnostics) {
  Sha256Stream hash;
  for (const auto &[name, tensor] : checkpoint.tensors()) {
    std::vector<uint8_t> sample(std::min(sampleBytes, tensor.end - tensor.begin));
    if (!checkpoint.read(tensor, 0, sample.data(), sample.size(), diagnostics)) {
      return std::nullopt;
    }
    addText(hash, name);
    addText(hash, std::string(dtypeName(tensor.dtype)) + " " + shapeText(tensor.shape));
    hash.update(sample);
  }
  return hash.finish();
}

std::shared_ptr<const Checkpoint> openStatistics(const std::string &path, const Checkpoint &model,
                                                 Diagnostics &diagnostics) {
  std::shared_ptr<const Checkpoint> file = Checkpoint::openFile(path, diagnostics);
  if (!file) {
    return nullptr;
  }
  const TensorInfo *mark = file->find(fingerprintName);
  Sha256 found = {};
  if (!mark || mark->dtype != DType::U8 || mark->elements() != found.size()) {
    mismatch(path, std::string("the file has no ") + fingerprintName + ": it holds no statistics", diagnostics);
    return nullptr;
  }
  std::optional<Sha256> expected = fingerprint(model, diagnostics);
  if (!expected || !file->read(*mark, 0, found.data(), found.size(), diagnostics)) {
    return nullptr;
  }
  if (found != *expected) {
    mismatch(path, "the statistics were made with another checkpoint than " + quoted(model.directory()), diagnostics);
    return nullptr;
  }
  return file;
}

bool usesStatistics(const SegmentWeight &weight) {
  bool groups = weight.format == "w4" && weight.type.getFormat().getGroup() != 0;
  return groups && !weight.sources.empty() && !weight.isInteger();
}

namespace {

/// Makes the moments of one weight, when they are needed.
using MomentsMaker = std::function<std::optional<std::vector<float>>(Diagnostics &)>;

/// What was observed at the product with a weight of `columns`; for a table, also what its rows are read for.
MomentsMaker observedMoments(const std::shared_ptr<const Checkpoint> &statistics, const TensorInfo &moments,
                             uint64_t columns, const StatisticsUse &use) {
  return [statistics, &moments, columns, use](Diagnostics &errors) -> std::optional<std::vector<float>> {
    std::vector<float> values(moments.elements());
    if (!statistics->read(moments, 0, values.data(), values.size() * sizeof(float), errors)) {
      return std::nullopt;
    }
    if (moments.name == use.tables.stream.table) {
      auto lookups = lookupMoments(use.tables.stream, columns, use.model, errors);
      if (!lookups) {
        return std::nullopt;
      }
      addLookups(values, *lookups, columns);
    }
    return values;
  };
}

MomentsMaker tableMoments(const std::shared_ptr<const Checkpoint> &statistics, uint64_t columns,
                          const StatisticsUse &use) {
  return [statistics, columns, use](Diagnostics &errors) {
    return perLayerMoments(use.tables.perLayer, columns, use.model, *statistics, errors);
  };
}

/// The maker for `weight`, null when nothing is known about it. Reports StatisticsMismatch.
MomentsMaker momentsMaker(const SegmentWeight &weight, const std::shared_ptr<const Checkpoint> &statistics,
                          const StatisticsUse &use, Diagnostics &diagnostics) {
  const std::string &name = weight.sources.front().tensor.name;
  if (weight.gathered) { // no product reads it
    return name == use.tables.perLayer.table ? tableMoments(statistics, weight.columns, use) : nullptr;
  }
  const TensorInfo *moments = statistics->find(name);
  if (moments && (moments->dtype != DType::F32 || moments->shape != momentShape(weight))) {
    mismatch(statistics->directory(),
             "the moments of " + quoted(moments->name) + " are " + shapeText(moments->shape) + ", expected " +
                 shapeText(momentShape(weight)),
             diagnostics);
    return nullptr;
  }
  return moments ? observedMoments(statistics, *moments, weight.columns, use) : nullptr;
}

} // namespace

bool useStatistics(WeightSegment &segment, const std::shared_ptr<const Checkpoint> &statistics,
                   const StatisticsUse &use, Diagnostics &diagnostics) {
  for (SegmentWeight &weight : segment.weights) {
    MomentsMaker make = usesStatistics(weight) ? momentsMaker(weight, statistics, use, diagnostics) : nullptr;
    if (diagnostics.hadError()) {
      return false;
    }
    if (!make) {
      continue;
    }
    weight.calibratedPacker = [make, type = weight.type,
                               &target = use.target](Diagnostics &errors) -> std::shared_ptr<const WeightPacker> {
      auto values = make(errors);
      return values ? target.packer(type, *values) : nullptr;
    };
    weight.calibrationBytes = momentShape(weight)[0] * momentShape(weight)[1] * sizeof(float);
  }
  return true;
}

} // namespace lapidary
