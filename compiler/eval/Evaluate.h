//===- Evaluate.h - one program against another --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs two programs of the same model over windows of a text and compares their logits row by row: what a smaller
// weight format costs, measured on the programs themselves. Each window is a sequence of its own.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_COMPILER_EVAL_EVALUATE_H
#define LAPIDARY_COMPILER_EVAL_EVALUATE_H

#include "compiler/Console.h"
#include "compiler/eval/RowMetrics.h"
#include "lapidary/ProgramAbi.h"

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace lapidary {

struct EvaluateOptions {
  std::string program, reference; ///< paths
  std::string ids, text;          ///< a file of token ids, or of text; one of them is empty
  uint64_t window = 512;          ///< tokens of a sequence
  uint64_t windows = 0;           ///< at most so many; 0: the whole input
  unsigned threads = 1;           ///< of each program; both run at the same time
};

/// What is known of a program without running it.
struct EvaluatedProgram {
  std::string path, quant;
  std::vector<char> descriptor; ///< with its blobs
  lap_program facts;            ///< its fixed part
  double bitsPerWeight = 0;     ///< of the whole segment; 0 when the manifest does not tell the parameters
};

struct Evaluation {
  EvaluatedProgram program, reference;
  EvalSummary summary;
};

/// Reports NotAProgram, ProgramsDiffer, ProgramFailed, BadOptionValue and what reading a file does.
std::optional<Evaluation> evaluate(const EvaluateOptions &options, Console &console, Diagnostics &diagnostics);

/// Whole numbers separated by white space, commas or brackets (so a JSON array too), each below `vocab`.
std::optional<std::vector<int32_t>> parseTokenIds(llvm::StringRef text, uint32_t vocab, const std::string &path,
                                                  Diagnostics &diagnostics);

} // namespace lapidary

#endif // LAPIDARY_COMPILER_EVAL_EVALUATE_H
