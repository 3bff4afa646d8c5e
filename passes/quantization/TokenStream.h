//===- TokenStream.h - what reads the rows of the token table ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A looked-up row is where the residual stream begins, so its rounding errors are seen by every product that reads the
// stream. Calibration asks which these are: a token table that is also the output head is rounded for both of its uses
// (compiler/LookupMoments.h).
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_TOKENSTREAM_H
#define LAPIDARY_PASSES_QUANTIZATION_TOKENSTREAM_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace lapidary {

/// Products of one value: of the stream behind a norm, or of the stream itself.
struct StreamReading {
  std::string norm;                 ///< symbol of the norm's weight; "": no norm, or one without a weight
  std::vector<std::string> weights; ///< symbols; of experts the first matrices
  unsigned branches;                ///< that were added to the stream before this reading
};

struct TokenStream {
  std::string table; ///< symbol of the token table; "": the module has none
  std::vector<StreamReading> readings;
};

/// Follows the stream of @score, as the importer writes it (no fused ops yet). The output head is not listed, and
/// neither are weights that the checkpoint stores as integers.
TokenStream findTokenStream(mlir::ModuleOp module);

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_TOKENSTREAM_H
