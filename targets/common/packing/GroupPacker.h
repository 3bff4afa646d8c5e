//===- GroupPacker.h - where the integers of a row go --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes through the index functions of PackedLayout.h; how a row becomes integers is the derived packer's business.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_GROUPPACKER_H
#define LAPIDARY_TARGETS_COMMON_PACKING_GROUPPACKER_H

#include "targets/common/packing/RowPacker.h"

#include <atomic>

namespace lapidary {

class GroupPacker : public RowPacker {
public:
  using RowPacker::RowPacker;

  GridGroups gridGroups() const override { return {allGroups, exactGroups}; }

  /// A checkpoint's group may be a multiple of 32 columns: its scale is then repeated. Scales must be bf16 values.
  void packIntegers(const IntegerRows &values, uint64_t row, uint64_t rows, uint8_t *out) const override;

protected:
  /// The step of a logical row's scales ([columns] values), which it places for packed row `row`; 0 where scales are
  /// any bf16 values.
  float placeStep(const float *values, uint64_t row, uint8_t *out) const;
  /// Places the 32 integers and the scale of one group of packed row `row`; `step` is the row's.
  void placeGroup(const int8_t *integers, float scale, float step, uint64_t row, uint64_t group, uint8_t *out) const;

  void packRow(const float *values, uint64_t row, uint8_t *out) const override;

private:
  mutable std::atomic<uint64_t> allGroups{0}, exactGroups{0}; ///< of 4 bits, without groups of zeros
};

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_GROUPPACKER_H
