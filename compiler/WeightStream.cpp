//===- WeightStream.cpp - read, pack, write and hash in one pipeline -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Workers take batches in order and fill slots of a ring; the sink writes and hashes the slots in the same order. A
// worker waits when the ring is full, the sink when the next slot is not ready. Which worker packs a batch does not
// change its bytes, so the output is the same for every number of threads.
//===----------------------------------------------------------------------===//
#include "compiler/WeightRows.h"

#include "lapidary/ProgramAbi.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

namespace lapidary {

namespace {

constexpr uint64_t mostBatchBytes = 8u << 20; ///< float32 values of one batch, unless one piece is larger
constexpr uint64_t allBatchBytes = 64u << 20; ///< of the batches of all workers; about four times that is in use

/// Consecutive pieces of one weight.
struct Batch : WeightRange {
  uint64_t offset, bytes; ///< in the segment
};

constexpr uint64_t chunkBytes = 4 * uint64_t(LAP_HUGE_PAGE); ///< written at once

unsigned ringSize(unsigned jobs) { return jobs + 2; }

std::vector<Batch> batchesOf(const WeightSegment &segment, unsigned jobs) {
  uint64_t batchBytes = std::min(mostBatchBytes, allBatchBytes / jobs);
  std::vector<Batch> batches;
  for (const SegmentWeight &weight : segment.weights) {
    uint64_t step = std::max<uint64_t>(1, weight.packer->rowsPerPiece());
    uint64_t pieces = std::max<uint64_t>(1, batchBytes / (step * weight.columns * sizeof(float)));
    uint64_t offset = weight.offset;
    for (uint64_t row = 0; row < weight.rows;) {
      Batch batch{{&weight, row, 0}, offset, 0};
      for (uint64_t piece = 0; piece < pieces && row < weight.rows; ++piece, row += step) {
        batch.bytes += weight.packer->pieceBytes(row);
        batch.rows = std::min(row + step, weight.rows) - batch.row;
      }
      offset += batch.bytes;
      batches.push_back(batch);
    }
  }
  return batches;
}

/// Per worker, reused from batch to batch.
struct Scratch {
  WeightRows rows;
  // The weight packed last and its packer: holding it keeps the factors from being made again for the next batch.
  const SegmentWeight *weight = nullptr;
  std::shared_ptr<const WeightPacker> packer;
};

/// Packers that use statistics, shared by the workers that pack the same weight.
class Packers {
public:
  /// Fills scratch.packer for `weight`. One worker makes it while the others that need it wait.
  bool prepare(const SegmentWeight &weight, Scratch &scratch, Diagnostics &diagnostics) {
    if (scratch.weight == &weight) {
      return true;
    }
    scratch.weight = nullptr;
    scratch.packer = weight.packer;
    if (weight.calibratedPacker) {
      scratch.packer.reset();
      std::lock_guard<std::mutex> lock(mutex);
      std::weak_ptr<const WeightPacker> &shared = made[&weight];
      scratch.packer = shared.lock();
      if (!scratch.packer && !(scratch.packer = weight.calibratedPacker(diagnostics))) {
        return false;
      }
      shared = scratch.packer;
    }
    scratch.weight = &weight;
    return true;
  }

private:
  std::mutex mutex;
  std::map<const SegmentWeight *, std::weak_ptr<const WeightPacker>> made;
};

/// Hashes the segment and writes it in whole chunks at their multiples: so the page cache holds the file in huge pages
/// (runtime/src/WeightMap.cpp).
class SegmentWriter {
public:
  SegmentWriter(AtomicOutput &output, uint64_t fileOffset, Diagnostics &diagnostics)
      : output(output), fileOffset(fileOffset), diagnostics(diagnostics) {
    chunk.reserve(chunkBytes);
  }

  bool put(llvm::ArrayRef<uint8_t> bytes) {
    hash.update(bytes);
    while (!bytes.empty()) {
      size_t some = std::min<size_t>(bytes.size(), chunkBytes - chunk.size());
      chunk.insert(chunk.end(), bytes.begin(), bytes.begin() + some);
      bytes = bytes.drop_front(some);
      end += some;
      if (chunk.size() == chunkBytes && !flush()) {
        return false;
      }
    }
    return true;
  }

  /// Zeros up to `offset` of the segment.
  bool fillTo(uint64_t offset) {
    static const std::vector<uint8_t> zeros(LAP_SEGMENT_ALIGN);
    while (end < offset) {
      if (!put(llvm::ArrayRef(zeros).take_front(std::min<uint64_t>(zeros.size(), offset - end)))) {
        return false;
      }
    }
    return true;
  }

  std::optional<Sha256> finish() { return flush() ? std::optional(hash.finish()) : std::nullopt; }

private:
  bool flush() {
    bool ok = output.write(fileOffset + end - chunk.size(), chunk.data(), chunk.size(), diagnostics);
    chunk.clear();
    return ok;
  }

