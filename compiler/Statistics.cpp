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

/// What was observed at the product with a weight of `columns`; if its rows are looked up, too, also what for.
MomentsMaker observedMoments(const std::shared_ptr<const Checkpoint> &statistics, const TensorInfo &moments,
                             uint64_t columns, bool isLookedUp, const StatisticsUse &use) {
  return [statistics, &moments, columns, isLookedUp, use](Diagnostics &errors) -> std::optional<std::vector<float>> {
    std::vector<float> values(moments.elements());
    if (!statistics->read(moments, 0, values.data(), values.size() * sizeof(float), errors)) {
      return std::nullopt;
    }
    if (isLookedUp) {
      auto lookups = lookupMoments(use.tables.stream, columns, use.model, errors);
      if (!lookups) {
        return std::nullopt;
      }
      addLookups(values, *lookups, columns);
    }
    return values;
  };
}

/// Of tables that no product reads; null for one that is neither of those that are known.
MomentsMaker tableMoments(const std::string &name, const std::shared_ptr<const Checkpoint> &statistics,
                          uint64_t columns, const StatisticsUse &use) {
  if (name == use.tables.perLayer.table) {
    return [statistics, columns, use](Diagnostics &errors) {
      return perLayerMoments(use.tables.perLayer, columns, use.model, *statistics, errors);
    };
  }
  if (name == use.tables.stream.table) {
    return [columns, use](Diagnostics &errors) { return lookupMoments(use.tables.stream, columns, use.model, errors); };
  }
  return nullptr;
}

/// True when the token table is a matrix of its own, so that rows of the output head are not looked up.
bool hasTableOfItsOwn(const WeightSegment &segment, const std::string &table) {
  return llvm::any_of(segment.weights, [&](const SegmentWeight &weight) {
    return weight.gathered && !weight.sources.empty() && weight.sources.front().tensor.name == table;
  });
}

/// The maker for `weight`, null when nothing is known about it. Reports StatisticsMismatch.
MomentsMaker momentsMaker(const SegmentWeight &weight, const WeightSegment &segment,
                          const std::shared_ptr<const Checkpoint> &statistics, const StatisticsUse &use,
                          Diagnostics &diagnostics) {
  const std::string &name = weight.sources.front().tensor.name;
  if (weight.gathered) {
    return tableMoments(name, statistics, weight.columns, use);
  }
  const TensorInfo *moments = statistics->find(name);
  if (moments && (moments->dtype != DType::F32 || moments->shape != momentShape(weight))) {
    mismatch(statistics->directory(),
             "the moments of " + quoted(moments->name) + " are " + shapeText(moments->shape) + ", expected " +
                 shapeText(momentShape(weight)),
             diagnostics);
    return nullptr;
  }
  bool isLookedUp = name == use.tables.stream.table && !hasTableOfItsOwn(segment, name);
  return moments ? observedMoments(statistics, *moments, weight.columns, isLookedUp, use) : nullptr;
}

} // namespace

bool useStatistics(WeightSegment &segment, const std::shared_ptr<const Checkpoint> &statistics,
                   const StatisticsUse &use, Diagnostics &diagnostics) {
  for (SegmentWeight &weight : segment.weights) {
    MomentsMaker make = usesStatistics(weight) ? momentsMaker(weight, segment, statistics, use, diagnostics) : nullptr;
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
