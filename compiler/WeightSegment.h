//===- WeightSegment.h - packing the weights into their place ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The weight segment is every kernel.packed_weight at its offset, zeros between them. It is far larger than memory, so
// it is streamed: pieces of a few MiB are read from the checkpoint, packed by the target and written to their place,
// on all cores. One more thread hashes the pieces in order; a piece's memory is free again when it is hashed, so a
// fixed number of pieces is in flight and memory stays bounded whatever the size of the model.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_WEIGHTSEGMENT_H
#define LAPIDARY_COMPILER_WEIGHTSEGMENT_H

#include "compiler/Hash.h"
#include "frontends/safetensors/Checkpoint.h"
#include "passes/TargetBackend.h"
#include "support/AtomicOutput.h"

#include <functional>

namespace lapidary {

/// How the integers of a source lie in its tensor (gemma.weight `integers`).
struct SourceIntegers {
  unsigned bits = 0;        ///< 2, 4 or 8
  bool offsetBinary = true; ///< stored value + 2^(bits - 1), first value in the lowest bits; else int8
  uint64_t rowBytes = 0;
  TensorInfo scales; ///< F32 or BF16, [rows][scalesPerRow]
  uint64_t scalesPerRow = 0;
};

/// One packed weight, ready to be streamed. Its logical rows ([rows][columns], experts flattened into rows) are made
/// of `sources`; rows that no source covers are zero.
struct SegmentWeight {
  struct Source {
    TensorInfo tensor;     ///< F32 or BF16, row-major; or integers
    uint64_t firstRow = 0; ///< logical row of its row 0
    uint64_t rows = 0;
    std::optional<SourceIntegers> integers;
  };
  /// True when the checkpoint stores the sources as integers, which are kept bit for bit.
  bool isInteger() const { return !sources.empty() && sources.front().integers; }
  std::string name;
  std::string format;  ///< "f32", "bf16", "w8", "w4", "w2"
  uint64_t offset = 0; ///< bytes from the start of the segment
  uint64_t bytes = 0;
  uint64_t rows = 0, columns = 0;
  std::vector<Source> sources;
  std::vector<float> values; ///< constants (one row) when there are no sources
  kernel::PackedType type;
  std::shared_ptr<const WeightPacker> packer;
  /// Makes the packer that uses statistics, of the same pieces; null when there are none. Costly in time and memory
  /// (calibrationBytes), so it is called when the first piece is packed.
  std::function<std::shared_ptr<const WeightPacker>(Diagnostics &)> calibratedPacker;
  uint64_t calibrationBytes = 0;
  bool gathered = false;
};

struct WeightSegment {
  std::vector<SegmentWeight> weights; ///< by rising offset, not overlapping
  uint64_t bytes = 0;                 ///< of the whole segment
  uint64_t residentBytes = 0;         ///< up to the first gathered weight
};

/// Collects the packed weights of a module after the layout phase. Reports InternalError when one of them does not
/// add up (a source that is not in the checkpoint, overlapping offsets): passes made the module, not the user.
std::optional<WeightSegment> collectWeights(mlir::ModuleOp module, const Checkpoint &checkpoint,
                                            const TargetBackend &target, Diagnostics &diagnostics);

/// Bytes that packing will hold in memory at once.
uint64_t packingMemory(const WeightSegment &segment, unsigned jobs);

/// Packs and writes the segment at `fileOffset` of `output`. `progress` is called with the bytes of each finished
/// piece, from any thread. Returns the SHA-256 of the segment. Errors: ReadFailed, DiskFull, WriteFailed.
std::optional<Sha256> writeWeights(const WeightSegment &segment, const Checkpoint &checkpoint, AtomicOutput &output,
                                   uint64_t fileOffset, unsigned jobs, const std::function<void(uint64_t)> &progress,
                                   Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_WEIGHTSEGMENT_H
