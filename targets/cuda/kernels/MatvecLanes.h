//===- MatvecLanes.h - what a lane of a matvec reads and adds up -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A matvec reads weights once, so all it must do is keep loads of 16 bytes in flight. The unit of work is a piece of a
// tile that follows itself in memory: `lanesPerUnit` lanes read 16 bytes each. A lane always has the same rows of the
// tile, so it keeps sums for them and meets the other lanes only at the end:
//
//   f32    8 columns,  32 lanes: 4 rows of a column each        W8..  32 columns, 32 lanes: 4 columns of 4 rows
//   bf16   16 columns, 32 lanes: 8 rows of a column             W4..  32 columns, 16 lanes: 2 x 4 columns of 4 rows
//                                                               W2..  32 columns,  8 lanes: 4 x 4 columns of 4 rows
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_CUDA_KERNELS_MATVECLANES_H
#define LAPIDARY_TARGETS_CUDA_KERNELS_MATVECLANES_H

#include "targets/cuda/kernels/Product.h"

#include <memory>

namespace lapidary::cuda {

/// What a lane adds up, unit by unit; a queue (UnitQueue.h) calls it.
class UnitSums {
public:
  virtual ~UnitSums() = default;

  const unsigned unitColumns, lanesPerUnit, sumCount;

  /// A lane's part of a unit, weights and activations: what it will add.
  virtual Vals load(Val unit) = 0;
  /// Adds it to the sums, f32 or i32.
  virtual Vals add(llvm::ArrayRef<Val> loaded, llvm::ArrayRef<Val> sums) = 0;
  /// What sums start with.
  virtual Val zero() = 0;

protected:
  UnitSums(KernelBuilder &k, unsigned unitColumns, unsigned lanesPerUnit, unsigned sumCount)
      : unitColumns(unitColumns), lanesPerUnit(lanesPerUnit), sumCount(sumCount), k(k) {}

  KernelBuilder &k;
};

/// Sums are [sumsPerRow][rowsPerLane].
class MatvecLanes : public UnitSums {
public:
  /// `tile`, `input`: addresses of the tile and of the input row.
  static std::unique_ptr<MatvecLanes> create(KernelBuilder &k, const Product &product, Val tile, Val input);
  /// For formats of floats: the sums of several input rows, each added up as if it were alone. They are at `offsets`
  /// (i32, bytes: addresses of 64 bits would spill) from `input`.
  static std::unique_ptr<MatvecLanes> createFloats(KernelBuilder &k, lap_format format, Val tile, Val input,
                                                   llvm::ArrayRef<Val> offsets);

  const unsigned rowsPerLane, sumsPerRow;

protected:
  MatvecLanes(KernelBuilder &k, unsigned unitColumns, unsigned lanesPerUnit, unsigned rowsPerLane, unsigned sumsPerRow)
      : UnitSums(k, unitColumns, lanesPerUnit, rowsPerLane * sumsPerRow), rowsPerLane(rowsPerLane),
        sumsPerRow(sumsPerRow) {}
};

} // namespace lapidary::cuda

#endif // LAPIDARY_TARGETS_CUDA_KERNELS_MATVECLANES_H
