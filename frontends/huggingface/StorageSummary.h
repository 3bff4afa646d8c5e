//===- StorageSummary.h - what a checkpoint's weights are stored in ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// Widths and bytes per part of the text model, and how much of it has static ranges: what one wants to know about a
// quantized checkpoint before compiling it.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_STORAGESUMMARY_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_STORAGESUMMARY_H

#include "frontends/huggingface/RequiredTensors.h"

namespace lapidary {

struct StorageSummary {
  /// All tensors of one part with values of one width.
  struct Part {
    const char *name;                ///< "attention", "mlp", "embedding", ..
    unsigned bits = 0;               ///< 2, 4, 8; 16 and 32 are BF16 and F32
    uint64_t tensors = 0, bytes = 0; ///< scales, ranges and shapes are counted as bytes of their weight
  };
  /// `calibrated` of `all` have a range.
  struct Ranges {
    uint64_t calibrated = 0, all = 0;
  };
  std::vector<Part> parts; ///< in the order of the computation, narrow ones first
  Ranges inputs, outputs;  ///< of quantized matrices
  Ranges caches;           ///< layers that own keys and values, with ranges for both
  uint64_t bytes = 0;      ///< of all parts
};

StorageSummary summarizeStorage(const ModelConfig &config, const Checkpoint &checkpoint, const TextTensors &tensors);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_STORAGESUMMARY_H
