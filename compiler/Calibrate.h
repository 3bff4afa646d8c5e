//===- Calibrate.h - run a model on a text and keep what its products see ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compiles a program for this machine (bf16 weights, or w8 when they would not fit into memory) into a temporary
// directory, lets it tokenize the text and observe (runtime/src/cli/Observe.cpp), and writes the statistics under the
// names of the checkpoint's tensors.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_CALIBRATE_H
#define LAPIDARY_COMPILER_CALIBRATE_H

#include "compiler/Cleanup.h"
#include "compiler/Compile.h"
#include "compiler/Inputs.h"
#include "support/FileIO.h"

namespace lapidary {

/// What calibrating makes beside the statistics; it lives in a directory that goes with this.
struct CalibrationRun {
  std::string program() const { return joinPath(work.path(), "calibrate"); }
  std::string heldOutIds() const { return joinPath(work.path(), "held-out"); } ///< a file of token ids

  WorkDirectory work;
  bool holdsOut = false; ///< in: keep the end of the text away from the statistics
  uint64_t heldOut = 0;  ///< tokens; 0 also when the text was too short to spare any
  std::string quant;     ///< of the program
  uint64_t window = 0;   ///< tokens of a sequence
};

/// Writes the statistics of `inputs` on the text file `text` to `output`. Reports CalibrationTextTooShort,
/// CalibrationNeedsTokenizer, CalibrationFailed, and what compiling and writing report.
bool calibrate(const Inputs &inputs, const std::string &text, const std::string &output, const CompileOptions &options,
               const Installation &installation, CalibrationRun &run, Console &console, Diagnostics &diagnostics);

/// The verb: reads the model first. Returns the exit code.
int calibrateModel(const CompileOptions &options, const Installation &installation, Console &console,
                   Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_CALIBRATE_H
