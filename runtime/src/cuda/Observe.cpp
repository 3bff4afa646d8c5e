//===- Observe.cpp - the command `observe` of GPU programs -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In place of runtime/src/cli/Observe.cpp: GPU drivers do not observe.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Commands.h"

namespace lap {

ExitCode runObserve(const Options &, Output &) {
  return complain(ExitInput, "a GPU program cannot observe its products; calibrate with a CPU program of the model");
}

} // namespace lap
