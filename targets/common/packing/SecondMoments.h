//===- SecondMoments.h - X^T X of rows that the compiler has ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What lap_observer (ProgramAbi.h) collects when a program runs, for rows of weights: the layout is the same.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_TARGETS_COMMON_PACKING_SECONDMOMENTS_H
#define LAPIDARY_TARGETS_COMMON_PACKING_SECONDMOMENTS_H

#include <cstdint>

namespace lapidary {

/// Adds `count` rows ([count][columns]) to `moments` [columns][momentStride(columns)]; `columns` is a multiple of 32.
void addMoments(const float *rows, uint64_t count, uint64_t columns, float *moments);

/// The mean of the diagonal of moments of so many columns (a multiple of 32); 0 when it is no positive number.
double meanDiagonal(const float *moments, uint64_t columns);

} // namespace lapidary

#endif // LAPIDARY_TARGETS_COMMON_PACKING_SECONDMOMENTS_H
