//===- FormatPolicy.h - which format a group of weights gets -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The rules of quantize-weights, apart from the IR they are written into. The description of the pass
// (passes/quantization/Passes.td) states them in order.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_PASSES_QUANTIZATION_FORMATPOLICY_H
#define LAPIDARY_PASSES_QUANTIZATION_FORMATPOLICY_H

#include "passes/quantization/Passes.h"
#include "passes/quantization/WeightGroups.h"

#include "llvm/Support/GlobPattern.h"

#include <vector>

namespace lapidary {

class FormatPolicy {
public:
  /// Reads the options of the pass; reports unknown formats and malformed overrides at `module`.
  static mlir::FailureOr<FormatPolicy> create(mlir::ModuleOp module, const QuantizeWeightsOptions &options);

  /// The format of a group. Reports overrides that disagree about its weights.
  mlir::FailureOr<gemma::FormatAttr> choose(const WeightGroup &group);

  /// Reports overrides that decided nothing; call after all groups were chosen.
  mlir::LogicalResult checkOverridesUsed(mlir::ModuleOp module) const;

private:
  struct Override {
    std::string text;    ///< as the user wrote it
    std::string pattern; ///< the part before '='
    llvm::GlobPattern glob;
    gemma::FormatAttr format; ///< null: as the checkpoint has it
    bool isDefault = false;   ///< a rule of the program's format, which need not match anything
    bool decided = false;     ///< some group got its format
  };

  mlir::LogicalResult addOverride(mlir::ModuleOp module, llvm::StringRef text);
  void addMobileRules(mlir::MLIRContext *context);
  /// The rule for one weight of `group`, null when none has a say.
  Override *ruleFor(const WeightGroup &group, llvm::StringRef weight);
  Override *findOverride(llvm::StringRef weight);

  gemma::FormatAttr program;
  gemma::FormatAttr embedding;
  std::vector<Override> overrides;
  bool hasTiedHead = false; ///< among the groups chosen so far
};

} // namespace lapidary

#endif // LAPIDARY_PASSES_QUANTIZATION_FORMATPOLICY_H
