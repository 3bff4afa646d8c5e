//===- StatisticsWriter.cpp - from a program's observations to a statistics file --===//
// SPDX-License-Identifier: Apache-2.0
//
// Moments are copied; histograms are small and made in memory: those of an output's tiles are added up to one for each
// tensor of the stack.
//===----------------------------------------------------------------------===//
#include "compiler/StatisticsWriter.h"

#include "compiler/Cleanup.h"
#include "compiler/Statistics.h"
#include "lapidary/ProgramAbi.h"
#include "support/AtomicOutput.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace lapidary {

namespace {

constexpr uint64_t copyBytes = 8u << 20;

class StatisticsWriter {
public:
  StatisticsWriter(const Checkpoint &observed, Diagnostics &diagnostics) : from(observed), diagnostics(diagnostics) {}

  bool add(const Placement &placed) {
    for (const Placement::Weight &weight : placed.weights) {
      if (!add(weight)) {
        return false;
      }
    }
    for (const auto &[offset, name] : placed.caches) {
      if (!addHistogram("k." + std::to_string(offset), 0, 1, keyPrefix + name) ||
          !addHistogram("v." + std::to_string(offset), 0, 1, valuePrefix + name)) {
        return false;
      }
    }
    return true;
  }

  bool write(const Sha256 &mark, const std::string &path) const {
    std::unique_ptr<AtomicOutput> output = AtomicOutput::create(path, 0644, diagnostics);
    if (!output) {
      return false;
    }
    RemoveOnSignal guard(output->temporaryPath());
    std::string text = header();
    uint64_t length = text.size();
    bool ok =
        output->append(&length, sizeof(length), diagnostics) && output->append(text.data(), text.size(), diagnostics);
    for (size_t i = 0; i < moments.size() && ok; ++i) {
      ok = copy(*moments[i].second, *output);
    }
    for (size_t i = 0; i < histograms.size() && ok; ++i) {
      ok = output->append(histograms[i].second.data(), LAP_RANGE_BINS * sizeof(uint64_t), diagnostics);
    }
    return ok && output->append(mark.data(), mark.size(), diagnostics) && output->commit(diagnostics);
  }

private:
  bool add(const Placement::Weight &weight) {
    std::string offset = std::to_string(weight.offset);
    const std::string &first = weight.parts.front().tensor;
    if (const TensorInfo *tensor = from.find("w." + offset)) {
      moments.emplace_back(first, tensor);
    }
    if (!addHistogram("x." + offset, 0, 1, inputPrefix + first)) {
      return false;
    }
    for (const Placement::Part &part : weight.parts) {
      uint64_t tile = part.firstRow / LAP_ROW_TILE, end = (part.firstRow + part.rows + LAP_ROW_TILE - 1) / LAP_ROW_TILE;
      if (!addHistogram("y." + offset, tile, end, outputPrefix + part.tensor)) {
        return false;
      }
    }
    return true;
  }

  /// Adds the rows [first, end) of the histograms `source` up to one that is called `name`; what no product or cache
  /// was seen to use has none. False after an error of reading.
  bool addHistogram(const std::string &source, uint64_t first, uint64_t end, std::string name) {
    const TensorInfo *tensor = from.find(source);
    if (!tensor || tensor->shape.front() < end) {
      return true;
    }
    std::vector<uint64_t> sums(LAP_RANGE_BINS);
    std::vector<uint32_t> counts(LAP_RANGE_BINS);
    uint64_t bytes = counts.size() * sizeof(uint32_t);
    for (uint64_t row = first; row < end; ++row) {
      if (!from.read(*tensor, row * bytes, counts.data(), bytes, diagnostics)) {
        return false;
      }
      for (size_t bin = 0; bin < sums.size(); ++bin) {
        sums[bin] += counts[bin];
      }
    }
    histograms.emplace_back(std::move(name), std::move(sums));
    return true;
  }

  static llvm::json::Object entry(llvm::StringRef type, llvm::ArrayRef<uint64_t> shape, uint64_t begin, uint64_t end) {
    return llvm::json::Object{
        {"dtype", type}, {"shape", llvm::json::Array(shape)}, {"data_offsets", llvm::json::Array({begin, end})}};
  }

  std::string header() const {
    llvm::json::Object tensors;
    uint64_t end = 0;
    auto add = [&](const std::string &name, llvm::StringRef type, llvm::ArrayRef<uint64_t> shape, uint64_t bytes) {
      tensors[name] = entry(type, shape, end, end + bytes);
      end += bytes;
    };
    for (const auto &[name, tensor] : moments) {
      add(name, "F32", tensor->shape, tensor->end - tensor->begin);
    }
    for (const auto &[name, counts] : histograms) {
      add(name, "U64", {counts.size()}, counts.size() * sizeof(uint64_t));
    }
    add(fingerprintName, "U8", {sizeof(Sha256)}, sizeof(Sha256));
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(std::move(tensors));
    text.resize(text.size() + (8 - text.size() % 8) % 8, ' '); // values start at a multiple of 8
    return text;
  }

  bool copy(const TensorInfo &tensor, AtomicOutput &output) const {
    std::vector<char> piece;
    uint64_t bytes = tensor.end - tensor.begin;
    for (uint64_t done = 0; done < bytes; done += piece.size()) {
      piece.resize(std::min(copyBytes, bytes - done));
      if (!from.read(tensor, done, piece.data(), piece.size(), diagnostics) ||
          !output.append(piece.data(), piece.size(), diagnostics)) {
        return false;
      }
    }
    return true;
  }

  const Checkpoint &from;
  Diagnostics &diagnostics;
  std::vector<std::pair<std::string, const TensorInfo *>> moments;
  std::vector<std::pair<std::string, std::vector<uint64_t>>> histograms;
};

} // namespace

bool writeStatistics(const Checkpoint &observed, const Placement &placed, const Sha256 &mark, const std::string &path,
                     Diagnostics &diagnostics) {
  StatisticsWriter writer(observed, diagnostics);
  return writer.add(placed) && writer.write(mark, path);
}

} // namespace lapidary
