//===- IntegerWeights.h - the integers in a tile's words ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A stretch is 32 columns of a tile of 16 rows: `blocks` times 16 words, a word for a row, with 4 columns in each of
// `fields` fields (runtime/include/lapidary/ProgramAbi.h). A field becomes four signed bytes at `factor` times the
// integers' value by one shift and one `and`, the upper field by an `and` alone: integers are put at the top of their
// bytes, where two's complement of any width has its sign. Integers of 2 bits are stored with their offset; turning the
// upper bit makes them two's complement, and ptxas makes one LOP3 of that and the `and`.
//
// In group formats, the scales of a stretch's 16 rows are in front of its integers: bf16, or int8 in steps of their
// row, which are in front of the tile's first stretch. Kernels add up in steps and multiply totals by them: a step is a
// power of two, so that is exact.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_INTEGERWEIGHTS_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_INTEGERWEIGHTS_H

#include "targets/common/PackedLayout.h"
#include "targets/cuda/kernels/KernelBuilder.h"

namespace lapidary::cuda {

struct IntegerWeights {
  explicit IntegerWeights(lap_format format);

  lap_format format;
  unsigned bits, fields;
  unsigned factor;       ///< a power of two
  unsigned blocks;       ///< of a stretch
  unsigned stretchBytes; ///< from one stretch of a tile to the next
  unsigned scaleBytes;   ///< of a group's scale in a row; 0 in row formats
  unsigned firstScale;   ///< of the first stretch's scales in a tile (row formats: of the rows' scales)
  unsigned firstByte;    ///< of the first stretch's integers in a tile

  /// The integers of a field of a word (i32 both).
  Val integers(KernelBuilder &k, Val word, unsigned field) const;
  /// The same for a field that is chosen at run time: fieldShift tells how far its integers are from their bytes' top.
  Val integersAt(KernelBuilder &k, Val word, Val shift) const;
  Val fieldShift(Val field) const;
  /// The quad of columns (4 q .. 4 q + 3 of the stretch) that a field of a block's words has.
  Val quad(Val block, unsigned field) const;
  /// Whether the quads of a block's fields are neighbours.
  bool quadsAreNeighbours() const { return !isGrouped(format) || fields == 1; }
  /// Scale `index` of the groups' that a word (i32) has, f32; in steps of its row where the format has these.
  Val groupScale(KernelBuilder &k, Val word, unsigned index) const;

private:
  /// Integers at the top of a word's bytes as signed bytes.
  Val atTop(KernelBuilder &k, Val word) const;
};

/// The step (f32) of row `row` of a tile, an address (hasScaleSteps).
Val scaleStep(KernelBuilder &k, Val tile, Val row);

/// A dot product of integers as a float, without a conversion: sums start at `sumStart`, whose bits read as a float are
/// 1.5 * 2^23, and adding whole numbers below 2^22 to it is adding them to the float. A conversion has a quarter of an
/// addition's throughput on the devices of 2020.
Val sumStart(KernelBuilder &k);
Val sumAsFloat(KernelBuilder &k, Val sum);

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_INTEGERWEIGHTS_H
