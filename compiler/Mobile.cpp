//===- Mobile.cpp - the mobile form of a plain checkpoint ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The cost is measured on programs and not on the module: it is that of the kernels too.
//===----------------------------------------------------------------------===//
#include "compiler/Mobile.h"

#include "compiler/eval/Evaluate.h"
#include "support/Quote.h"

#include "llvm/Support/FormatVariadic.h"

namespace lapidary {

bool checkMobile(const CompileOptions &options, const Inputs &inputs, Diagnostics &diagnostics) {
  if (inputs.tensors.anyQuantized()) {
    return diagnostics.error(ErrorCode::BadOptionValue,
                             std::string("--quant=mobile: the checkpoint is quantized already (") +
                                 inputs.config.quantization->methodName() + ")",
                             options.model, "compile it without --quant; its own integers and ranges are kept");
  }
  return !options.calibrate.empty() || !options.calibration.empty() ||
         diagnostics.error(ErrorCode::MissingArgument,
                           "--quant=mobile needs static ranges, which only a run of the model can tell", "",
                           "add --calibrate=TEXT, with some pages of text like the text the program will read and "
                           "write, or --calibration=STATS");
}

bool reportCost(const CompileOptions &options, const CalibrationRun &run, Console &console, Diagnostics &diagnostics) {
  if (options.target != "native" || options.emit != EmitKind::Binary) {
    console.line("cost", "not measured: the program does not run here as it is; use lapidary eval");
    return true;
  }
  if (run.heldOut == 0) {
    console.line("cost", "not measured: " + options.calibrate + " is too short to hold " + countText(run.window) +
                             " tokens out of it; use lapidary eval");
    return true;
  }
  EvaluateOptions evaluation;
  evaluation.program = options.output;
  evaluation.reference = run.program();
  evaluation.ids = run.heldOutIds();
  evaluation.window = std::min<uint64_t>(run.window, options.context ? options.context : run.window);
  evaluation.threads = std::max(1u, options.jobs / 2); // both run at once
  std::optional<Evaluation> result = evaluate(evaluation, console, diagnostics);
  if (!result) {
    return false;
  }
  const EvalSummary &cost = result->summary;
  console.line("cost",
               llvm::formatv("against {0} weights: mean KL {1:f5} nats, top-1 {2:f2} % agree, perplexity {3:f4} "
                             "times ({4:f2} from {5:f2})",
                             run.quant, cost.mean, 100 * cost.agreement, cost.ratio(), cost.perplexity,
                             cost.referencePerplexity)
                   .str());
  console.line("cost", "measured on the last " + countText(run.heldOut) + " tokens of " + options.calibrate +
                           ", which calibration did not see; other text may cost more or less");
  return true;
}

} // namespace lapidary
