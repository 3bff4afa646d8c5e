//===- WarpOperations.cpp - shuffles, votes and reductions of a warp -------===//
// SPDX-License-Identifier: Apache-2.0
//
// The lanes have met (Block.cpp); one of them does the work of all. Definitions: PTX ISA 9.0, 9.7.9 "Data Movement"
// (shfl.sync) and 9.7.13 "Parallel Synchronization" (vote.sync, match.sync, redux.sync).
//===----------------------------------------------------------------------===//
#include "targets/cuda/emulator/device/Block.h"

#include <algorithm>
#include <bit>

namespace lapidary::cuda::emulator {

namespace {

enum class Shuffle { Bfly, Up, Down, Idx };

template <typename Function> void forEachLane(uint32_t mask, Function each) {
  for (; mask != 0; mask &= mask - 1) {
    each(uint32_t(std::countr_zero(mask)));
  }
}

struct Source {
  uint32_t lane;
  bool inRange;
};

/// Which lane's value `lane` gets. b: distance or index; c: clamp in bits 0..4, segment mask in bits 8..12.
Source shuffleSource(Shuffle mode, uint32_t lane, uint32_t b, uint32_t c) {
  const uint32_t segment = c >> 8 & 31, clamp = c & 31, value = b & 31;
  const int32_t maxLane = int32_t((lane & segment) | (clamp & ~segment)), minLane = int32_t(lane & segment);
  int32_t from = 0;
  switch (mode) {
  case Shuffle::Up:
    from = int32_t(lane) - int32_t(value);
    return from >= maxLane ? Source{uint32_t(from), true} : Source{lane, false};
  case Shuffle::Down:
    from = int32_t(lane + value);
    break;
  case Shuffle::Bfly:
    from = int32_t(lane ^ value);
    break;
  case Shuffle::Idx:
    from = minLane | int32_t(value & ~segment);
    break;
  }
  return from <= maxLane ? Source{uint32_t(from), true} : Source{lane, false};
}

/// Words: value, b, c. Results: value, and 1 where it came from a lane in range.
void shuffle(Block &block, Shuffle mode, uint32_t mask, bool withPredicate) {
  uint32_t values[warpLanes] = {};
  forEachLane(mask, [&](uint32_t lane) { values[lane] = block.lane(lane).words[0]; });
  forEachLane(mask, [&](uint32_t lane) {
    Thread &thread = block.lane(lane);
    const Source source = shuffleSource(mode, lane, thread.words[1], thread.words[2]);
    if (!(mask >> source.lane & 1)) {
      block.fail(thread, thread.site,
                 "shuffles from lane " + std::to_string(source.lane) + ", which is not in the mask of lanes");
    }
    thread.words[0] = values[source.lane];
    if (withPredicate) {
      thread.words[1] = source.inRange;
    }
  });
}

/// Words: a predicate.
void vote(Block &block, WarpOperation operation, uint32_t mask) {
  uint32_t ballot = 0;
  forEachLane(mask, [&](uint32_t lane) { ballot |= (block.lane(lane).words[0] & 1) << lane; });
  uint32_t result = ballot;
  if (operation == WarpOperation::VoteAll) {
    result = ballot == mask;
  } else if (operation == WarpOperation::VoteAny) {
    result = ballot != 0;
  } else if (operation == WarpOperation::VoteUniform) {
    result = ballot == 0 || ballot == mask;
  }
  forEachLane(mask, [&](uint32_t lane) { block.lane(lane).words[0] = result; });
}

/// Words: a value. Result: the lanes that have the same one.
void matchAny(Block &block, uint32_t mask) {
  uint32_t equal[warpLanes] = {};
  forEachLane(mask, [&](uint32_t lane) {
    forEachLane(mask, [&](uint32_t other) {
      equal[lane] |= uint32_t(block.lane(lane).words[0] == block.lane(other).words[0]) << other;
    });
  });
  forEachLane(mask, [&](uint32_t lane) { block.lane(lane).words[0] = equal[lane]; });
}

uint32_t combine(WarpOperation operation, uint32_t a, uint32_t b) {
  switch (operation) {
  case WarpOperation::ReduceAdd:
    return a + b;
  case WarpOperation::ReduceMin:
    return uint32_t(std::min(int32_t(a), int32_t(b)));
  case WarpOperation::ReduceMax:
    return uint32_t(std::max(int32_t(a), int32_t(b)));
  case WarpOperation::ReduceMinUnsigned:
    return std::min(a, b);
  case WarpOperation::ReduceMaxUnsigned:
    return std::max(a, b);
  case WarpOperation::ReduceAnd:
    return a & b;
  case WarpOperation::ReduceOr:
    return a | b;
  default:
    return a ^ b;
  }
}

/// Words: a value.
void reduce(Block &block, WarpOperation operation, uint32_t mask) {
  const uint32_t first = uint32_t(std::countr_zero(mask));
  uint32_t result = block.lane(first).words[0];
  forEachLane(mask & (mask - 1),
              [&](uint32_t lane) { result = combine(operation, result, block.lane(lane).words[0]); });
  forEachLane(mask, [&](uint32_t lane) { block.lane(lane).words[0] = result; });
}

} // namespace

void performWarpOperation(Block &block, WarpOperation operation, uint32_t mask) {
#define SHUFFLE(MODE)                                                                                                  \
  case WarpOperation::Shuffle##MODE##I32:                                                                              \
  case WarpOperation::Shuffle##MODE##F32:                                                                              \
    return shuffle(block, Shuffle::MODE, mask, false);                                                                 \
  case WarpOperation::Shuffle##MODE##I32P:                                                                             \
  case WarpOperation::Shuffle##MODE##F32P:                                                                             \
    return shuffle(block, Shuffle::MODE, mask, true);
  switch (operation) {
    SHUFFLE(Bfly)
    SHUFFLE(Up)
    SHUFFLE(Down)
    SHUFFLE(Idx)
  case WarpOperation::Sync:
    return;
  case WarpOperation::VoteAll:
  case WarpOperation::VoteAny:
  case WarpOperation::VoteUniform:
  case WarpOperation::VoteBallot:
    return vote(block, operation, mask);
  case WarpOperation::MatchAny:
    return matchAny(block, mask);
  default:
    break;
  }
#undef SHUFFLE
  if (operation >= WarpOperation::LdmatrixX1) {
    return loadMatrices(block, operation);
  }
  if (operation >= WarpOperation::MmaS8K32) {
    return multiply(block, operation);
  }
  reduce(block, operation, mask);
}

} // namespace lapidary::cuda::emulator
