//===- PackedShape.h - sizes of a packed weight --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the layouts of ProgramAbi.h mean for one !kernel.packed type. Layout names:
//   tiles16        a matrix in row tiles of 16, or one such matrix per expert, each expert at a page
//   tiles16-gated  experts whose two halves of rows (gate, up) each start at a multiple of 32 rows
//   rows           a table, row after row
//   vector         float32
//   ..-signed      tiles16, tiles16-gated or rows with integers in two's complement (IntegerCode::Signed)
//   ..-bf16s       scales that the format has as int8 multiples of a step are stored as the bf16 values they are: in
//                  tables, and for targets whose products do not take steps
// Rows of matrices are padded to 32 like the columns of the activations they produce, so a product always writes whole
// padded rows.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_PACKEDSHAPE_H
#define LAPIDARY_TARGETS_COMMON_PACKING_PACKEDSHAPE_H

#include "passes/TargetBackend.h"
#include "targets/common/PackedLayout.h"

namespace lapidary {

struct PackedShape {
  lap_format format;
  IntegerCode code = IntegerCode::Offset;
  bool stepped = false; ///< scales are multiples of a step that a row has, however they are stored
  bool table = false, vector = false;
  bool stacked = false; ///< a stack of experts, even if it is only one
  uint64_t experts = 1;
  uint64_t parts = 1;    ///< stacked halves per expert
  uint64_t partRows = 0; ///< logical rows of one part
  uint64_t columns = 0;  ///< logical
  uint64_t paddedPartRows = 0, paddedColumns = 0;
  uint64_t scaleColumns = 0; ///< row formats: columns that share a scale, a multiple of 32 (all of a matrix's)
  uint64_t tileBytes = 0;    ///< one 16-row tile, or one table row
  uint64_t expertBytes = 0;  ///< one expert, page aligned; the whole matrix when there are no experts

  uint64_t totalBytes() const { return experts * expertBytes; }
};

/// ProgramAbi.h's number of the format that a weight is stored in.
lap_format storedFormat(kernel::PackedType type);

PackedShape packedShape(kernel::PackedType type);

/// What a target's kernels take.
struct PackedAbility {
  IntegerCode code = IntegerCode::Offset; ///< for all integers: one embed kernel reads matrices and tables
  bool scaleSteps = false;                ///< int8 scales in steps of their row
};

/// The layout name for a use, and the type it makes.
kernel::PackedType packedTypeFor(llvm::ArrayRef<int64_t> shape, gemma::FormatAttr format, WeightUse use,
                                 PackedAbility ability = {});

/// The driver's view of a weight; `offset` is 0.
lap_weight describePacked(kernel::PackedType type);

/// The packer for any of the layouts above; `moments` as in TargetBackend::packer.
std::unique_ptr<WeightPacker> createPacker(kernel::PackedType type, llvm::ArrayRef<float> moments = {});

/// Packers by element kind, made by createPacker.
std::unique_ptr<WeightPacker> createFloatPacker(const PackedShape &shape);
std::unique_ptr<WeightPacker> createGroupPacker(const PackedShape &shape);
std::unique_ptr<WeightPacker> createRowScalePacker(const PackedShape &shape);
std::unique_ptr<WeightPacker> createFeedbackPacker(const PackedShape &shape, llvm::ArrayRef<float> moments);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_PACKEDSHAPE_H