  AtomicOutput &output;
  uint64_t fileOffset;
  Diagnostics &diagnostics;
  Sha256Stream hash;
  std::vector<uint8_t> chunk;
  uint64_t end = 0; ///< of what was put
};

class Pipeline {
public:
  Pipeline(const WeightSegment &segment, const Checkpoint &checkpoint, unsigned jobs)
      : checkpoint(checkpoint), batches(batchesOf(segment, jobs)), ring(ringSize(jobs)) {}

  void work();
  std::optional<Sha256> drain(AtomicOutput &output, uint64_t fileOffset, uint64_t segmentBytes,
                              const std::function<void(uint64_t)> &progress, Diagnostics &diagnostics);
  /// Errors of the workers, to be reported after they have been joined.
  Diagnostics errors;

private:
  struct Slot {
    std::vector<uint8_t> bytes;
    bool ready = false;
  };

  std::optional<size_t> take();
  void finish(size_t index, bool ok);
  void stop();

  const Checkpoint &checkpoint;
  Packers packers;
  std::vector<Batch> batches;
  std::vector<Slot> ring;
  std::mutex mutex;
  std::condition_variable changed;
  size_t next = 0, drained = 0;
  bool failed = false;
};

std::optional<size_t> Pipeline::take() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return failed || next == batches.size() || next < drained + ring.size(); });
  if (failed || next == batches.size()) {
    return std::nullopt;
  }
  return next++;
}

void Pipeline::finish(size_t index, bool ok) {
  std::lock_guard<std::mutex> lock(mutex);
  ring[index % ring.size()].ready = ok;
  failed |= !ok;
  changed.notify_all();
}

void Pipeline::stop() {
  std::lock_guard<std::mutex> lock(mutex);
  failed = true;
  changed.notify_all();
}

void Pipeline::work() {
  Scratch scratch;
  while (std::optional<size_t> index = take()) {
    Diagnostics local;
    bool ok = packers.prepare(*batches[*index].weight, scratch, local) &&
              readRows(batches[*index], checkpoint, scratch.rows, local);
    if (ok) {
      std::vector<uint8_t> &packed = ring[*index % ring.size()].bytes;
      packed.assign(batches[*index].bytes, 0);
      packRows(batches[*index], scratch.rows, *scratch.packer, packed);
    } else {
      std::lock_guard<std::mutex> lock(mutex);
      const Diagnostic &first = local.all().front();
      errors.error(first.code, first.message, first.where, first.help);
    }
    finish(*index, ok);
  }
}

std::optional<Sha256> Pipeline::drain(AtomicOutput &output, uint64_t fileOffset, uint64_t segmentBytes,
                                      const std::function<void(uint64_t)> &progress, Diagnostics &diagnostics) {
  SegmentWriter writer(output, fileOffset, diagnostics);
  for (size_t index = 0; index < batches.size(); ++index) {
    Slot &slot = ring[index % ring.size()];
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return failed || slot.ready; });
      if (failed) {
        return std::nullopt;
      }
    }
    if (!writer.fillTo(batches[index].offset) || !writer.put(slot.bytes)) {
      stop();
      return std::nullopt;
    }
    progress(slot.bytes.size());
    std::lock_guard<std::mutex> lock(mutex);
    slot.ready = false;
    ++drained;
    changed.notify_all();
  }
  return writer.fillTo(segmentBytes) ? writer.finish() : std::nullopt;
}

} // namespace

uint64_t packingMemory(const WeightSegment &segment, unsigned jobs) {
  uint64_t values = 0, packed = 0, factors = 0;
  for (const SegmentWeight &weight : segment.weights) {
    factors = std::max(factors, 3 * weight.calibrationBytes); // moments, and the two forms that the packer keeps
  }
  for (const Batch &batch : batchesOf(segment, jobs)) {
    values = std::max(values, batch.rows * batch.weight->columns * uint64_t(sizeof(float)));
    packed = std::max(packed, batch.bytes);
  }
  return jobs * (2 * values + factors) + ringSize(jobs) * packed + chunkBytes;
}

std::optional<Sha256> writeWeights(const WeightSegment &segment, const Checkpoint &checkpoint, AtomicOutput &output,
                                   uint64_t fileOffset, unsigned jobs, const std::function<void(uint64_t)> &progress,
                                   Diagnostics &diagnostics) {
  Pipeline pipeline(segment, checkpoint, jobs);
  std::vector<std::thread> workers;
  workers.reserve(jobs);
  for (unsigned job = 0; job < jobs; ++job) {
    workers.emplace_back([&pipeline] { pipeline.work(); });
  }
  std::optional<Sha256> hash = pipeline.drain(output, fileOffset, segment.bytes, progress, diagnostics);
  for (std::thread &worker : workers) {
    worker.join();
  }
  for (const Diagnostic &error : pipeline.errors.all()) {
    diagnostics.error(error.code, error.message, error.where, error.help);
  }
  return hash;
}

} // namespace lapidary
