//===- StatisticLayout.h - pass statistics as the MLIR library lays them out ---===//
// SPDX-License-Identifier: Apache-2.0
//
// llvm::Statistic is one of two classes, chosen by NDEBUG in the header and by the way LLVM was built in the library
// that constructs them (mlir::Pass::Statistic). A build with assertions against a release LLVM, such as Debian's,
// would read members that nobody has initialised. passes/CMakeLists.txt includes this file in front of every pass when
// the library has no statistics; they then count nothing, and --mlir-pass-statistics prints nothing.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_STATISTICLAYOUT_H
#define LAPIDARY_PASSES_STATISTICLAYOUT_H

#ifdef NDEBUG
#include "llvm/ADT/Statistic.h"
#else
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif

#endif // LAPIDARY_PASSES_STATISTICLAYOUT_H
