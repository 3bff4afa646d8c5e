//===- Calibrate.h - run a model on a text and keep what its products see ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compiles a program for this machine (bf16 weights, or w8 when they would not fit into memory) into a temporary
// directory, lets it tokenize the text and observe (runtime/src/cli/Observe.cpp), and writes the statistics under the
// names of the checkpoint's tensors.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_CALIBRATE_H
#define LAPIDARY_COMPILER_CALIBRATE_H

#include "compiler/Compile.h"
#include "compiler/Inputs.h"

namespace lapidary {

/// Writes the statistics of `inputs` on the text file `text` to `output`. Reports CalibrationTextTooShort,
/// CalibrationNeedsTokenizer, CalibrationFailed, and what compiling and writing report.
bool calibrate(const Inputs &inputs, const std::string &text, const std::string &output, const CompileOptions &options,
               const Installation &installation, Console &console, Diagnostics &diagnostics);

/// The verb: reads the model first. Returns the exit code.
int calibrateModel(const CompileOptions &options, const Installation &installation, Console &console,
                   Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_CALIBRATE_H
